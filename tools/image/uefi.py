"""Puts a site pack into the UEFI loader: one file for HTTP boot, iPXE and `qemu -kernel`."""

import struct
from pathlib import Path

from tools.base.errors import UserError
from tools.base.files import replacing
from tools.image.bootable import pack_size, round_up
from tools.image.pieces import Piece, write

# Microsoft PE and COFF Specification 8.3: where things are.
NEW_HEADER_AT = 0x3C
SIGNATURE = b"PE\0\0"
COFF_HEADER = struct.Struct("<HHIIIHH")  # 2.3: machine, sections, ..., optional header's bytes
X86_64 = 0x8664
OPTIONAL_MAGIC = 0x20B  # 2.4: PE32+; then offsets from the optional header's beginning
INITIALIZED_BYTES_AT = 8
SECTION_ALIGNMENT_AT, FILE_ALIGNMENT_AT = 32, 36
IMAGE_BYTES_AT, HEADER_BYTES_AT = 56, 60
SECTION = struct.Struct("<8sIIIIIIHHI")  # 3
INITIALIZED_DATA, READABLE = 0x40, 0x40000000

# Firmware loads the file as a whole, and the pack within it must lie below 4 GiB.
MOST_BYTES = 3 << 30


def number(data: bytes, at: int) -> int:
    return struct.unpack_from("<I", data, at)[0]


def assemble_efi(loader: Path, pack: Path | None, out: Path) -> None:
    """Writes the loader with the pack as one more section, `.pack`, which it finds by that name."""
    try:
        data = bytearray(loader.read_bytes())
    except OSError as error:
        raise UserError(f"{loader}: {error.strerror}; build the loader first") from None
    if size := pack_size(pack, MOST_BYTES):
        try:
            add_section(data, b".pack", size)
        except (struct.error, ValueError):
            raise UserError(f"{loader}: not this version's loader; build it again") from None
    with replacing(out) as file:
        write([Piece(0, bytes(data)), *([Piece(len(data), pack)] if pack else [])], file)


def add_section(data: bytearray, name: bytes, size: int) -> None:
    """Adds a section's header; its contents are to follow the data, which this pads."""
    coff = number(data, NEW_HEADER_AT) + len(SIGNATURE)
    machine, count, *_, optional_bytes, _ = COFF_HEADER.unpack_from(data, coff)
    optional = coff + COFF_HEADER.size
    at = optional + optional_bytes + count * SECTION.size
    if machine != X86_64 or data[coff - len(SIGNATURE):coff] != SIGNATURE \
            or struct.unpack_from("<H", data, optional)[0] != OPTIONAL_MAGIC \
            or at + SECTION.size > number(data, optional + HEADER_BYTES_AT):
        raise ValueError
    data += bytes(-len(data) % number(data, optional + FILE_ALIGNMENT_AT))
    start = number(data, optional + IMAGE_BYTES_AT)
    SECTION.pack_into(data, at, name, size, start, size, len(data), 0, 0, 0, 0,
                      INITIALIZED_DATA | READABLE)
    struct.pack_into("<H", data, coff + 2, count + 1)
    end = round_up(start + size, number(data, optional + SECTION_ALIGNMENT_AT))
    struct.pack_into("<I", data, optional + IMAGE_BYTES_AT, end)
    initialized = number(data, optional + INITIALIZED_BYTES_AT)
    struct.pack_into("<I", data, optional + INITIALIZED_BYTES_AT, initialized + size)
