"""Compressed variants: which are made and kept, what they hold, and that they stay the same."""

import gzip
import os
import random
import re
import subprocess
from pathlib import Path

import pytest
from packs import Pack, packed, refusal, write_site

from tools.base import setup
from tools.site import compress
from tools.site import pack_format as layout
from tools.site.compress import is_compressible, is_worth_it
from tools.site.config import parse_settings
from tools.site.contents import read_content
from tools.site.pack import pack_site
from tools.site.settings import Settings

PAGE = "".join(f"<p>Paragraph {number} of a page that holds what compresses.\n"
               for number in range(40))
ALL = [layout.IDENTITY, layout.GZIP, layout.BROTLI, layout.ZSTD]


def decoded(data: bytes, coding: int) -> bytes:
    if coding == layout.GZIP:
        return gzip.decompress(data)
    tool = {layout.BROTLI: "brotli", layout.ZSTD: "zstd"}[coding]
    return subprocess.run([tool, "-dc"], input=data, capture_output=True, check=True,
                          timeout=60).stdout


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site", {"index.html": PAGE, "404.html": PAGE + "missing"})


def test_variants_hold_the_file(site: Path) -> None:
    pack = packed(site)
    codings = pack.codings("/")
    assert codings[0] == layout.IDENTITY and sorted(codings) == ALL
    sizes = [pack.record("/", coding)[1] for coding in codings[1:]]
    assert sizes == sorted(sizes) and sizes[-1] < len(PAGE)
    for coding in codings[1:]:
        assert decoded(pack.body("/", coding), coding) == PAGE.encode()


def test_variants_say_what_they_are(site: Path) -> None:
    pack = packed(site)
    tags = set()
    for coding, name in ((layout.GZIP, "gzip"), (layout.BROTLI, "br"), (layout.ZSTD, "zstd")):
        record = pack.record("/", coding)
        common, kind, rest = pack.parts_of(record)
        assert kind == (f"Content-Encoding: {name}\r\n"
                        "Content-Type: text/html; charset=utf-8\r\n").encode()
        assert rest == f"Content-Length: {record[1]}\r\n\r\n".encode()
        assert b"\r\nVary: Accept-Encoding\r\nAccept-Ranges: bytes\r\n" in common
        tag = pack.text(record[0] + record[5], record[6])
        assert tag.endswith(f'-{name}"'.encode()) and common.startswith(b"ETag: " + tag + b"\r\n")
        tags.add(tag)
    assert pack.field("/", "Vary") == "Accept-Encoding"
    assert pack.field("/", "Content-Encoding") is None
    assert pack.field("/", "ETag").encode() not in tags and len(tags) == 3


def test_what_gains_nothing_is_left_alone(site: Path) -> None:
    noise = random.Random(7).randbytes(5000)
    write_site(site, {"small.html": PAGE[:compress.MIN_FILE_BYTES - 1], "photo.jpg": PAGE,
                      "font.woff2": PAGE, "what": PAGE, "noise.txt": noise})
    pack = packed(site)
    for path in ("/small.html", "/photo.jpg", "/font.woff2", "/what", "/noise.txt"):
        assert pack.codings(path) == [layout.IDENTITY], path
        assert pack.field(path, "Vary") is None


def test_error_pages_and_redirects_have_no_variants(site: Path) -> None:
    write_site(site, {"guide/index.html": PAGE})
    pack = packed(site)
    assert pack.body_of(pack.error(404)) == (PAGE + "missing").encode()
    assert pack.codings("/guide") == [layout.IDENTITY]


def test_only_the_codings_asked_for(site: Path) -> None:
    assert packed(site, Settings(compress=(layout.GZIP,))).codings("/") == [0, layout.GZIP]
    pack = packed(site, Settings(compress=()))
    assert pack.codings("/") == [layout.IDENTITY] and pack.field("/", "Vary") is None


def test_windows_of_large_files_are_those_that_every_client_takes(site: Path) -> None:
    large = "".join(f"line {number}\n" for number in range(800_000))
    assert len(large) > 8 << 20
    write_site(site, {"large.txt": large})
    pack = packed(site)
    (site.parent / "large.zst").write_bytes(pack.body("/large.txt", layout.ZSTD))
    shown = subprocess.run(["zstd", "-lv", site.parent / "large.zst"], text=True,
                           capture_output=True, check=True, timeout=60).stdout
    assert 0 < int(re.search(r"Window Size: .*\((\d+) B\)", shown)[1]) <= 8 << 20
    for coding in pack.codings("/large.txt")[1:]:
        assert decoded(pack.body("/large.txt", coding), coding) == large.encode()


@pytest.mark.parametrize(("size", "identity", "worth"), [
    (936, 1000, True), (937, 1000, False), (9500, 10000, True), (9501, 10000, False),
    (0, 63, False), (1100, 1000, False)])
def test_five_per_cent_and_64_bytes(size: int, identity: int, worth: bool) -> None:
    assert is_worth_it(size, identity) is worth


@pytest.mark.parametrize(("media", "gains"), [
    ("text/html; charset=utf-8", True), ("Text/CSS", True), ("application/json", True),
    ("application/ld+json", True), ("image/svg+xml; charset=utf-8", True), ("font/ttf", True),
    ("application/wasm", True), ("image/x-icon", True), ("image/bmp", True), ("font/otf", True),
    ("image/png", False), ("font/woff2", False), ("video/mp4", False), ("application/zip", False),
    ("application/gzip", False), ("application/octet-stream", False),
    ("application/pdf", False)])
def test_types_that_gain(media: str, gains: bool) -> None:
    assert is_compressible(media) is gains


def test_same_bytes_however_many_cores(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_site(site, {f"page-{number}.html": PAGE * number for number in range(1, 9)})
    first = packed(site).data
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    assert packed(site).data == first
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)))
    assert packed(site).data == first


def test_the_same_content_is_compressed_once(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_site(site, {"again.html": PAGE, "again.txt": PAGE})
    runs = []
    make = compress.Compressor._make

    def counting(self: compress.Compressor, one: compress.Candidate, coding: int) -> None:
        runs.append((one.content.digest, coding))
        make(self, one, coding)
    monkeypatch.setattr(compress.Compressor, "_make", counting)
    pack = packed(site)
    assert len(runs) == len(set(runs)) == 6
    assert pack.body("/again.txt", layout.ZSTD) == pack.body("/", layout.ZSTD)


def test_a_missing_tool_is_told_with_its_remedy(site: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "present", lambda sign: sign != "brotli")
    message = refusal(site)
    assert '"br"' in message and "zstd" not in message
    assert "apt-get install -y --no-install-recommends brotli" in message
    packed(site, Settings(compress=(layout.GZIP, layout.ZSTD)))


def test_needs_are_those_of_the_codings() -> None:
    assert compress.needs(Settings().compress) == {"brotli": "brotli", "zstd": "zstd"}
    assert compress.needs([layout.GZIP]) == {}


@pytest.mark.parametrize("words", ["corrupt input", ""])
def test_a_tool_that_fails_is_told(site: Path, words: str, tmp_path: Path,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "zstd").write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 3\n")
    (tmp_path / "zstd").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(RuntimeError, match=f"zstd failed: {words or 3}$"):
        packed(site)
    assert not (tmp_path / "site.pack").exists()


def test_a_full_disk_is_told_with_its_remedy(site: Path) -> None:
    content = read_content(site / "index.html", 0)
    with open("/dev/full", "wb", buffering=0) as store:
        compressor = compress.Compressor([layout.GZIP], store, lambda text: None)
        with pytest.raises(RuntimeError, match="make room in .* or set TMPDIR"):
            compressor.make([compress.Candidate(site / "index.html", content)])


def test_an_interrupt_ends_what_runs(site: Path, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """Without being killed, the tool here would never end."""
    (tmp_path / "brotli").write_text("#!/bin/sh\nexec sleep infinity\n")
    (tmp_path / "brotli").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def interrupt(text: str) -> None:
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        pack_site(site, tmp_path / "site.pack", Settings(), interrupt)
    assert not (tmp_path / "site.pack").exists()


def test_progress_is_told(site: Path) -> None:
    notes: list[str] = []
    pack_site(site, site.parent / "site.pack", Settings(), notes.append)
    assert notes == [f"compressed {number} of 6" for number in range(1, 7)] + ["writing"]


def test_a_type_that_was_set_decides(site: Path) -> None:
    write_site(site, {"data": PAGE})
    assert packed(site).codings("/data") == [layout.IDENTITY]
    settings = parse_settings('[[http.headers]]\nmatch = "/data"\n'
                              'set = { Content-Type = "application/json" }', "mote.toml")
    pack: Pack = packed(site, settings)
    assert len(pack.codings("/data")) == 4
    assert pack.field("/data", "Content-Type") == "application/json"
