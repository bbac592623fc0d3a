#!/usr/bin/env python3
"""Measures Mote beside a lean Linux machine with nginx (linux_vm.py), and prints pair by pair.

Both run in the same QEMU with the same CPU, memory, NIC and kind of wire, each in its own lab, and
serve the same programs. They are measured in turn, A B A B, with the other one paused, so that
other load on the host affects both alike. Wall time under TCG is no machine's true speed: only the
ratios mean something, and only with their spread, the lowest and the highest ratio of neighbouring
samples. Instruction counts are nearly exact; each machine's idle instructions are subtracted.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/blackbox"), str(Path(__file__).parent)]

import linux_vm  # noqa: E402
import speed  # noqa: E402
import works  # noqa: E402
from clients import Client, Clients, NotPossible, Result, build_plugin  # noqa: E402
from contenders import Kind, Running, both, counter, kinds  # noqa: E402
from figures import number  # noqa: E402
from lab import Lab, LabUnavailable  # noqa: E402
from tools.base.terminal import Progress  # noqa: E402
from world import BODY_BYTES, request  # noqa: E402

ROUNDS = 3
LARGE_MIB = 64
SECONDS = 3
PINGS = 20_000
DEADLINE_S = 120  # for one piece of work
URL = f"http://{Lab.GUEST}"

Note = Callable[[str], None]  # reports progress to the user


@dataclass(frozen=True)
class Pair:
    """A figure of both machines, with the samples it is the median of."""

    name: str
    unit: str
    more_is_better: bool
    mote_samples: tuple[float, ...]
    peer_samples: tuple[float, ...]

    @property
    def mote(self) -> float:
        return statistics.median(self.mote_samples)

    @property
    def peer(self) -> float:
        return statistics.median(self.peer_samples)

    def _better(self, mote: float, peer: float) -> float:
        return mote / peer if self.more_is_better else peer / mote

    @property
    def ratio(self) -> float:
        """How many times better Mote is."""
        return self._better(self.mote, self.peer)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest ratio of samples taken one after the other."""
        ratios = [self._better(*pair) for pair in zip(self.mote_samples, self.peer_samples)]
        return min(ratios), max(ratios)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "unit": self.unit, "mote": self.mote, "peer": self.peer,
                "ratio": self.ratio, "spread": self.spread, "mote_samples": self.mote_samples,
                "peer_samples": self.peer_samples}


# --- Work ---

def wrk(lab: Lab, *arguments: str) -> float:
    """Requests a second; fails unless all were answered well."""
    return speed.wrk_said(lab.run("wrk", "-t1", "-c64", f"-d{SECONDS}", "--timeout", "20s",
                                  "--latency", *arguments, f"{URL}/").stdout)[0]


def large_file(lab: Lab) -> float:
    """MB a second."""
    size, rate = lab.run("curl", "-sSf", "-o", "/dev/null", "-w",
                         "%{size_download} %{speed_download}", f"{URL}/large.bin").stdout.split()
    assert int(size) == LARGE_MIB << 20, size
    return float(rate) / 1e6


def pings(lab: Lab, clients: Clients) -> float:
    """Answered pings a second."""
    with clients.ping(lab, window=64, count=PINGS) as client:
        result = client.work()
    return result.finished / result.seconds


@dataclass(frozen=True)
class Work:
    """Work for both machines: its rate, measured with other people's programs, and its
    instructions, measured with the bench's own client, which does the same or nearly so in exact
    numbers."""

    name: str
    unit: str
    rate: Callable[[Lab, Clients], float]
    counted: str
    client: Callable[[Lab, Clients], Client]
    units: Callable[[Result], float] = works.requests


KEPT = "GET of 1 KiB, 64 connections kept alive"
EACH = "GET of 1 KiB, a connection each, 64 at once"
PING = "ping of 56 bytes, 64 on the way"
LIMITS: dict[str, int | str] = {"connections": 64, "body": BODY_BYTES, "deadline": DEADLINE_S}
WORKS = (
    Work(KEPT, "requests/s", lambda lab, _: wrk(lab), KEPT,
         lambda lab, clients: clients.get(lab, request(), count=8000, **LIMITS)),
    Work(EACH, "requests/s", lambda lab, _: wrk(lab, "-H", "Connection: close"), EACH,
         lambda lab, clients: clients.get(lab, works.CLOSE, each=1, count=2000,
                                          before=works.CLOSED_BEFORE, **LIMITS)),
    Work(f"file of {LARGE_MIB} MiB", "MB/s", lambda lab, _: large_file(lab),
         "1 MiB of a large file, 4 connections",
         lambda lab, clients: clients.get(lab, works.LARGE, connections=4, count=4,
                                          deadline=DEADLINE_S), works.mebibytes),
    Work(PING, "pings/s", pings, PING,
         lambda lab, clients: clients.ping(lab, window=64, count=12800)),
)


# --- Measures ---

Samples = tuple[list[float], list[float]]


def in_turn(pair: tuple[Any, Any], samples: Samples, note: Note,
            what: str) -> Iterator[tuple[Any, list[float]]]:
    """Yields one of the two, then the other, ROUNDS times."""
    for turn in range(1, ROUNDS + 1):
        for one, taken in zip(pair, samples):
            note(f"{what}, {turn} of {ROUNDS}")
            yield one, taken


def rates(pair: tuple[Kind, Kind], folder: Path, note: Note) -> Iterator[Pair]:
    clients = Clients(folder)
    with both(pair, folder) as machines:
        for machine in machines:
            with machine.awake():
                wrk(machine.lab)  # now code is translated and caches are warm
        for work in WORKS:
            samples: Samples = ([], [])
            for machine, taken in in_turn(machines, samples, note, work.name):
                with machine.awake():
                    taken.append(work.rate(machine.lab, clients))
            yield Pair(work.name, work.unit, True, *map(tuple, samples))


def instructions(pair: tuple[Kind, Kind], folder: Path, note: Note) -> Iterator[Pair]:
    plugin, clients = build_plugin(folder), Clients(folder)
    tables = [folder / f"{kind.name}.count" for kind in pair]
    counted = tuple(kind.counted(plugin, table) for kind, table in zip(pair, tables))
    with both(counted, folder) as machines:
        counters = {}
        for machine, table in zip(machines, tables):
            note(f"what {machine.kind.name} does when idle")
            counters[machine] = counter(machine.kind, table)
            with machine.awake():
                wrk(machine.lab)
                counters[machine].learn_idle()
        for work in WORKS:
            samples: Samples = ([], [])
            for machine, taken in in_turn(machines, samples, note, f"counting: {work.counted}"):
                with machine.awake(), work.client(machine.lab, clients) as client:
                    cost = counters[machine].cost(client.work)
                    taken.append(cost.instructions / work.units(cost.result))
            yield Pair(work.counted, "instructions", False, *map(tuple, samples))


def boot_instructions(pair: tuple[Kind, Kind], folder: Path, note: Note) -> Pair:
    plugin = build_plugin(folder)
    samples: Samples = ([], [])
    for kind, taken in in_turn(pair, samples, note, "counting: reset to the first 200"):
        counts = folder / f"{kind.name}.count"
        machine = Running(kind.counted(plugin, counts), folder)
        try:
            machine.first_200()
            taken.append(counter(kind, counts).since_reset())
        finally:
            machine.close()
    return Pair("reset to the first 200", "instructions", False, *map(tuple, samples))


def boots(pair: tuple[Kind, Kind], folder: Path, note: Note) -> Pair:
    samples: Samples = ([], [])
    for kind, taken in in_turn(pair, samples, note, "start to the first 200"):
        machine = Running(kind, folder)
        try:
            taken.append(machine.first_200())
        finally:
            machine.close()
    return Pair("QEMU's start to the first 200", "ms", False, *map(tuple, samples))


def serves(kind: Kind, folder: Path, deadline_s: float) -> bool:
    machine = Running(kind, folder)
    try:
        machine.first_200(deadline_s)
        return True
    except AssertionError:
        return False
    finally:
        machine.close()


def smallest(kind: Kind, folder: Path, deadline_s: float, note: Note) -> int:
    """The smallest memory in MiB with which it serves, by bisection."""
    least, enough = 1, kind.machine.memory_mib
    while least < enough:
        middle = (least + enough) // 2
        note(f"{kind.name} in {middle} MiB")
        if serves(kind.with_memory(middle), folder, deadline_s):
            enough = middle
        else:
            least = middle + 1
    return enough


def make_site(site: Path, large: bool) -> Path:
    site.mkdir()
    (site / "index.html").write_bytes((b"<!doctype html>" + b"mote " * BODY_BYTES)[:BODY_BYTES])
    if large:
        with (site / "large.bin").open("wb") as file:
            file.truncate(LARGE_MIB << 20)
    return site


def compare(folder: Path, note: Note = lambda text: None) -> list[Pair]:
    """All figures of both; generated files go into the folder."""
    small = kinds(folder, make_site(folder / "small", large=False))
    whole = kinds(folder, make_site(folder / "whole", large=True))
    start = boots(small, folder, note)
    # A machine short of memory takes long, or never answers.
    memory = [smallest(kind, folder, 5 + 4 * max(taken) / 1000, note)
              for kind, taken in zip(small, (start.mote_samples, start.peer_samples))]
    return [*rates(whole, folder, note), start,
            Pair("smallest memory that it serves in", "MiB", False, *((mib,) for mib in memory)),
            *instructions(whole, folder, note), boot_instructions(small, folder, note)]


# --- Told ---

def table(pairs: list[Pair]) -> str:
    """One line per pair."""
    rows = [("", "", "Mote", "Linux, nginx", "ratio", "spread")]
    for pair in pairs:
        low, high = pair.spread
        rows.append((pair.name, pair.unit, number(pair.mote), number(pair.peer),
                     f"{pair.ratio:.1f}", f"{low:.1f} to {high:.1f}" if low < high else ""))
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) if at < 2 else cell.rjust(width) for at,
                               (cell, width) in enumerate(zip(row, widths))).rstrip()
                     for row in rows)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mote-versus-") as folder:
        try:
            with Progress("Measuring Mote and Linux with nginx in turn") as progress:
                pairs = compare(Path(folder), progress.note)
        except (LabUnavailable, NotPossible, RuntimeError, AssertionError) as reason:
            print(f"versus: {reason}", file=sys.stderr)
            return 1
    print(f"{linux_vm.versions()}; host's load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; "
          f"medians of {ROUNDS}")
    print(table(pairs))
    if options.json:
        options.json.write_text(json.dumps({"peer": linux_vm.versions(), "pairs":
                                            [pair.as_json() for pair in pairs]}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
