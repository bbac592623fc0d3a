"""Large files over bad cables: loss, reordering and repetition, and not one byte wrong.

By default each file is of a size that a usual run can afford; `--full` (or MOTE_FULL=1) makes them
all 64 MiB.
"""

import hashlib

import pytest

import sites
from cables import boot_on_cable
from conftest import Bench
from images import Images
from lab import Lab
from machine import Machine

# Name: (loss, reordering, repetition; MiB in a usual run).
CABLES = {
    "good": (0, 0, 0, 64),
    "1 % lost": (0.01, 0, 0, 64),
    "5 % lost": (0.05, 0, 0, 8),
    "3 % out of order": (0, 0.03, 0, 16),
    "1 % lost, 3 % out of order, 1 % twice": (0.01, 0.03, 0.01, 8),
}


@pytest.mark.parametrize("cable", CABLES)
def test_large_file_arrives_whole(bench: Bench, images: Images, full: bool, cable: str) -> None:
    *odds, usual_mib = CABLES[cable]
    mib = 64 if full else usual_mib
    site = images.once(f"large-{mib}", lambda out: sites.large(out, mib))
    # Over PVH on pc and q35, SeaBIOS uses memory up to 16 MiB below the end before the kernel runs.
    guest = boot_on_cable(bench, site, Machine(memory_mib=mib + 32), tuple(odds))
    out = bench.results / "large.bin"
    bench.lab.run("curl", "-sf", "--max-time", "1500", "-o", str(out),
                  f"http://{Lab.GUEST}/large.bin", timeout=1600)
    got = hashlib.sha256(out.read_bytes()).hexdigest()
    assert got == hashlib.sha256((site / "large.bin").read_bytes()).hexdigest()
    guest.http_answers()
