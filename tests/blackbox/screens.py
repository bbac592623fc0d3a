"""Reads a framebuffer's text back from a picture of the screen, by the font itself."""

import re
from pathlib import Path

from images import ROOT

FONT = ROOT / "kernel/console/font.hpp"
WIDTH, HEIGHT = 5, 8
CELL_WIDTH, CELL_HEIGHT = 6, 10
IN_STRIP = 16

Glyph = tuple[str, ...]


def font() -> dict[Glyph, str]:
    """Each glyph of the font's drawing, as its rows, with its character."""
    drawing = re.search(r'R"\(\n(.*?)\)"', FONT.read_text(), re.S)[1]
    glyphs: dict[Glyph, str] = {}
    for strip, text in enumerate(drawing.split("\n\n")):
        rows = text.splitlines()
        for index in range(IN_STRIP):
            left = index * (WIDTH + 1)
            glyph = tuple(row[left:left + WIDTH] for row in rows)
            glyphs.setdefault(glyph, chr(ord(" ") + strip * IN_STRIP + index))
    return glyphs


def read(picture: Path) -> list[str]:
    """The lines of text in a picture (PPM, as QEMU's screendump makes it)."""
    kind, size, _, pixels = picture.read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    assert kind == b"P6" and len(pixels) == 3 * width * height
    scale = max((width + 320) // 640, 1)
    glyphs = font()

    def lit(x: int, y: int) -> str:
        return "#" if pixels[3 * (y * width + x)] > 0x7F else "."

    lines = []
    for top in range(0, height - CELL_HEIGHT * scale + 1, CELL_HEIGHT * scale):
        line = ""
        for left in range(0, width - CELL_WIDTH * scale + 1, CELL_WIDTH * scale):
            glyph = tuple("".join(lit(left + x * scale, top + (y + 1) * scale)
                                  for x in range(WIDTH)) for y in range(HEIGHT))
            line += glyphs.get(glyph, "\N{REPLACEMENT CHARACTER}")
        lines.append(line.rstrip())
    return lines
