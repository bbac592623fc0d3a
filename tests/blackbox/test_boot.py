"""Booting every machine in 4 MiB, each way; CPUs, disk controllers, and the console."""

import re

import pytest

from conftest import Bench
from machine import DISKS, MAC, Guest, Machine

WAYS = [("pc", "pvh"), ("q35", "pvh"), ("microvm", "pvh"), ("pc", "bios"), ("q35", "bios")]


@pytest.mark.parametrize("machine, boot", WAYS)
def test_example_site_in_4_mib(bench: Bench, machine: str, boot: str) -> None:
    guest = bench.boot(Machine(machine=machine, boot=boot, memory_mib=4))
    check_boot_lines(guest, boot)
    guest.serves()


def check_boot_lines(guest: Guest, boot: str) -> None:
    """The facts that the contract promises, in order, with `ready` last."""
    guest.is_alive()
    lines = [line for line in guest.console.lines if re.match(r"mote |net0|http|ready", line)]
    expected = [rf"^mote \d+\.\d+\.\d+ \(\w+\+?\), booted by {boot}, \d+ MiB, .+$",
                rf"^net0: virtio-net {MAC}, link up, offloads .+$",
                r"^net0: 192\.0\.2\.2/24 \(static\)$",
                r"^net0: no gateway$",
                r"^http: port 80, \d+ files, \d+ KiB, \d+ connections$",
                r"^http://192\.0\.2\.2/$",
                r"^ready$"]
    assert len(lines) == len(expected), lines
    for line, pattern in zip(lines, expected):
        assert re.search(pattern, line), line


@pytest.mark.parametrize("boot", ["pvh", "bios"])
@pytest.mark.parametrize("cpu", ["qemu64", "kvm64", "Westmere", "max"])
def test_cpu(bench: Bench, cpu: str, boot: str) -> None:
    bench.boot(Machine(cpu=cpu, boot=boot)).serves()


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("disk", DISKS)
def test_disk(bench: Bench, machine: str, disk: str) -> None:
    bench.boot(Machine(machine=machine, boot="bios", disk=disk)).serves()
