"""Draws a transfer as time against sequence number, from a capture at its sender."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import plot

FILE_BYTES = 24
MAGIC = 0xA1B23C4D  # pcap with nanoseconds
RECORD = struct.Struct("<IIII")
SERVER = 80
SYN = 2
SACK = 5  # the option's kind (RFC 2018)
WIDTH, HEIGHT = 1080, 360
LEFT, RIGHT, TOP, FOOT = 80, 16, 58, 40
STYLE = plot.STYLE + """
.data, .again, .ack, .sack { fill: none; stroke-width: 2 }
.data { stroke: #1f6feb } .again { stroke: #cf222e; stroke-width: 3 }
.ack { stroke: #2da44e; stroke-width: 1 } .sack { stroke: #bf8700; stroke-width: 1 }"""
LEAST = 3.0  # pixels, so that a segment sent again can be seen
KEY = (("data", "data"), ("again", "sent again"), ("ack", "acknowledged"), ("sack", "SACK"))


@dataclass
class Transfer:
    """Sequence numbers relative to the sender's first, times in seconds after the SYN."""

    data: list[tuple[float, int, int]] = field(default_factory=list)  # from, to
    again: list[tuple[float, int, int]] = field(default_factory=list)
    acks: list[tuple[float, int]] = field(default_factory=list)
    sacks: list[tuple[float, int, int]] = field(default_factory=list)

    def end(self) -> tuple[float, int]:
        """The last time, and the highest number."""
        times = [one[0] for one in (*self.data, *self.again, *self.acks)]
        return max(times, default=1e-3), max([one[2] for one in self.data], default=1)


@dataclass(frozen=True)
class Segment:
    """What of a TCP segment matters here."""

    time: float
    source: int
    target: int
    sequence: int
    acknowledged: int
    flags: int
    length: int
    sacked: tuple[tuple[int, int], ...]


def segments(capture: bytes) -> Iterator[Segment]:
    """IPv4's TCP segments; only their headers are needed. A truncated last record is left out."""
    magic, = struct.unpack_from("<I", capture)
    if magic != MAGIC:
        raise ValueError("no capture of nanoseconds")
    at = FILE_BYTES
    while at + RECORD.size <= len(capture):
        seconds, nanos, kept, _ = RECORD.unpack_from(capture, at)
        frame = capture[at + RECORD.size:at + RECORD.size + kept]
        at += RECORD.size + kept
        if len(frame) < kept or kept < 54 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        total, = struct.unpack_from(">H", frame, 16)
        tcp = 14 + (frame[14] & 15) * 4
        source, target, sequence, acknowledged, offset, flags = struct.unpack_from(
            ">HHIIBB", frame, tcp)
        head = (offset >> 4) * 4
        yield Segment(seconds + nanos / 1e9, source, target, sequence, acknowledged, flags,
                      14 + total - tcp - head, sacked(frame[tcp + 20:tcp + head]))


def sacked(options: bytes) -> tuple[tuple[int, int], ...]:
    """The SACK option's blocks."""
    at = 0
    while at < len(options) and options[at]:
        if options[at] == 1:
            at += 1
            continue
        length = options[at + 1] if at + 1 < len(options) else 0
        if not 2 <= length <= len(options) - at:
            break
        if options[at] == SACK:
            words = struct.unpack_from(f">{(length - 2) // 4}I", options, at + 2)
            return tuple(zip(words[::2], words[1::2]))
        at += length
    return ()


def read(capture: bytes) -> Transfer:
    """The transfer of the client's port that the server sent the most to."""
    found = list(segments(capture))
    totals: dict[int, int] = {}
    for one in found:
        if one.source == SERVER:
            totals[one.target] = totals.get(one.target, 0) + one.length
    if not totals:
        raise ValueError("the capture has no response")
    port = max(totals, key=totals.__getitem__)
    made = Transfer()
    begun = base = None
    highest = 0
    for one in found:
        if port not in (one.source, one.target):
            continue
        begun = one.time if begun is None else begun
        time = one.time - begun
        if one.source == SERVER:
            if base is None and one.flags & SYN:
                base = one.sequence + 1
            if base is None or one.length == 0:
                continue
            start = relative(one.sequence, base)
            end = start + one.length
            (made.again if end <= highest else made.data).append((time, start, end))
            highest = max(highest, end)
        elif base is not None and not one.flags & SYN:
            made.acks.append((time, relative(one.acknowledged, base)))
            made.sacks += [(time, relative(left, base), relative(right, base))
                           for left, right in one.sacked]
    return made


def relative(number: int, base: int) -> int:
    """Behind the base, modulo 2^32; below it, negative."""
    return (number - base + (1 << 31)) % (1 << 32) - (1 << 31)


# --- Drawn ---

def steps(most: float, count: int = 8) -> list[float]:
    """Round numbers from 0 up to at most `most`, about `count` of them."""
    step = 10.0 ** -9
    while most / step > count:
        step *= 2 if str(f"{step:e}")[0] != "2" else 2.5
    return [step * at for at in range(int(most / step) + 1)]


def panel(title: str, transfer: Transfer, top: float) -> list[str]:
    last, highest = transfer.end()
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - FOOT
    floor = top + HEIGHT - FOOT

    def x(time: float) -> str:
        return f"{LEFT + wide * time / last:.1f}"

    def y(number: float) -> str:
        return f"{floor - high * min(number, highest) / highest:.1f}"

    def strokes(kind: str, parts: Sequence[tuple[float, int, int]], least: float = 0) -> str:
        unique = dict.fromkeys(
            f"M{x(time)} {y(start)}v{min(float(y(end)) - float(y(start)), -least):.1f}"
            for time, start, end in parts)
        return f'<path class="{kind}" d="{"".join(unique)}"/>' if unique else ""

    lines = [f'<text class="title" x="12" y="{top + 22:g}">{escape(title)}</text>']
    for number in steps(highest / 1024):
        lines += [f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(number * 1024)}" '
                  f'y2="{y(number * 1024)}"/>',
                  f'<text class="small" text-anchor="end" x="{LEFT - 6}" y="{y(number * 1024)}">'
                  f"{number:,g} KiB</text>"]
    lines += [f'<text class="small" text-anchor="middle" x="{x(time)}" y="{floor + 16:g}">'
              f"{time * 1000:,g} ms</text>" for time in steps(last)]
    stairs = "".join(f"H{x(time)}V{y(max(number, 0))}" for time, number in transfer.acks)
    stairs = stairs and f"M{x(transfer.acks[0][0])} {floor:.1f}{stairs}"
    lines += [strokes("sack", transfer.sacks), strokes("data", transfer.data),
              f'<path class="ack" d="{stairs}"/>' if stairs else "",
              strokes("again", transfer.again, LEAST)]
    return [line for line in lines if line]


def draw(panels: Sequence[tuple[str, Transfer]]) -> str:
    """One panel below the other, each with its own scales."""
    height = HEIGHT * len(panels) + 24
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" role="img" '
             'aria-label="Time and sequence numbers of transfers">', f"<style>{STYLE}</style>"]
    for at, (title, transfer) in enumerate(panels):
        lines += panel(title, transfer, at * HEIGHT)
    for at, (kind, words) in enumerate(KEY):
        left = LEFT + 150 * at
        lines += [f'<path class="{kind}" d="M{left} {height - 12}h20"/>',
                  f'<text class="small" x="{left + 26}" y="{height - 8}">{words}</text>']
    return "\n".join([*lines, "</svg>"]) + "\n"


def draw_files(captures: Sequence[tuple[str, Path]]) -> str:
    return draw([(title, read(path.read_bytes())) for title, path in captures])
