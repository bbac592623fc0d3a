"""Cables that pass through a process, which drops, reorders and repeats frames and records them."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from conftest import Bench
from lab import Lab, die_with_parent, end
from machine import Guest, Machine

LOSSY_WIRE = Path(__file__).with_name("lossy_wire.py")
Odds = tuple[float, ...]  # loss, reordering and repetition


def carry(bench: Bench, host: int, machine: int, odds: Odds, capture: Path | None) -> None:
    """Starts the process between two ends, given as file descriptors that the caller keeps."""
    record = [str(capture)] if capture else []
    cable = subprocess.Popen(
        [sys.executable, "-S", str(LOSSY_WIRE), str(host), str(machine), "1", *map(str, odds),
         *record], pass_fds=[host, machine], preexec_fn=die_with_parent)
    bench.on_close(lambda: end(cable))


def boot_on_cable(bench: Bench, site: Path, machine: Machine, odds: Odds,
                  capture: Path | None = None) -> Guest:
    """A machine whose wire goes through a process that mishandles frames.

    QEMU's end takes neither long frames nor unfinished checksums. For NICs that promise either,
    QEMU's model does the work; virtio-net promises nothing.
    """
    tap = bench.lab.tap(offload=False)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for side in (ours, theirs):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    carry(bench, tap, ours.fileno(), odds, capture)
    ours.close()
    machine = replace(machine, netdev="dgram,id=net0,local.type=fd,local.str={fd}")
    return bench.boot(machine, site=site, wire=theirs.detach(), more_wires=(tap,))


def boot_on_cutting_cable(bench: Bench, site: Path, machine: Machine, odds: Odds,
                          capture: Path | None = None) -> Guest:
    """The same for a NIC that leaves cutting long segments to the host, as virtio-net does.

    QEMU's end is a tap that takes long segments. A bridge leads to a second tap that doesn't, so
    that the kernel must cut them and finish their checksums. From there the process carries frames
    to a third tap, the host's own.

        QEMU - mote0 = bridge = cut0 - process - host0
    """
    lab = bench.lab
    wire = lab.tap("mote0", address=None)
    cut = lab.tap("cut0", address=None, offload=False)
    host = lab.tap("host0", offload=False)
    lab.run("ip", "-batch", "-", input=(
        "link add bridge0 type bridge mcast_snooping 0\n"
        "link set bridge0 addrgenmode none\nlink set bridge0 up\n"
        "link set mote0 master bridge0\nlink set cut0 master bridge0\n"))
    carry(bench, host, cut, odds, capture)
    os.close(cut)
    os.close(host)
    return bench.boot(machine, site=site, wire=wire)
