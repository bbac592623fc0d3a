"""Draws how many times less Mote needs than a peer, as an SVG of plain bars and words."""

import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from figures import Figure, Pair, number

PEERS = Path(__file__).with_name("peers.toml")
TITLES = {
    "get_64": "GET of 1 KiB, kept alive: instructions",
    "get_each": "GET, a connection each: instructions",
    "mebibyte": "1 MiB of a file: instructions",
    "ping_56": "ping: instructions",
    "boot_q35_pvh_answer": "reset to first 200: instructions",
    "start_q35_pvh": "QEMU's start to first 200: ms",
    "memory_pc_pvh": "smallest VM: MiB",
    "image_software": "software: bytes",
}

TITLE = "How many times less Mote needs than {}"
# Room for fonts a quarter wider than the one that it was drawn with.
WIDTH, LABELS, NUMBERS = 1080, 470, 240
TOP, ROW, BAR = 84, 30, 18
FOOT = 40
STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 }
.small { font-size: 11px; fill: #57606a }
.bar { fill: #1f6feb }
.behind { fill: #cf222e }
.grid { stroke: #d0d7de; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .small { fill: #8d96a0 } .grid { stroke: #3d444d }
}"""


@dataclass(frozen=True)
class Bar:
    """One row: how many times better, and the two figures behind it."""

    title: str
    mote: float
    peer: float
    ratio: float


def bars_of(figures: Iterable[Figure], peer: dict[str, float]) -> list[Bar]:
    """The figures that both have, in TITLES' order; for all of these, less is better."""
    ours = {figure.key: figure.value for figure in figures if figure.value}
    return [Bar(title, ours[key], peer[key], peer[key] / ours[key])
            for key, title in TITLES.items() if key in ours and key in peer]


def ticks(most: float) -> list[int]:
    """1, 2, 5, 10 … up to the first that reaches the longest bar."""
    found = [1]
    while found[-1] < most:
        digit = str(found[-1])[0]
        found.append(found[-1] * 5 // 2 if digit == "2" else found[-1] * 2)
    return found


def short(value: float) -> str:
    """A number of three digits or more that fits in its column: millions as such."""
    return f"{value / 1e6:,.3g} million" if value >= 1e6 else number(value)


def svg(title: str, peer: str, bars: list[Bar], source: str) -> str:
    marks = ticks(max([bar.ratio for bar in bars], default=1) * 1.001)
    width = WIDTH - LABELS - NUMBERS
    height = TOP + ROW * len(bars) + FOOT

    def x(ratio: float) -> float:
        return LABELS + width * math.log(max(ratio, 1)) / math.log(marks[-1])

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
             f"<style>\n{STYLE}\n</style>",
             f'<text class="title" x="12" y="24">{escape(title)}</text>',
             '<text class="small" x="12" y="42">For rates: how many times more it serves. A longer '
             "bar is better for Mote.</text>",
             f'<text class="small" text-anchor="end" x="{WIDTH - 12}" y="{TOP - 14}">'
             f"{escape(peer)} → Mote</text>"]
    for mark in marks:
        lines += [f'<line class="grid" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{TOP - 8}" '
                  f'y2="{TOP + ROW * len(bars)}"/>',
                  f'<text class="small" text-anchor="middle" x="{x(mark):.1f}" y="{TOP - 14}">'
                  f"{mark}×</text>"]
    for index, bar in enumerate(bars):
        y = TOP + ROW * index
        behind = bar.ratio < 1  # no length on this scale: a red mark at the start
        kind, end = ("behind", LABELS + 3.0) if behind else ("bar", x(bar.ratio))
        lines += [f'<text text-anchor="end" x="{LABELS - 10}" y="{y + 14}">{escape(bar.title)}'
                  "</text>",
                  f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{max(end - LABELS, 3):.1f}" '
                  f'height="{BAR}" rx="2"/>',
                  f'<text x="{end + 8:.1f}" y="{y + 14}">{bar.ratio:.3g}×</text>',
                  f'<text class="small" text-anchor="end" x="{WIDTH - 12}" y="{y + 14}">'
                  f"{short(bar.peer)} → {short(bar.mote)}</text>"]
    lines += [f'<text class="small" x="12" y="{height - 12}">{escape(source)}</text>', "</svg>"]
    return "\n".join(lines) + "\n"


def draw(figures: Iterable[Figure], pairs: Iterable[Pair] = ()) -> str:
    """Compares figures with a peer's from the same run, or else with stored ones."""
    bars = [Bar(f"{pair.name}: {pair.unit}", pair.mote, pair.peer, pair.ratio) for pair in pairs]
    if bars:
        return svg(TITLE.format("Linux with nginx"), "Linux, nginx", bars,
                   "one run of ./mote bench --vs nginx --plot; QEMU 7.2 without KVM")
    peer = tomllib.loads(PEERS.read_text())["linux"]
    return svg(TITLE.format(peer["name"]), peer["name"], bars_of(figures, peer),
               "QEMU 7.2 without KVM; the peer's figures: tests/bench/peers.toml")
