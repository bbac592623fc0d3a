"""A figure with its title and unit, and its output as a table and as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Protocol

INSTRUCTIONS = "Guest instructions"
BOOT = "Boot (wall time: this host, now)"
WORK = "Doorbells, exits, bytes"
SPEED = "Speed (wall time: this host, now)"
IDLE = "Idle (wall time)"
SIZE = "Size"


@dataclass(frozen=True)
class Figure:
    """One row. If `value` is None, there is no figure, and `note` says why."""

    section: str
    key: str
    title: str
    unit: str
    value: float | None
    low: float | None = None  # of several measurements
    high: float | None = None
    note: str = ""

    def spread(self) -> float:
        """The range of the measurements, relative to the value."""
        if not self.value or self.low is None or self.high is None:
            return 0.0
        return (self.high - self.low) / self.value


def of_several(section: str, key: str, title: str, unit: str, values: Sequence[float],
               note: str = "") -> Figure:
    """A repeated measurement: the median, and the range."""
    return Figure(section, key, title, unit, median(values), min(values), max(values), note)


def number(value: float) -> str:
    """The number with its significant digits."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def row(figure: Figure) -> str:
    if figure.value is None:
        return f"  {'–':>13}  {figure.title}: not possible: {figure.note}"
    unit = "" if figure.section == INSTRUCTIONS else f", {figure.unit}"
    text = f"  {number(figure.value):>13}  {figure.title}{unit}"
    beside = []
    if figure.spread():
        beside.append(f"{number(figure.low)} to {number(figure.high)}")
    if figure.note:
        beside.append(figure.note)
    return text + (f"  ({'; '.join(beside)})" if beside else "")


def table(figures: Iterable[Figure]) -> str:
    """The rows as text, by section, in the given order."""
    sections: dict[str, list[str]] = {}
    for figure in figures:
        sections.setdefault(figure.section, []).append(row(figure))
    return "\n\n".join("\n".join([name, *rows]) for name, rows in sections.items())


class Pair(Protocol):
    """One figure of ours and of a peer from the same run, as versus.py makes them; a ratio above 1
    favours us."""

    name: str
    unit: str
    mote: float
    peer: float
    ratio: float

    def as_json(self) -> dict[str, Any]:
        """All fields."""


def as_json(figures: Iterable[Figure], about: dict[str, str], pairs: Iterable[Pair] = ()) -> str:
    rows = {figure.key: {name: value for name, value in asdict(figure).items()
                         if name != "key" and value not in (None, "")} for figure in figures}
    told: dict[str, Any] = {"about": about, "figures": rows}
    if beside := [pair.as_json() for pair in pairs]:
        told["pairs"] = beside
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
