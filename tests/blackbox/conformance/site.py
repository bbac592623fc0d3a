"""The sites that the conformance cases use, and their settings."""

import gzip
import os
import random
from pathlib import Path

from conformance.model import HOST, OTHER
from sites import MODIFIED, MODIFIED_TEXT, url_path, write  # noqa: F401

FOLDERS = {HOST: "main", OTHER: "other"}
METRICS = "/metrics"
HSTS = "max-age=63072000"
POLICY = "default-src 'self'"

# The time limits are generous: a dozen tests on two cores make machines slow.
SETTINGS = f"""\
[http]
header_timeout_s = 120
idle_timeout_s = 600
index = ["index.html"]
clean_urls = true
compress = ["br", "zstd", "gzip"]
health = "/healthz"
metrics = "{METRICS}"

[http.error_pages]
404 = "404.html"
405 = "errors/405.html"

[[http.cache]]
match = "*.txt"
control = "public, max-age=60"

[[http.cache]]
match = "/private/*"
control = "no-store"

[[http.headers]]
match = "/*"
set = {{ "Strict-Transport-Security" = "{HSTS}", "X-Frame-Options" = "DENY" }}

[[http.headers]]
match = "*.html"
set = {{ "Content-Security-Policy" = "{POLICY}" }}

[[http.headers]]
match = "/private/*"
set = {{ "X-Frame-Options" = "SAMEORIGIN", "Strict-Transport-Security" = "" }}

[[http.headers]]
match = "/shared/*"
set = {{ "Access-Control-Allow-Origin" = "*" }}

[[http.redirect]]
from = "/shared/old"
to = "/data.json"

[[http.redirect]]
from = "/shared/blog/*"
to = "/shared/news/*"

[[http.redirect]]
from = "/old"
to = "/data.json"
status = 301

[[http.redirect]]
from = "/found"
to = "https://elsewhere.test/found?a=b"
status = 302

[[http.redirect]]
from = "/temporary"
to = "/data.json"
status = 307

[[http.redirect]]
from = "/permanent"
to = "/data.json"
status = 308

[[http.redirect]]
from = "/blog/*"
to = "/news/*"
status = 301

[[http.redirect]]
from = "/blog/2019/*"
to = "/archive.html"
status = 302

[[http.redirect]]
from = "/go/*"
to = "/*"

[[http.site]]
hosts = ["{OTHER}", "www.{OTHER}"]
root = "other"
"""

PLAIN_SIZES = (0, 1, 2, 1459, 1460, 1461, 65536, 102400)


def prose(seed: int, size: int) -> bytes:
    """Text that compresses like text."""
    chosen = random.Random(seed)
    words = [bytes(chosen.choices(b"abcdefghijklmnopqrstuvwxyz", k=chosen.randint(2, 9)))
             for _ in range(200)]
    text = b""
    while len(text) < size:
        text += b" ".join(chosen.choices(words, k=12)) + b"\n"
    return text[:size]


def page(title: str, size: int = 0) -> bytes:
    return f"<!doctype html><title>{title}</title>\n".encode() + prose(len(title), size)


def make(root: Path) -> None:
    """Makes both sites, side by side, and their settings."""
    main, other = (root / folder for folder in FOLDERS.values())
    write(main, "index.html", page("front", 3000))
    write(main, "404.html", page("not here"))
    write(main, "errors/405.html", page("not so"))
    write(main, "about.html", page("about", 2000))
    write(main, "sub/index.html", page("sub"))
    write(main, "sub/page.txt", "grüezi\n".encode())
    write(main, "sub/latin1.txt", b"gr\xfcezi\n")
    write(main, "bare/only.css", b"body { color: black }\n")
    write(main, "data.json", b'{"mote": true}\n')
    write(main, "blob", bytes(range(256)))
    write(main, "text.txt", prose(1, 20_000))
    write(main, "app.js", b"export default 1\n" + prose(2, 9_000))
    write(main, "app.3f2a9c1b.js", b"export default 2\n" + prose(3, 5_000))
    write(main, "picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>\n" + prose(4, 4_000))
    write(main, "module.wasm", b"\0asm\1\0\0\0" + prose(5, 3_000))
    write(main, "photo.jpg", b"\xff\xd8\xff\xe0" + random.Random(6).randbytes(5_000))
    write(main, "plain.png", b"\x89PNG\r\n\x1a\n" + bytes(5_000))
    write(main, "archive.tar.gz", gzip.compress(prose(7, 5_000), mtime=0))
    write(main, "shared/data.txt", b"for all here")
    write(main, "epoch.txt", b"as Nix's store has it\n")
    os.utime(main / "epoch.txt", (1, 1))
    write(main, "private/note.txt", b"for nobody's cache\n")
    for size in PLAIN_SIZES:
        write(main, f"size/{size}.bin", random.Random(size).randbytes(size))
    for name in ("a b.txt", "50%.txt", "what?.txt", "number#1.txt", "a+b.txt", "grüße.txt",
                 "日本語.txt", "semi;colon.txt", "%41.txt", "two..dots.txt", ".hidden",
                 "UPPER.HTML", "no-ending"):
        write(main, "odd/" + name, f"this is {name!r}\n".encode())
    write(other, "index.html", page("other"))
    write(other, "404.html", page("not at the other"))
    write(other, "data.json", b'{"mote": "other"}\n')
    write(other, "only-here.txt", b"only here\n")
    (root / "mote.toml").write_text(SETTINGS)


def add_variants(root: Path) -> None:
    """Adds gzip variants beside the files, ready-made as other servers want them."""
    for path in [path for path in root.rglob("*") if path.is_file()]:
        made = gzip.compress(path.read_bytes(), mtime=0)
        if path.suffix not in (".gz", ".jpg", ".png") and len(made) < path.stat().st_size:
            variant = path.with_name(path.name + ".gz")
            variant.write_bytes(made)
            os.utime(variant, (MODIFIED, MODIFIED))


def address(name: str) -> str:
    """The path that a file is served under, with clean URLs."""
    path = url_path(name)
    if path.endswith("/index.html"):
        return path.removesuffix("index.html")
    return path.removesuffix(".html")


def content(root: Path, name: str, site: str = HOST) -> bytes:
    """A file's content."""
    return (root / FOLDERS[site] / name).read_bytes()
