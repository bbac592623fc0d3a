"""Media types: Debian's whole table, nginx's whole table, and today's web."""

import gzip
import re
from pathlib import Path

import pytest
from packs import field_of, packed, write_site

from tools.site import media_types
from tools.site import pack_format as layout
from tools.site.media_types import content_type, media_type, read_table, write_table

# Where nginx 1.22's table says otherwise: the endings, what is said here, and why.
UNLIKE_NGINX = {
    "js": ("text/javascript", "RFC 9239"),
    "xml": ("application/xml", "RFC 7303, 9.1: text/xml is an alias"),
    "bmp": ("image/bmp", "RFC 7903"),
    "mml": ("application/mathml+xml", "W3C MathML 3, B: what browsers draw"),
    "m4a": ("audio/mp4", "RFC 4337"),
    "m4v": ("video/mp4", "RFC 4337"),
    "pem": ("application/pem-certificate-chain", "RFC 8555, 9.1"),
    "rar": ("application/vnd.rar", "registered with IANA"),
    "swf": ("application/vnd.adobe.flash.movie", "registered with IANA"),
    "deb": ("application/vnd.debian.binary-package", "registered with IANA"),
    "pdb": ("application/vnd.palm", "registered with IANA"),
    "prc": ("model/prc", "registered with IANA"),
    "ra": ("audio/x-pn-realaudio", "its player's own name for it"),
    "pl pm": ("text/x-perl", "a source to read"),
    "tk": ("text/x-tcl", "a source to read"),
    "exe dll": ("application/x-msdos-program", "better than anything at all"),
    "dmg": ("application/x-apple-diskimage", "better than anything at all"),
    "iso": ("application/x-iso9660-image", "better than anything at all"),
    "msi": ("application/x-msi", "better than anything at all"),
}


def nginx_table() -> dict[str, str]:
    text = Path("/etc/nginx/mime.types").read_text()
    types = re.findall(r"^\s+([\w./+-]+)\s+([^;{]+);", text, re.M)
    return {ending: media for media, endings in types for ending in endings.split()}


def test_the_kept_table_is_debian_s() -> None:
    """Release 10.0.0 of media-types, in Debian 12; the module's head tells how to renew it."""
    kept = Path(media_types.__file__).with_name("mime.types").read_text()
    debian = read_table(Path("/etc/mime.types").read_text().splitlines())
    assert kept == write_table(debian)
    ours = read_table(media_types._TODAY.splitlines())
    assert [ending for ending in ours if debian.get(ending) == ours[ending]] == []


def test_nginx_s_whole_table() -> None:
    theirs = nginx_table()
    assert len(theirs) >= 110
    reasons = {ending: media for endings, (media, _) in UNLIKE_NGINX.items()
               for ending in endings.split()}
    assert reasons.keys() <= theirs.keys()
    for ending, media in theirs.items():
        assert media_type(f"a.{ending}") == reasons.get(ending, media), ending
    assert all(theirs[ending] != media for ending, media in reasons.items())


@pytest.mark.parametrize(("endings", "media"), [
    ("apk", "application/vnd.android.package-archive"), ("ics", "text/calendar"),
    ("epub", "application/epub+zip"), ("mkv", "video/x-matroska"), ("mpd", "application/dash+xml"),
    ("usdz", "model/vnd.usdz+zip"), ("3gp 3gpp", "video/3gpp"), ("m4s", "video/iso.segment"),
    ("m3u8", "application/vnd.apple.mpegurl"), ("ts m2ts", "video/mp2t"),
    ("cjs", "text/javascript"), ("odt", "application/vnd.oasis.opendocument.text"),
    ("stl", "model/stl"), ("ipynb", "application/x-ipynb+json"), ("jsonl", "application/x-ndjson"),
    ("vcf", "text/vcard"), ("ttf", "font/ttf"), ("heic", "image/heic"), ("jxl", "image/jxl"),
    ("map har", "application/json"), ("yaml yml", "application/yaml"), ("rs log", "text/plain")])
def test_what_nginx_has_not(endings: str, media: str) -> None:
    assert {media_type(f"a.{ending}") for ending in endings.split()} == {media}


@pytest.mark.parametrize("name, expected", [
    ("a.html", "text/html; charset=utf-8"),
    ("a.HTM", "text/html; charset=utf-8"),
    ("a.css", "text/css; charset=utf-8"),
    ("a.js", "text/javascript; charset=utf-8"),
    ("a.mjs", "text/javascript; charset=utf-8"),
    ("a.json", "application/json"),
    ("a.webmanifest", "application/manifest+json"),
    ("a.svg", "image/svg+xml; charset=utf-8"),
    ("a.xml", "application/xml; charset=utf-8"),
    ("a.md", "text/markdown; charset=utf-8"),
    ("a.wasm", "application/wasm"),
    ("a.woff2", "font/woff2"),
    ("a.webp", "image/webp"),
    ("a.avif", "image/avif"),
    ("a.png", "image/png"),
    ("a.ico", "image/x-icon"),
    ("a.mp4", "video/mp4"),
    ("a.webm", "video/webm"),
    ("a.pdf", "application/pdf"),
    ("a.tar.gz", "application/gzip"),
    ("README", "application/octet-stream"),
    (".html", "text/html; charset=utf-8"),
    ("a.unheard-of", "application/octet-stream"),
])
def test_types_and_charsets(name: str, expected: str) -> None:
    assert content_type(name, utf8=True) == expected


def test_the_first_type_named_counts() -> None:
    assert read_table(["# a comment", "", "text/a  A b # c", "text/c b c", "text/none"]) == {
        "a": "text/a", "b": "text/a", "c": "text/c"}


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 40


def test_svgz_is_sent_as_it_is_stored(tmp_path: Path) -> None:
    """Browsers draw SVG in gzip only when told of the coding; nginx's users find theirs blank."""
    stored = gzip.compress(SVG, mtime=0)
    pack = packed(write_site(tmp_path / "site", {
        "a.svgz": stored, "plain.svgz": SVG, "a.svg.gz": stored, "A.SVGZ": stored}))
    for path in ("/a.svgz", "/A.SVGZ"):
        assert pack.body(path) == stored and pack.codings(path) == [layout.IDENTITY]
        assert pack.parts_of(pack.record(path))[1] == (
            b"Content-Encoding: gzip\r\nContent-Type: image/svg+xml\r\n")
        assert pack.field(path, "Vary") is None
    assert pack.field("/plain.svgz", "Content-Encoding") is None
    assert layout.GZIP in pack.codings("/plain.svgz")
    assert field_of(pack.head("/a.svg.gz"), "Content-Type") == "application/gzip"
    assert pack.field("/a.svg.gz", "Content-Encoding") is None
