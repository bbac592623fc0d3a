#!/usr/bin/env python3
"""Writes C++ that compiles only if boot/ and kernel/boot_info.hpp agree on the boot ABI.

Each member of NASM's structures must have C++'s offset and size, and the constants in CONSTANTS
must be equal.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base.errors import one_line  # noqa: E402

# NASM's constant -> the C++ expression that it must equal.
CONSTANTS = {
    "kBootWayBios": "static_cast<unsigned>(mote::BootWay::kBios)",
    "kBootWayPvh": "static_cast<unsigned>(mote::BootWay::kPvh)",
    "kBootWayUefi": "static_cast<unsigned>(mote::BootWay::kUefi)",
    "kUsableRam": "mote::MemoryRange::kUsableRam",
    "kCommandLineBytes": "mote::BootInfo::kMaxCommandLine + 1",
    "kTimerVector": "mote::vector::kTimer",
}
STRUCTURES = ("BootInfo", "MemoryRange")
BYTES = {"b": 1, "w": 2, "d": 4, "q": 8}


@dataclass
class Layout:
    """NASM's view: structures as members with offset and size, and plain constants."""

    structures: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)


def read(text: str, layout: Layout) -> None:
    """Reads one source: `struc … endstruc` (NASM's manual, 5.9.1) and `NAME equ NUMBER`."""
    members: dict[str, tuple[int, int]] | None = None
    at = 0
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split(";")[0].strip()
        if found := re.fullmatch(r"struc\s+(\w+)", code):
            members, at = layout.structures.setdefault(found[1], {}), 0
        elif code == "endstruc":
            members = None
        elif members is not None and code:
            found = re.fullmatch(r"\.(\w+):\s*res([bwdq])\s+(\d+)", code)
            if not found:
                raise RuntimeError(f"line {number}: {code}: write a member as `.name: resd 1`")
            size = BYTES[found[2]] * int(found[3])
            members[found[1]] = (at, size)
            at += size
        elif found := re.fullmatch(r"(\w+)\s+equ\s+(0x[0-9A-Fa-f]+|\d+)", code):
            layout.constants[found[1]] = found[2]


def checks(layout: Layout) -> Iterator[str]:
    """The lines of the C++ source."""
    yield "// Compiles only if boot/ and kernel/boot_info.hpp agree. By tools/build/boot_layout.py."
    yield '#include "kernel/boot_info.hpp"'
    yield '#include "kernel/interrupts/vectors.hpp"\n'
    for name in STRUCTURES:
        members = layout.structures.get(name)
        if not members:
            raise RuntimeError(f"there is no structure {name} any more")
        for member, (at, size) in members.items():
            yield f"static_assert(offsetof(mote::{name}, {member}) == {at});"
            yield f"static_assert(sizeof(mote::{name}::{member}) == {size});"
        yield f"static_assert(sizeof(mote::{name}) == {sum(size for _, size in members.values())});"
    for name, value in CONSTANTS.items():
        if name not in layout.constants:
            raise RuntimeError(f"there is no constant {name} any more")
        yield f"static_assert({value} == {layout.constants[name]}, \"{name}\");"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Checks boot/ against kernel/boot_info.hpp.")
    parser.add_argument("sources", type=Path, nargs="+", metavar="SOURCE")
    parser.add_argument("-o", dest="out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args(arguments)
    layout = Layout()
    path = options.sources[0]
    try:
        for path in options.sources:
            read(path.read_text(), layout)
        text = "\n".join(checks(layout)) + "\n"
    except RuntimeError as error:
        print(f"boot_layout: {path}: {one_line(error)}", file=sys.stderr)
        return 1
    options.out.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
