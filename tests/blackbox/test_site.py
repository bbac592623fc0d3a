"""A real site that nobody here wrote: Debian's python3.11-doc, every file of it."""

import hashlib
import os
from pathlib import Path

import pytest

import sites
from conftest import IN_CI, Bench
from images import Images
from lab import Lab
from machine import Machine
from tools.site.media_types import content_type

SOURCE = Path("/usr/share/doc/python3.11/html")

# A sample to compare with the packer's table, so that the table isn't its own witness.
KNOWN_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
               ".js": "text/javascript; charset=utf-8", ".png": "image/png",
               ".svg": "image/svg+xml; charset=utf-8", ".txt": "text/plain; charset=utf-8",
               ".json": "application/json", "": "application/octet-stream"}


@pytest.fixture(scope="module")
def site(images: Images) -> Path:
    if not SOURCE.is_dir():
        reason = "Debian's python3.11-doc is not installed (apt-get install python3.11-doc)"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    return images.once("python-doc", lambda out: sites.python_documentation(SOURCE, out))


def curl_config(names: list[str], folder: Path) -> str:
    """curl's configuration: each file's URL and output, and one line reported for each."""
    lines = [f'write-out = "%{{http_code}} %{{content_type}}\\n"', "silent"]
    for number, name in enumerate(names):
        url = f"http://{Lab.GUEST}{sites.url_path(name)}"
        lines += [f'url = "{url}"', f'output = "{folder}/{number}"']
    return "\n".join(lines) + "\n"


def is_utf8(path: Path) -> bool:
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError:
        return False
    return True


def right_types(path: Path) -> set[str]:
    """The packer's type for it; where KNOWN_TYPES has one too, they must agree."""
    utf8 = is_utf8(path)
    told = {content_type(path.name, utf8)}
    if known := KNOWN_TYPES.get(path.suffix):
        told.add(known if utf8 else known.partition(";")[0])
    return told


@pytest.mark.parametrize("machine, boot, memory", [
    ("pc", "bios", 80), ("q35", "pvh", 104), ("microvm", "pvh", 80)])
def test_python_documentation(bench: Bench, images: Images, site: Path, machine: str, boot: str,
                              memory: int) -> None:
    names = sites.files(site)
    assert len(names) > 1000
    image = images.bootable(site, boot, codings=())  # all its variants would take minutes
    # SeaBIOS reads IDE disks a sector at a time, each a turn of a host's thread: that takes ten
    # seconds, and more than a minute beside four busy programs.
    bench.boot(Machine(machine=machine, boot=boot, memory_mib=memory, disk="ide"), image=image,
               deadline_s=300)
    folder = bench.results / "fetched"
    folder.mkdir()
    config = folder / "curl.conf"
    config.write_text(curl_config(names, folder))
    told = bench.lab.run("curl", "-K", str(config), timeout=300).stdout.splitlines()
    assert len(told) == len(names)
    wrong = []
    for number, (name, line) in enumerate(zip(names, told)):
        status, _, media = line.partition(" ")
        same = digest(folder / str(number)) == digest(site / name)
        if status != "200" or right_types(site / name) != {media} or not same:
            wrong.append((name, line, same))
    assert not wrong, wrong[:10]


def digest(path: Path) -> bytes:
    """The digest of a file's content; curl makes no file for an empty body."""
    return hashlib.sha256(path.read_bytes() if os.path.exists(path) else b"").digest()
