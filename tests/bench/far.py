"""Measures downloads over long lines: Mote beside Linux with CUBIC and with BBR (docs/bench.md).

Each has a machine and a line of its own; all meet the same misfortunes, since the same seed draws
them. They take turns, and two are paused while one is measured.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import fairness
import far_plot
import far_rig
import linux_vm
import sequence
from tools.base.terminal import Progress
from tools.command_line.far_lines import Choice, Line, choose
from world import about

NAMES = {"mote": "Mote", "cubic": "Linux CUBIC", "bbr": "Linux BBR"}
PATIENCE_S = 60  # a size that takes longer is measured once
Note = Callable[[str], None]


@dataclass(frozen=True)
class Sample:
    """One download, and what the line towards the client did to it."""

    ms: float
    lost: int
    dropped: int
    marked: int
    frames: int
    queue_mean_ms: float
    queue_most_ms: float
    late_most_ms: float  # of the emulator itself: how far it was from being exact
    missed: int  # frames that the host lost, rather than the line: there should be none


@dataclass(frozen=True)
class Cell:
    """A size over a line: each contender's samples."""

    line: Line
    size: str
    samples: dict[str, tuple[Sample, ...]]

    def ms(self, name: str) -> float:
        return statistics.median(sample.ms for sample in self.samples[name])

    @property
    def ratio(self) -> float:
        """How many times faster Mote is than the better Linux."""
        return min(self.ms(name) for name in self.samples if name != "mote") / self.ms("mote")

    def as_json(self) -> dict[str, Any]:
        return {"line": asdict(self.line), "size": self.size, "ratio": round(self.ratio, 4),
                "ms": {name: round(self.ms(name), 1) for name in self.samples},
                "samples": {name: [asdict(sample) for sample in taken]
                            for name, taken in self.samples.items()}}


def sample_of(seconds: float, counts: dict[str, dict[str, int]]) -> Sample:
    out = counts["out"]
    return Sample(round(seconds * 1e3, 1), out["lost"], out["dropped"],
                  out["marked"], out["frames"],
                  out["queue_mean_us"] / 1e3, out["queue_most_us"] / 1e3,
                  max(way["late_most_us"] for way in counts.values()) / 1e3,
                  sum(way[name] for way in counts.values()
                      for name in ("missed", "no_room", "refused")))


def one(machine: far_rig.Running, line: Line, size: str, seed: int) -> Sample:
    with machine.awake():
        with machine.net.through(line, seed) as counts:
            seconds = far_rig.download(machine.net.lab, size)
    return sample_of(seconds, counts)


def captured(machine: far_rig.Running, line: Line, size: str, path: Path) -> None:
    """Downloads once more, with a capture. The line delivers the last acknowledgements, too."""
    with machine.awake(), machine.net.through(line, 1, f"capture={path}"):
        far_rig.download(machine.net.lab, size)


def measure(machines: list[far_rig.Running], choice: Choice, note: Note) -> Iterator[Cell]:
    for line in choice.lines:
        for size in choice.sizes:
            taken: dict[str, list[Sample]] = {
                machine.contender.name: [] for machine in machines}
            for turn in range(1, choice.rounds + 1):
                for machine in machines:
                    name = machine.contender.name
                    note(f"{line.title()}: {size}, {turn} of {choice.rounds}, {NAMES[name]}")
                    taken[name].append(one(machine, line, size, turn))
                if sum(samples[0].ms for samples in taken.values()) > PATIENCE_S * 1e3:
                    break
            yield Cell(line, size, {name: tuple(samples) for name, samples in taken.items()})


# --- Told ---

HEAD = (f"{'round trip, loss, rate':<50}{'size':>5}{'Mote, ms':>10}{'CUBIC, ms':>11}{'BBR, ms':>9}"
        f"{'by CUBIC':>10}{'by BBR':>8}")


def row(cell: Cell) -> str:
    """A line of the table; the last columns are how many times faster Mote is."""
    mote, cubic, bbr = (cell.ms(name) for name in NAMES)
    missed = sum(sample.missed for taken in cell.samples.values() for sample in taken)
    return (f"{cell.line.title():<50}{cell.size:>5}{mote:>10,.0f}{cubic:>11,.0f}{bbr:>9,.0f}"
            f"{cubic / mote:>10.2f}{bbr / mote:>8.2f}"
            f"{f'  the host lost {missed} frames' if missed else ''}")


def as_json(cells: Sequence[Cell], shares: Sequence[fairness.Shares],
            about: dict[str, str]) -> str:
    told: dict[str, Any] = {"about": about, "cells": [cell.as_json() for cell in cells]}
    if shares:
        told["fairness"] = [one.as_json() for one in shares]
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


# --- Run ---

def over_lines(folder: Path, options: argparse.Namespace, choice: Choice,
               progress: Progress) -> list[Cell]:
    """Measures all cells, and prints each as soon as it is known."""
    cells: list[Cell] = []
    with far_rig.all_running(far_rig.contenders(folder, options.nic), folder) as machines:
        for cell in measure(machines, choice, progress.note):
            say(progress, row(cell) if cells else f"{HEAD}\n{row(cell)}")
            cells.append(cell)
        if options.sequence:
            progress.note("captures of one transfer each")
            line, size = choice.lines[0], choice.sizes[-1]
            captures = [(f"{NAMES[machine.contender.name]}: {size}, {line.title()}",
                         folder / f"{machine.contender.name}.pcap") for machine in machines]
            for machine, (_, path) in zip(machines, captures):
                captured(machine, line, size, path)
            options.sequence.write_text(sequence.draw_files(captures))
    return cells


def say(progress: Progress, text: str) -> None:
    """Prints a row in the place of the progress, which comes again below it."""
    progress.note("")
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    print(text, flush=True)


def run(folder: Path, options: argparse.Namespace) -> None:
    """Does what --far asks for."""
    choice = choose(options.far)
    cells: list[Cell] = []
    shares: list[fairness.Shares] = []
    with Progress("Measuring over long lines") as progress:
        if choice.lines:
            cells = over_lines(folder, options, choice, progress)
        if choice.fairness:
            place = folder / "fairness"
            place.mkdir()
            for found in fairness.measure(place, options.nic, progress.note):
                text = fairness.row(found)
                say(progress, text if shares else f"{fairness.HEAD}\n{text}")
                shares.append(found)
    print(f"{linux_vm.versions()}; host's load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; "
          f"medians of {choice.rounds}, of one where a round took longer than {PATIENCE_S} s")
    if options.json:
        options.json.write_text(as_json(cells, shares, about(options.nic)))
    if options.plot:
        options.plot.write_text(far_plot.draw(cells, NAMES))
