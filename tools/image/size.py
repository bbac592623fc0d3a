#!/usr/bin/env python3
"""Prints the bytes of the disk image, and of static memory, by part.

The linker's map shows each object file's share of each section of the kernel; loader and pack are
files of their own. The space between and behind them holds partition tables and FAT, and is
otherwise unused; the sum is the image. All that was optimized at link time is one object in the
map. The debug information (DWARF 4, 3.1) shows which source its sections come from: each unit names
the addresses of its functions and variables. A function that was inlined everywhere counts where it
is used.
"""

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base.errors import UserError  # noqa: E402

# Object files by part; the first match counts. All of boot/ and kernel/ is the exokernel.
PARTS = {
    "exokernel": re.compile(r"/obj/(boot|kernel)/"),
    "disks": re.compile(r"/obj/(drivers/(ahci|ide)/|drivers/virtio/(block|entropy|request|scsi)"
                        r"|volumes/|firmware/disks)"),
    "drivers": re.compile(r"/obj/drivers/"),
    "lwIP": re.compile(r"/obj/(.*/)?lwip/"),
    "netstack": re.compile(r"/obj/netstack/"),
    "HTTP": re.compile(r"/obj/http/"),
    "agent": re.compile(r"/obj/(agent|formats/json|formats/reader|firmware/agent)"),
    "settings": re.compile(r"/obj/(formats|firmware/settings)/"),
    "firmware": re.compile(r"/obj/firmware/"),
}
UNUSED = "alignment, tables, unused"
# The UEFI loader carries a kernel of its own, which is the other one once more.
KERNEL_AGAIN = "the kernel again, for UEFI"
NO_SOFTWARE = ("site pack", UNUSED, KERNEL_AGAIN)

# ld.lld -Map: VMA LMA Size Align, then an output section, an input section, or a symbol, each
# eight columns further in than the one before.
ROW = re.compile(r"\s*([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+ ( *)(\S.*)$")
INPUT = re.compile(r"(\S+):\((\S+)\)$")
LINK_TIME_OBJECT = ".lto.o"

# readelf --debug-dump=info: a unit's name, and the address of a function or variable in it.
UNIT = "(DW_TAG_compile_unit)"
NOTE = re.compile(r"DW_AT_(name) +: (?:\(.*\): )?(\S+)|DW_AT_(low_pc) +: 0x([0-9a-f]+)"
                  r"|\((DW_OP_addr): ([0-9a-f]+)\)")


@dataclass
class Sizes:
    """Bytes by part: in the file, and in memory that starts as zeros."""

    file: Counter[str] = field(default_factory=Counter)
    zero: Counter[str] = field(default_factory=Counter)


def part_of(object_file: str) -> str:
    for part, pattern in PARTS.items():
        if pattern.search(object_file):
            return part
    return "strings"


def read_sources(notes: Iterable[str]) -> dict[int, str]:
    """Address of a function or variable -> its object file's name, much as in the map."""
    sources: dict[int, str] = {}
    unit = ""
    for line in notes:
        if UNIT in line:
            unit = ""
        elif note := NOTE.search(line):
            if not note[1]:
                sources.setdefault(int(note[4] or note[6], 16), unit)
            elif not unit:
                unit = f"/obj/{note[2]}.o"
    return sources


def notes_of(kernel: Path) -> str:
    """An ELF file's debug information, as text."""
    try:
        return subprocess.run(["readelf", "--debug-dump=info", str(kernel)], check=True,
                              capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"{kernel}: readelf cannot read it: {error}") from None


def read_map(text: str, sources: dict[int, str]) -> Sizes:
    """Adds up the linker map's input sections, except those that the image leaves out."""
    sizes = Sizes()
    output = ""
    for line in text.splitlines():
        row = ROW.match(line)
        if not row:
            continue
        address, count, indent, name = int(row[1], 16), int(row[2], 16), len(row[3]), row[4]
        if indent == 0:
            output = name
        elif indent == 8 and (found := INPUT.match(name)) and is_loaded(output):
            from_object = found[1]
            if from_object.endswith(LINK_TIME_OBJECT):
                from_object = sources.get(address, from_object)
            into = sizes.zero if output == ".bss" else sizes.file
            into[part_of(from_object)] += count
    return sizes


def is_loaded(output_section: str) -> bool:
    return not output_section.startswith((".debug", ".symtab", ".strtab", ".shstrtab", ".comment"))


def image_parts(build_dir: Path) -> tuple[Counter[str], Counter[str]]:
    """Bytes of mote.img by part, adding up to its size, and zeroed memory by part."""
    try:
        sizes = read_map((build_dir / "kernel.map").read_text(),
                         read_sources(notes_of(build_dir / "kernel.elf").splitlines()))
        total = (build_dir / "mote.img").stat().st_size
        sizes.file["loader"] = (build_dir / "loader.bin").stat().st_size
        again = (build_dir / "uefi/kernel.bin").stat().st_size
        sizes.file["UEFI loader"] = (build_dir / "mote.efi").stat().st_size - again
        sizes.file[KERNEL_AGAIN] = again
        sizes.file["site pack"] = (build_dir / "site.pack").stat().st_size
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; build it with ninja image") from None
    sizes.file[UNUSED] = total - sizes.file.total()
    return sizes.file, sizes.zero


def rows(title: str, counts: Counter[str], order: list[str]) -> list[str]:
    """A table with the parts in the given order and the sum last."""
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
    order = ["loader", "UEFI loader", *PARTS, "strings", *reversed(NO_SOFTWARE)]
    print("\n".join(rows("disk image", file, order)))
    print()
    print("\n".join(rows("memory, zero at start", zero, order)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
