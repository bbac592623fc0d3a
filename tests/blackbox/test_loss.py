"""Large files over bad cables: loss, reordering and repetition, and not one byte amiss.

By default each takes a size that a run of all tests can afford; `--full` (or MOTE_FULL=1) makes
them all 64 MiB.
"""

import hashlib
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import sites
from conftest import Bench
from images import Images
from lab import Lab, die_with_parent, end
from machine import Guest, Machine

LOSSY_WIRE = Path(__file__).with_name("lossy_wire.py")

# Name: (loss, reordering, repetition; MiB in a usual run)
CABLES = {
    "good": (0, 0, 0, 64),
    "1 % lost": (0.01, 0, 0, 64),
    "5 % lost": (0.05, 0, 0, 8),
    "3 % out of order": (0, 0.03, 0, 16),
    "1 % lost, 3 % out of order, 1 % twice": (0.01, 0.03, 0.01, 8),
}


def boot_on_cable(bench: Bench, site: Path, machine: Machine, odds: tuple[float, ...]) -> Guest:
    """A machine whose wire goes through a process that mishandles frames."""
    tap = bench.lab.tap(offload=False)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for side in (ours, theirs):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    cable = subprocess.Popen(
        [sys.executable, "-S", str(LOSSY_WIRE), str(tap), str(ours.fileno()), "1",
         *map(str, odds)], pass_fds=[tap, ours.fileno()], preexec_fn=die_with_parent)
    bench.on_close(lambda: end(cable))
    ours.close()
    machine = replace(machine, netdev="dgram,id=net0,local.type=fd,local.str={fd}")
    guest = bench.boot(machine, site=site, wire=theirs.detach(), more_wires=(tap,))
    return guest


@pytest.mark.parametrize("cable", CABLES)
def test_large_file_arrives_whole(bench: Bench, images: Images, full: bool, cable: str) -> None:
    *odds, usual_mib = CABLES[cable]
    mib = 64 if full else usual_mib
    site = images.once(f"large-{mib}", lambda out: sites.large(out, mib))
    # Over PVH on pc and q35, SeaBIOS uses memory 16 MiB below its end before the kernel runs.
    guest = boot_on_cable(bench, site, Machine(memory_mib=mib + 32), tuple(odds))
    out = bench.results / "large.bin"
    bench.lab.run("curl", "-sf", "--max-time", "1500", "-o", str(out),
                  f"http://{Lab.GUEST}/large.bin", timeout=1600)
    got = hashlib.sha256(out.read_bytes()).hexdigest()
    assert got == hashlib.sha256((site / "large.bin").read_bytes()).hexdigest()
    guest.http_answers()
