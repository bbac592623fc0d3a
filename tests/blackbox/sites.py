"""Makes the sites that tests serve."""

import os
import random
import shutil
from pathlib import Path
from urllib.parse import quote

# 2024-02-29 12:34:56 UTC
MODIFIED = 1709210096
MODIFIED_TEXT = "Thu, 29 Feb 2024 12:34:56 GMT"

ODD_NAMES = ["a b.html", "ümläut.html", "50%.txt", "what?.txt", "number#1.txt", "a+b.txt",
             "quote'\".txt", "semi;colon.txt", "back\\slash.txt", "日本語.html", "a&b=c.txt",
             "%41.txt", "~tilde.txt", "[brackets].txt", "new\nline.txt", "tab\tname.txt",
             ".hidden", "no-ending", "UPPER.HTML", "two..dots.txt", "...", "emoji-😀.txt",
             "deep folder/with ünïcode/in it.css", "page.tar.gz", "empty.txt", "x.webmanifest"]


def write(site: Path, name: str, content: bytes) -> None:
    path = site / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (MODIFIED, MODIFIED))


def mixed(site: Path) -> None:
    """A small site with one of each kind of file that matters to HTTP."""
    write(site, "index.html", b"<!doctype html><title>front</title>\n")
    write(site, "404.html", b"<!doctype html><title>not here</title>\n")
    write(site, "sub/index.html", b"<!doctype html><title>sub</title>\n")
    write(site, "sub/page.txt", "grüezi\n".encode())
    write(site, "sub/latin1.txt", b"gr\xfcezi\n")
    write(site, "bare/only.css", b"body { color: black }\n")
    write(site, "data.json", b'{"mote": true}\n')
    write(site, "script.js", b"export default 1\n")
    write(site, "picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>\n")
    write(site, "blob", bytes(range(256)))
    write(site, "empty.txt", b"")
    for size in (1, 1459, 1460, 1461, 65535, 65536, 200_000):
        write(site, f"size/{size}.bin", random.Random(size).randbytes(size))
    for name in ODD_NAMES:
        write(site, "odd/" + name, b"" if name == "empty.txt" else f"this is {name!r}\n".encode())


def large(site: Path, mib: int) -> None:
    """One large file that nowhere repeats itself."""
    write(site, "index.html", b"<!doctype html><title>large</title>\n")
    source = random.Random(mib)
    with (site / "large.bin").open("wb") as file:
        for _ in range(mib):
            file.write(source.randbytes(1 << 20))


def python_documentation(source: Path, site: Path) -> None:
    """Debian's python3.11-doc, links replaced by files, with oddly named files added."""
    shutil.copytree(source, site)
    for name in ODD_NAMES:
        write(site, "odd names/" + name, f"this is {name!r}\n".encode())


def url_path(relative: str) -> str:
    """A file's path in a URL, with every byte that could mean something escaped."""
    return "/" + quote(relative, safe="/")


def files(site: Path) -> list[str]:
    """The paths of all files in a site."""
    return sorted(str(path.relative_to(site)) for path in site.rglob("*") if path.is_file())
