"""zsync updates an old version of a file with many ranges at a time."""

import random
import subprocess
from pathlib import Path

import pytest

import sites
from conftest import Bench
from images import Images
from machine import Guest, Machine
from programs import CONFIG, URL, metric, needed

pytestmark = pytest.mark.interop
BLOCK = 2048
BLOCKS = 2000
CHANGED = range(5, BLOCKS, 20)  # 100, none adjacent: zsync asks for 20 ranges at a time


def new_version() -> bytes:
    return random.Random(1).randbytes(BLOCK * BLOCKS)


def old_version() -> bytes:
    content = bytearray(new_version())
    for block in CHANGED:
        content[block * BLOCK:(block + 1) * BLOCK] = bytes(BLOCK)
    return bytes(content)


def make_site(site: Path) -> None:
    sites.write(site, "image.iso", new_version())
    subprocess.run(["zsyncmake", "-q", "-b", str(BLOCK), "-u", "image.iso", "-o",
                    str(site / "image.iso.zsync"), str(site / "image.iso")], check=True,
                   stdin=subprocess.DEVNULL, timeout=60, capture_output=True)


@pytest.fixture
def guest(bench: Bench, images: Images) -> Guest:
    needed("zsync", "zsyncmake")
    bench.results.mkdir(parents=True, exist_ok=True)
    settings = bench.results / "mote.toml"
    settings.write_text(CONFIG)
    image = images.configured(images.once("zsync-site", make_site), settings)
    return bench.boot(Machine(memory_mib=32), image=image)


def test_only_what_changed_is_fetched(guest: Guest, tmp_path: Path) -> None:
    """zsync gave up on a 200 for a request with 20 ranges ("zsync received a data response (code
    200) but this is not a partial content response")."""
    old, out = tmp_path / "old.iso", tmp_path / "image.iso"
    old.write_bytes(old_version())
    whole = metric(guest, "mote_http_requests_total", code="200")
    sent = metric(guest, "mote_http_response_bytes_total")
    said = guest.lab.run("sh", "-c", f"cd '{tmp_path}' && exec zsync -i old.iso -o image.iso "
                         f"{URL}/image.iso.zsync", timeout=120)
    assert out.read_bytes() == new_version(), said.stdout + said.stderr
    assert metric(guest, "mote_http_requests_total", code="206") >= len(CHANGED) / 20
    # The file of checksums, and the requests for metrics.
    assert metric(guest, "mote_http_requests_total", code="200") <= whole + 4
    assert metric(guest, "mote_http_response_bytes_total") - sent < BLOCK * BLOCKS / 4
