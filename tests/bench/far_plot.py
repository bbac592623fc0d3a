"""Draws what ./mote bench --far measured: for each line and size a mark for each sender, on one
logarithmic scale of time."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

import plot

if TYPE_CHECKING:
    from far import Cell

WIDTH, LABELS, RIGHT = 1080, 330, 24
TOP, ROW, GAP, FOOT = 84, 18, 10, 40
COLOURS = {"mote": "#1f6feb", "cubic": "#bf8700", "bbr": "#2da44e"}
STYLE = plot.STYLE + "".join(f"\n.{name} {{ fill: {colour} }}" for name, colour in COLOURS.items())


def ticks(least: float, most: float) -> list[float]:
    """1, 2 and 5 times powers of ten, from one not above the least to one not below the most."""
    found = [digit * 10.0 ** power for power in range(-1, 7) for digit in (1, 2, 5)]
    low = max([tick for tick in found if tick <= least], default=found[0])
    high = min([tick for tick in found if tick >= most], default=found[-1])
    return [tick for tick in found if low <= tick <= max(high, low * 2)]


def told(ms: float) -> str:
    return f"{ms / 1000:g} s" if ms >= 1000 else f"{ms:g} ms"


def draw(cells: Sequence["Cell"], names: dict[str, str]) -> str:
    times = [cell.ms(name) for cell in cells for name in names]
    marks = ticks(min(times, default=1), max(times, default=1))
    span = math.log(marks[-1] / marks[0])
    groups = sum(1 for at, cell in enumerate(cells) if at and cell.line != cells[at - 1].line)
    height = TOP + ROW * len(cells) + GAP * groups + FOOT

    def x(ms: float) -> float:
        return LABELS + (WIDTH - LABELS - RIGHT) * math.log(ms / marks[0]) / span

    title = "Downloads over long lines: time from the first SYN to the last byte"
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
             f"<style>\n{STYLE}\n</style>",
             f'<text class="title" x="12" y="24">{escape(title)}</text>']
    for at, (name, words) in enumerate(names.items()):
        left = 18 + 150 * at
        lines += [f'<circle class="{name}" cx="{left}" cy="44" r="5"/>',
                  f'<text class="small" x="{left + 10}" y="48">{escape(words)}</text>']
    for mark in marks:
        lines += [f'<line class="grid" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{TOP - 8}" '
                  f'y2="{height - FOOT + 8}"/>',
                  f'<text class="small" text-anchor="middle" x="{x(mark):.1f}" y="{TOP - 14}">'
                  f"{told(mark)}</text>"]
    lines += rows(cells, names, x)
    lines += [f'<text class="small" x="12" y="{height - 12}">one run of ./mote bench --far; QEMU '
              "without KVM, so compare only within it</text>", "</svg>"]
    return "\n".join(lines) + "\n"


def rows(cells: Sequence["Cell"], names: dict[str, str], x: Callable[[float], float]) -> list[str]:
    lines: list[str] = []
    y = TOP
    for at, cell in enumerate(cells):
        first = at == 0 or cell.line != cells[at - 1].line
        y += GAP if first and at else 0
        label = f"{cell.line.title()}: {cell.size}" if first else cell.size
        times = [x(cell.ms(name)) for name in names]
        lines += [f'<text text-anchor="end" x="{LABELS - 12}" y="{y + 9}">{escape(label)}</text>',
                  f'<line class="grid" x1="{min(times):.1f}" x2="{max(times):.1f}" y1="{y + 5}" '
                  f'y2="{y + 5}"/>']
        lines += [f'<circle class="{name}" cx="{x(cell.ms(name)):.1f}" cy="{y + 5}" r="5"/>'
                  for name in reversed(list(names))]
        y += ROW
    return lines
