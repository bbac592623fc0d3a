"""The lines of ./mote bench --far: their settings, the matrix of them, and the choice from it."""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MIB = 1 << 20
# The first one is made to fit into ten segments (RFC 6928), its header included.
SIZES = {"14K": 14_000, "100K": 100_000, "1M": MIB, "16M": 16 * MIB}
FRAME_BYTES = 1514
LEAST_QUEUE = 3 * FRAME_BYTES  # a shorter queue drops the second of two frames in a row


@dataclass(frozen=True)
class Line:
    """A long line; the same both ways. Percentages are of frames."""

    rtt: float = 80  # ms
    loss: float = 0  # %, each frame for itself
    rate: float = 100  # Mbit/s; 0: no bottleneck
    queue: float = 1  # bandwidth-delay products
    burst: float = 0  # %, frames that a burst of loss begins with
    reorder: float = 0  # %, overtaken by what comes within an eighth of the round trip
    duplicate: float = 0  # %
    mark: float = 0  # ECN: frames behind more than so many products are marked; 0: none

    BURST_FRAMES = 8  # a burst's length in the mean

    def queue_bytes(self) -> int:
        return max(math.ceil(self.queue * self.product()), LEAST_QUEUE)

    def product(self) -> float:
        """The bandwidth-delay product in bytes."""
        return self.rate * 1e6 / 8 * self.rtt / 1e3

    def words(self, seed: int) -> list[str]:
        """The arguments of long_line, whose delay is one way's."""
        said: dict[str, Any] = {"delay_us": round(self.rtt * 500), "seed": seed,
                                "loss": self.loss / 100}
        if self.rate:
            said |= {"mbit": round(self.rate), "queue": self.queue_bytes()}
            if self.mark:
                said["mark"] = math.ceil(self.mark * self.product())
        if self.burst:
            said |= {"burst_start": self.burst / 100, "burst_frames": self.BURST_FRAMES}
        if self.reorder:
            said |= {"reorder": self.reorder / 100, "reorder_us": round(self.rtt * 125)}
        if self.duplicate:
            said["duplicate"] = self.duplicate / 100
        return [f"{name}={value:.10g}" for name, value in said.items()]

    def title(self) -> str:
        rate = f"{self.rate:,g} Mbit/s" if self.rate else "no bottleneck"
        parts = [f"{self.rtt:g} ms", f"{self.loss:g} %", rate]
        if self.rate and self.queue != 1:
            parts.append(f"queue {self.queue:g}")
        for name in ("burst", "reorder", "duplicate"):
            if share := getattr(self, name):
                parts.append(f"{name} {share:g} %")
        if self.rate and self.mark:
            parts.append(f"marks from {self.mark:g}")
        return ", ".join(parts)


# Issue 13's table, from the first to the last.
USUAL = (Line(rate=0), Line(), Line(rtt=20, loss=0.1), Line(loss=1))
# What a line does to frames besides losing them one by one.
ROUGH = (Line(burst=0.1), Line(burst=0.5), Line(reorder=1), Line(reorder=5, loss=0.1),
         Line(duplicate=1), Line(burst=0.1, reorder=1, duplicate=1))
MATRIX = {"rtt": (5.0, 20.0, 80.0, 200.0), "loss": (0.0, 0.1, 1.0, 3.0),
          "rate": (10.0, 100.0, 1000.0), "queue": (0.1, 1.0, 4.0)}
EXTRA = ("burst", "reorder", "duplicate", "mark")  # chosen by name only


def matrix(chosen: dict[str, tuple[float, ...]]) -> Iterator[Line]:
    """The whole matrix, or what of it has these values; they may be others than the matrix's."""
    axes = MATRIX | {name: (0.0,) for name in EXTRA} | chosen
    for values in itertools.product(*axes.values()):
        line = Line(**dict(zip(axes, values)))
        if line.rate or line.queue == axes["queue"][0]:  # without a bottleneck there is no queue
            yield line


@dataclass(frozen=True)
class Choice:
    """What --far is asked for."""

    lines: tuple[Line, ...]
    sizes: tuple[str, ...]
    rounds: int = 3
    fairness: bool = False


def choose(words: Iterable[str]) -> Choice:
    """Reads --far's words; ValueError says which one is not understood."""
    lines: list[Line] = []
    axes: dict[str, tuple[float, ...]] = {}
    sizes = tuple(SIZES)
    rounds, fairness = 3, False
    for word in words:
        name, _, value = word.partition("=")
        if word in ("full", "rough", "usual"):
            lines += {"full": tuple(matrix({})), "rough": ROUGH, "usual": USUAL}[word]
        elif word == "fairness":
            fairness = True
        elif name == "size":
            sizes = tuple(value.split(","))
            if unknown := set(sizes) - set(SIZES):
                raise ValueError(f"{word}: {sorted(unknown)[0]} is none of {', '.join(SIZES)}")
        elif name == "rounds":
            rounds = int(number(word, value, least=1))
        elif name in MATRIX or name in EXTRA:
            axes[name] = tuple(number(word, part) for part in value.split(","))
        else:
            raise ValueError(f"{word}: neither full, rough, usual, fairness nor one of "
                             f"{', '.join((*MATRIX, *EXTRA))}, size, rounds with a value")
    if axes:
        lines += matrix(axes)
    if not lines and not fairness:
        lines = list(USUAL)
    return Choice(tuple(lines), sizes, rounds, fairness)


def number(word: str, text: str, least: float = 0) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value < math.inf:
        raise ValueError(f"{word}: {text or 'nothing'} is no number of {least:g} or more")
    return value
