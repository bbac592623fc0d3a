#!/usr/bin/env python3
"""Prints the bytes of the disk image, and of static memory, by part.

The linker's map tells how much each object file brought to each section of the kernel; loader and
pack are files of their own. What lies between and behind them is unused; the sum is the image.
"""

import argparse
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.errors import UserError  # noqa: E402

# Object files by part: the first that fits counts. Everything of boot/ and kernel/ is exokernel.
PARTS = {
    "exokernel": re.compile(r"/obj/(boot|kernel)/"),
    "drivers": re.compile(r"/obj/drivers/"),
    "lwIP": re.compile(r"/obj/(lwip/|netstack/lwip/)"),
    "netstack": re.compile(r"/obj/netstack/"),
    "HTTP": re.compile(r"/obj/http/"),
    "firmware": re.compile(r"/obj/firmware/"),
}
UNUSED = "alignment, unused"

# ld.lld -Map: VMA LMA Size Align, then an output section, an input section, or a symbol, each
# eight columns further in than the one before.
ROW = re.compile(r"\s*[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+ ( *)(\S.*)$")
INPUT = re.compile(r"(\S+):\((\S+)\)$")


@dataclass
class Sizes:
    """Bytes by part: in the file, and in memory that is zero at start."""

    file: Counter[str] = field(default_factory=Counter)
    zero: Counter[str] = field(default_factory=Counter)


def part_of(object_file: str) -> str:
    for part, pattern in PARTS.items():
        if pattern.search(object_file):
            return part
    return "strings"


def read_map(text: str) -> Sizes:
    """Adds up the linker map's input sections; those that no file keeps are left out."""
    sizes = Sizes()
    output = ""
    for line in text.splitlines():
        row = ROW.match(line)
        if not row:
            continue
        count, indent, name = int(row[1], 16), len(row[2]), row[3]
        if indent == 0:
            output = name
        elif indent == 8 and (found := INPUT.match(name)) and is_loaded(output):
            into = sizes.zero if output == ".bss" else sizes.file
            into[part_of(found[1])] += count
    return sizes


def is_loaded(output_section: str) -> bool:
    return not output_section.startswith((".debug", ".symtab", ".strtab", ".shstrtab", ".comment"))


def image_parts(build_dir: Path) -> tuple[Counter[str], Counter[str]]:
    """Bytes of mote.img by part, which add up to its size, and zeroed memory by part."""
    try:
        sizes = read_map((build_dir / "kernel.map").read_text())
        total = (build_dir / "mote.img").stat().st_size
        sizes.file["loader"] = (build_dir / "loader.bin").stat().st_size
        sizes.file["site pack"] = (build_dir / "site.pack").stat().st_size
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; build it with ninja image") from None
    sizes.file[UNUSED] = total - sizes.file.total()
    return sizes.file, sizes.zero


def rows(title: str, counts: Counter[str], order: list[str]) -> list[str]:
    """A table, parts in the given order and the sum last."""
    named = [part for part in order if counts[part]]
    named += [part for part in counts if part not in order and counts[part]]
    lines = [f"{title:<28}{'bytes':>12}"]
    lines += [f"  {part:<26}{counts[part]:>12,}" for part in named]
    return [*lines, f"  {'all':<26}{counts.total():>12,}"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints the image's bytes by part.")
    parser.add_argument("--build-dir", type=Path, default=Path("build"))
    options = parser.parse_args()
    try:
        file, zero = image_parts(options.build_dir)
    except UserError as error:
        print(f"size: {error}", file=sys.stderr)
        return 2
    order = ["loader", *PARTS, "strings", "site pack", UNUSED]
    print("\n".join(rows("disk image", file, order)))
    print()
    print("\n".join(rows("memory, zero at start", zero, order)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
