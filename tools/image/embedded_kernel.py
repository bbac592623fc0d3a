"""Writes the kernel as the UEFI loader carries it (boot/uefi/embedded_kernel.hpp)."""

import argparse
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.base.errors import UserError  # noqa: E402  (the path above makes it importable)
from tools.image import bootable  # noqa: E402

# Magic, bytes, start, end of the image, entry, zero; sum and sum of sums.
HEADER = struct.Struct("<6I2Q")
MAGIC = int.from_bytes(b"MTKL", "little")


def embedded(kernel: bootable.Kernel) -> bytes:
    """Header and memory."""
    flat = kernel.flat()
    total, totals = bootable.sums(flat, "Q")
    return HEADER.pack(MAGIC, len(flat), kernel.segments[0].paddr, kernel.image_end, kernel.entry,
                       0, total, totals) + flat


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernel", type=Path, help="the linked kernel, an ELF")
    parser.add_argument("-o", dest="out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    try:
        options.out.write_bytes(embedded(bootable.read_kernel(options.kernel)))
    except UserError as error:
        print(f"embedded_kernel: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
