#!/usr/bin/env python3
"""Writes what Ninja's target `image` makes: the ELF for PVH loaders, and the raw disk."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.base.errors import UserError  # noqa: E402  (the path above makes it importable)
from tools.image import bootable, disk  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", type=Path, required=True, help="the linked kernel, an ELF")
    parser.add_argument("--loader", type=Path, required=True, help="boot sector and BIOS loader")
    parser.add_argument("--uefi", type=Path, help="the UEFI loader; without it, BIOS alone")
    parser.add_argument("--pack", type=Path, help="the site pack; without it, no site")
    parser.add_argument("--elf", type=Path, help="write an ELF for PVH loaders here")
    parser.add_argument("--raw", type=Path, help="write a raw disk here")
    options = parser.parse_args()
    firmware = disk.Firmware(options.kernel, options.loader, options.uefi)
    try:
        if options.elf:
            bootable.assemble_elf(options.kernel, options.pack, options.elf)
        if options.raw:
            disk.assemble_raw(firmware, options.pack, options.raw)
    except UserError as error:
        print(f"image: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
