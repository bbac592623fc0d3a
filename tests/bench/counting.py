"""The counts of the plugin count.c: guest instructions by block, with idle turns told apart.

Instructions on the run loop's idle path are left out by address; the linker exports its bounds as
`__idle_start` and `__idle_end`.
"""

import subprocess
from array import array
from bisect import bisect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

HEADER_WORDS = 2
BLOCK_WORDS = 3


@dataclass(frozen=True)
class Counts:
    """How often each block ran, up to a moment or between two."""

    addresses: array  # type code Q, like the others
    instructions: array
    runs: array
    loaded_bytes: int

    def __sub__(self, earlier: "Counts") -> "Counts":
        """The counts since `earlier`: a block keeps its index from one reading to the next."""
        runs = array("Q", (now - then for now, then in zip(self.runs, earlier.runs)))
        return Counts(self.addresses, self.instructions, runs,
                      self.loaded_bytes - earlier.loaded_bytes)

    def total(self) -> int:
        return sum(map(int.__mul__, self.instructions, self.runs))


def read_counts(data: bytes) -> Counts:
    """Parses the plugin's file; count.c has the layout."""
    words = array("Q")
    words.frombytes(data[:len(data) // 8 * 8])
    loaded = words[1]
    words = words[HEADER_WORDS:]
    return Counts(words[0::BLOCK_WORDS], words[1::BLOCK_WORDS], words[2::BLOCK_WORDS],
                  loaded)


class Symbols:
    """The kernel's symbols by address; inlined code belongs to its caller."""

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
                                  check=True, timeout=60).stdout)

    def value(self, name: str) -> int | None:
        return self._values.get(name)

    def at(self, address: int) -> str:
        """The function at an address."""
        end = self.value("__text_end")
        index = bisect(self._starts, address) - 1
        if index < 0 or (end is not None and address >= end):
            return "outside the kernel"
        return self._names[index]


class Meter:
    """Counts the work of a running machine."""

    def __init__(self, table: Path, symbols: Symbols) -> None:
        self._table = table
        self.symbols = symbols
        self._idle = range(symbols.value("__idle_start") or 0, symbols.value("__idle_end") or 0)
        assert self._idle, "the kernel has no idle path"

    def read(self) -> Counts:
        return read_counts(self._table.read_bytes())

    def work(self, counts: Counts) -> int:
        """Instructions that were not idle."""
        return self._kept(counts, lambda address: address not in self._idle).total()

    def own(self, counts: Counts) -> Counts:
        """The counts of the kernel alone, without BIOS and loader."""
        start = self.symbols.value("__image_start") or 0
        end = self.symbols.value("__image_end") or 0
        return self._kept(counts, lambda address: start <= address < end)

    def by_symbol(self, counts: Counts) -> Counter[str]:
        """Instructions that were not idle, by function."""
        found: Counter[str] = Counter()
        for address, instructions, runs in zip(counts.addresses, counts.instructions, counts.runs):
            if runs and address not in self._idle:
                found[self.symbols.at(address)] += instructions * runs
        return found

    @staticmethod
    def _kept(counts: Counts, keeps: Callable[[int], bool]) -> Counts:
        """The counts with only the runs of blocks at accepted addresses."""
        runs = array("Q", (runs if keeps(address) else 0
                           for address, runs in zip(counts.addresses, counts.runs)))
        return replace(counts, runs=runs)
