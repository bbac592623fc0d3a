#!/usr/bin/env python3
"""Counts what the firmware costs: guest instructions for each kind of work, idle turns left out.

Boots the real image in a network namespace of its own, under QEMU's TCG with a plugin that counts
how often each block of guest code runs (count.c). An idle turn of the run loop costs the same each
time, so it is counted while nothing comes, and the idle turns that the machine tells of in its
metrics are taken off what was counted under load.
"""

import argparse
import json
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/blackbox")]

from images import Images  # noqa: E402
from lab import Lab, LabUnavailable  # noqa: E402
from machine import Guest, Machine  # noqa: E402

BODY_BYTES = 1024
LARGE_MIB = 16
METRICS = "/metrics"
BLOCK = struct.Struct("<QQQ")


@dataclass(frozen=True)
class Moment:
    """What was counted up to now."""

    instructions: int
    turns: int
    busy: int

    def __sub__(self, other: "Moment") -> "Moment":
        return Moment(self.instructions - other.instructions, self.turns - other.turns,
                      self.busy - other.busy)


class Counted:
    """A running machine whose instructions are counted."""

    def __init__(self, lab: Lab, guest: Guest, table: Path) -> None:
        self.lab, self.guest, self._table = lab, guest, table
        self._idle_turn = 0.0

    def _metrics(self) -> dict[str, int]:
        text = self.lab.run("curl", "-sf", f"http://{Lab.GUEST}{METRICS}").stdout
        return {name: int(float(value)) for name, value in
                re.findall(r"^(mote_loop_\w+) ([0-9.e+]+)$", text, re.MULTILINE)}

    def now(self) -> Moment:
        """Reads both counts, one right after the other."""
        metrics = self._metrics()
        data = self._table.read_bytes()
        count = sum(instructions * runs for _, instructions, runs in
                    BLOCK.iter_unpack(data[8:8 + (len(data) - 8) // BLOCK.size * BLOCK.size]))
        return Moment(count, metrics["mote_loop_turns_total"],
                      metrics["mote_loop_busy_turns_total"])

    def learn_idle(self) -> float:
        """The cost of a turn in which there is nothing to do."""
        before = self.now()
        time.sleep(1)  # a measure, not a wait for something
        idle = self.now() - before
        self._idle_turn = idle.instructions / idle.turns
        return self._idle_turn

    def cost(self, work: Callable[[], float]) -> float:
        """Instructions for one of the units that `work` says it has done."""
        before = self.now()
        units = work()
        used = self.now() - before
        return (used.instructions - (used.turns - used.busy) * self._idle_turn) / units


def build_plugin(folder: Path) -> Path:
    plugin = folder / "count.so"
    subprocess.run(["clang-19", "-std=gnu23", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC",
                    "-shared", "-o", str(plugin), str(Path(__file__).with_name("count.c"))],
                   check=True)
    return plugin


def wrk(lab: Lab, *arguments: str) -> int:
    """Runs wrk for some seconds; how many requests it made, all answered well."""
    said = lab.run("wrk", "-t1", "-d3", *arguments, f"http://{Lab.GUEST}/").stdout
    assert "Non-2xx" not in said and "Socket errors" not in said, said
    return int(re.search(r"(\d+) requests in", said).group(1))


def ping(lab: Lab) -> int:
    said = lab.run("ping", "-q", "-f", "-c", "20000", "-w", "30", Lab.GUEST).stdout
    return int(re.search(r"(\d+) received", said).group(1))


def fetch_large(lab: Lab) -> int:
    for _ in range(4):
        lab.run("curl", "-sf", "-o", "/dev/null", f"http://{Lab.GUEST}/large.bin")
    return 4 * LARGE_MIB


def measure(nic: str, folder: Path) -> dict[str, float]:
    site = folder / "site"
    site.mkdir()
    (site / "index.html").write_bytes((b"<!doctype html>" + b"mote " * BODY_BYTES)[:BODY_BYTES])
    with (site / "large.bin").open("wb") as large:
        large.truncate(LARGE_MIB << 20)
    table = folder / "count"
    lab = Lab()
    try:
        settings = f"network.0.address={Lab.GUEST}/{Lab.PREFIX}\nhttp.metrics={METRICS}"
        machine = Machine(nic=nic, memory_mib=64, settings=settings,
                          extra=("-plugin", f"{build_plugin(folder)},out={table}"))
        image = Images(folder / "images").bootable(site, machine.boot)
        guest = Guest(lab, machine, image, folder / "machine", lab.tap())
        try:
            counted = Counted(lab, guest.ready(), table)
            wrk(lab, "-c64")  # code is translated, ARP and caches are warm
            figures = {"idle_turn": counted.learn_idle()}
            figures["get_keep_alive_64"] = counted.cost(lambda: wrk(lab, "-c64"))
            figures["get_keep_alive_1"] = counted.cost(lambda: wrk(lab, "-c1"))
            figures["get_connection_each_64"] = counted.cost(
                lambda: wrk(lab, "-c64", "-H", "Connection: close"))
            figures["mebibyte_of_a_file"] = counted.cost(lambda: fetch_large(lab))
            figures["ping_56"] = counted.cost(lambda: ping(lab))
        finally:
            guest.stop()
    finally:
        lab.close()
    return figures


NAMES = {
    "idle_turn": "an idle turn of the run loop",
    "get_keep_alive_64": f"a GET of {BODY_BYTES} bytes, 64 connections kept alive",
    "get_keep_alive_1": f"a GET of {BODY_BYTES} bytes, one connection kept alive",
    "get_connection_each_64": f"a GET of {BODY_BYTES} bytes, a connection each, 64 at once",
    "mebibyte_of_a_file": f"1 MiB of a file of {LARGE_MIB}",
    "ping_56": "a ping of 56 bytes",
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="mote bench", description=__doc__.splitlines()[0])
    parser.add_argument("--nic", default="virtio-net-pci", help="as QEMU's -device takes it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mote-bench-") as folder:
        try:
            figures = measure(options.nic, Path(folder))
        except LabUnavailable as reason:
            print(f"mote bench: this host allows no lab: {reason}", file=sys.stderr)
            return 1
    print(f"guest instructions, {options.nic}:")
    for name, figure in figures.items():
        print(f"  {figure:12,.0f}  {NAMES[name]}")
    if options.json:
        options.json.write_text(json.dumps({"nic": options.nic, "instructions": figures}, indent=2)
                                + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
