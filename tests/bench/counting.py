"""What the plugin count.c counted: guest instructions by block, with idle turns told apart.

Instructions of the run loop's idle path are left out by its addresses, which the linker exports as
`__idle_start` and `__idle_end`. A kernel without these has an idle turn that costs about the same
each time and ends with a PAUSE: it is learnt while nothing comes, and so many of it as there were
PAUSEs are taken off.
"""

import subprocess
import time
from array import array
from bisect import bisect
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

HEADER_WORDS = 2
BLOCK_WORDS = 4


@dataclass(frozen=True)
class Counts:
    """How often each block ran, up to a moment or between two."""

    addresses: array  # of type Q, like the others
    instructions: array
    runs: array
    pauses: array
    loaded_bytes: int

    def __sub__(self, earlier: "Counts") -> "Counts":
        """A block keeps its place from one reading to the next."""
        runs = array("Q", (now - then for now, then in zip(self.runs, earlier.runs)))
        return Counts(self.addresses, self.instructions, runs, self.pauses,
                      self.loaded_bytes - earlier.loaded_bytes)

    def total(self) -> int:
        return sum(map(int.__mul__, self.instructions, self.runs))


def read_counts(data: bytes) -> Counts:
    """The plugin's file; the layout is in count.c."""
    words = array("Q")
    words.frombytes(data[:len(data) // 8 * 8])
    loaded = words[1]
    words = words[HEADER_WORDS:]
    return Counts(words[0::BLOCK_WORDS], words[1::BLOCK_WORDS], words[2::BLOCK_WORDS],
                  words[3::BLOCK_WORDS], loaded)


class Symbols:
    """What lies where in the kernel; inlined code is its caller's."""

    def __init__(self, nm_output: str) -> None:
        found = [line.split(None, 2) for line in nm_output.splitlines()]
        named = sorted((int(words[0], 16), words[1], words[2]) for words in found
                       if len(words) == 3)
        self._values = {name: address for address, _, name in named}
        code = [(address, name) for address, kind, name in named if kind in "tTwW"]
        self._starts = [address for address, _ in code]
        self._names = [name for _, name in code]

    @classmethod
    def of(cls, kernel: Path) -> "Symbols":
        return cls(subprocess.run(["nm", "-nC", str(kernel)], text=True, capture_output=True,
                                  check=True).stdout)

    def value(self, name: str) -> int | None:
        return self._values.get(name)

    def at(self, address: int) -> str:
        """The function that an address lies in."""
        end = self.value("__text_end")
        index = bisect(self._starts, address) - 1
        if index < 0 or (end is not None and address >= end):
            return "outside the kernel"
        return self._names[index]


class Idle(Protocol):
    """Tells idle turns from work."""

    def runs(self, counts: Counts) -> list[float]:
        """How often each block ran for nothing."""


@dataclass(frozen=True)
class IdlePath:
    """The idle path is code of its own."""

    start: int
    end: int

    def runs(self, counts: Counts) -> list[float]:
        return [runs if self.start <= address < self.end else 0
                for address, runs in zip(counts.addresses, counts.runs)]


class IdleTurns:
    """A turn of the loop with nothing in it, as it was learnt: runs of each block for a PAUSE."""

    def __init__(self, quiet: Counts) -> None:
        pausing = [index for index, pauses in enumerate(quiet.pauses) if pauses]
        self._pause = max(pausing, key=lambda index: quiet.runs[index])
        turns = quiet.runs[self._pause]
        self._profile = {index: runs / turns for index, runs in enumerate(quiet.runs) if runs}
        self.cost = quiet.total() / turns

    def runs(self, counts: Counts) -> list[float]:
        turns = counts.runs[self._pause]
        spent = [0.0] * len(counts.runs)
        for index, share in self._profile.items():
            spent[index] = share * turns
        return spent


def idle_path(symbols: Symbols) -> IdlePath | None:
    start, end = symbols.value("__idle_start"), symbols.value("__idle_end")
    return IdlePath(start, end) if start is not None and end is not None and end > start else None


class Meter:
    """Counts what a running machine does."""

    def __init__(self, table: Path, symbols: Symbols) -> None:
        self._table = table
        self.symbols = symbols
        self._idle: Idle | None = idle_path(symbols)

    def read(self) -> Counts:
        return read_counts(self._table.read_bytes())

    def learn(self) -> None:
        """To be called once, when a machine is up and nothing comes."""
        if self._idle is None:
            before = self.read()
            time.sleep(1)  # a measure, not a wait for something
            self._idle = IdleTurns(self.read() - before)

    def work(self, counts: Counts) -> float:
        """Instructions that were not idle."""
        idle = self._idle_runs(counts)
        return counts.total() - sum(map(float.__mul__, map(float, counts.instructions), idle))

    def own(self, counts: Counts) -> Counts:
        """Of these, what ran in the kernel, and not in a BIOS or a loader."""
        start = self.symbols.value("__image_start") or 0
        end = self.symbols.value("__image_end") or 0
        runs = array("Q", (runs if start <= address < end else 0
                           for address, runs in zip(counts.addresses, counts.runs)))
        return replace(counts, runs=runs)

    def by_symbol(self, counts: Counts) -> Counter[str]:
        """Instructions that were not idle, by function."""
        found: Counter[str] = Counter()
        idle = self._idle_runs(counts)
        for address, instructions, runs, spent in zip(counts.addresses, counts.instructions,
                                                      counts.runs, idle):
            if runs:
                found[self.symbols.at(address)] += instructions * (runs - spent)
        return found

    def _idle_runs(self, counts: Counts) -> list[float]:
        assert self._idle is not None, "the idle turn was not learnt"
        return list(map(float, self._idle.runs(counts)))
