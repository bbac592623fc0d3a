"""Reads kernel and BIOS loader, and joins kernel and site pack as an ELF for PVH loaders."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tools.base.errors import UserError
from tools.base.files import replacing
from tools.image.pieces import Piece, write

PAGE = 4096
KEPT = PAGE  # __kept in boot/kernel.ld
SECTOR = 512

# Loaders address the image with 32 bits, and PCs have their device windows from 3 GiB on.
MEMORY_LIMIT = 3 << 30

# ELF-64 object file format 1.5: file header and program header.
ELF_HEADER = struct.Struct("<4s5B7xHHIQQQIHHHHHH")
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
ELF_64, ELF_LITTLE_ENDIAN, ELF_X86_64 = 2, 1, 62
PT_NULL, PT_LOAD = 0, 1
PF_R = 4

# boot/loader.asm's Manifest, at the start of the loader behind its boot sector.
MANIFEST = struct.Struct("<10I")
MANIFEST_MAGIC = int.from_bytes(b"MTLD", "little")
MANIFEST_VERSION = 1

BOOT_SIGNATURE_AT = 510
BOOT_SIGNATURE = b"\x55\xaa"

PACK_MAGIC = b"MOTEPACK"


class ProgramHeader(NamedTuple):
    """One entry of an ELF's program header table, in the file's order of fields."""

    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    file_bytes: int
    memory_bytes: int
    align: int


@dataclass(frozen=True)
class Kernel:
    """The kernel's ELF, and its headers."""

    path: Path
    data: bytes
    entry: int
    headers_at: int
    headers: list[ProgramHeader]

    @property
    def segments(self) -> list[ProgramHeader]:
        """The loaded segments, by address."""
        loads = [header for header in self.headers if header.type == PT_LOAD]
        return sorted(loads, key=lambda header: header.paddr)

    @property
    def image_end(self) -> int:
        """The pack's address (the symbol __image_end): behind the kernel, and behind the page that
        outlives a reset, which no segment holds."""
        end = max(load.paddr + load.memory_bytes for load in self.segments)
        return round_up(end, PAGE) + KEPT

    def flat(self) -> bytes:
        """The segments as they lie in memory, without the zeros at the end, in whole sectors."""
        start = self.segments[0].paddr
        memory = bytearray()
        for load in self.segments:
            if load.file_bytes:
                memory += bytes(load.paddr - start - len(memory))
                memory += self.data[load.offset:load.offset + load.file_bytes]
        return bytes(memory) + bytes(-len(memory) % SECTOR)


def round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def read_kernel(path: Path) -> Kernel:
    """Reads an x86-64 ELF executable and checks what the outputs depend on."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; build the kernel first") from None
    try:
        (magic, width, order, _, _, _, _, machine, _, entry, headers_at, _, _, _,
         entry_bytes, count, _, _, _) = ELF_HEADER.unpack_from(data)
        right = (magic, width, order, machine, entry_bytes) == (
            b"\x7fELF", ELF_64, ELF_LITTLE_ENDIAN, ELF_X86_64, PROGRAM_HEADER.size)
        headers = [ProgramHeader._make(PROGRAM_HEADER.unpack_from(
            data, headers_at + index * PROGRAM_HEADER.size)) for index in range(count)]
    except struct.error:
        right = False
    if not right:
        raise UserError(f"{path}: not an ELF file for x86-64; build the kernel again")
    kernel = Kernel(path, data, entry, headers_at, headers)
    check_kernel(kernel)
    return kernel


def check_kernel(kernel: Kernel) -> None:
    """Refuses segments that overlap, lie outside the file, or leave no room for the pack."""
    end = 0
    for load in kernel.segments:
        if load.paddr < end or load.offset + load.file_bytes > len(kernel.data):
            raise UserError(f"{kernel.path}: broken segment at {load.paddr:#x}; build it again")
        end = load.paddr + load.memory_bytes
    if not kernel.segments or PT_NULL not in [header.type for header in kernel.headers]:
        raise UserError(f"{kernel.path}: no segments, or no spare program header for the site "
                        "pack; link it with boot/kernel.ld")


def pack_bytes(pack: Path | None, kernel: Kernel) -> int:
    """The length of a pack that is to follow the kernel, or 0 without one."""
    return pack_size(pack, MEMORY_LIMIT - kernel.image_end)


def pack_size(pack: Path | None, most: int) -> int:
    """The pack's length, or 0 without one; refuses a file that is no pack or can't be loaded."""
    if pack is None:
        return 0
    try:
        size = pack.stat().st_size
        with pack.open("rb") as file:
            magic = file.read(len(PACK_MAGIC))
    except OSError as error:
        raise UserError(f"{pack}: {error.strerror}; pack the site first") from None
    if magic != PACK_MAGIC or size % PAGE:
        raise UserError(f"{pack}: not a site pack; make it with tools/site/pack.py")
    if size > most:
        raise UserError(f"{pack}: {size >> 20} MiB are too many; kernel and site must fit into "
                        "memory below 3 GiB")
    return size


def assemble_elf(kernel_path: Path, pack: Path | None, out: Path) -> None:
    """Writes the kernel with the pack as one more segment, without symbols or debug sections."""
    kernel = read_kernel(kernel_path)
    size = pack_bytes(pack, kernel)
    end = max(header.offset + header.file_bytes for header in kernel.headers)
    body = bytearray(kernel.data[:end])
    fields = list(ELF_HEADER.unpack_from(body))
    fields[11] = fields[16] = fields[17] = fields[18] = 0  # no section headers
    ELF_HEADER.pack_into(body, 0, *fields)
    if size:
        body += bytes(-len(body) % PAGE)
        header = ProgramHeader(PT_LOAD, PF_R, len(body), kernel.image_end, kernel.image_end,
                               size, size, PAGE)
        spare = [header.type for header in kernel.headers].index(PT_NULL)
        PROGRAM_HEADER.pack_into(body, kernel.headers_at + spare * PROGRAM_HEADER.size, *header)
    pieces = [Piece(0, bytes(body)), *([Piece(len(body), pack)] if pack else [])]
    with replacing(out) as file:
        write(pieces, file)


def manifest(kernel: Kernel, flat: bytes, kernel_lba: int, pack_lba: int,
             pack_sectors: int) -> bytes:
    """What the BIOS loader must know, in sectors of 512 bytes whatever the drive's are."""
    return MANIFEST.pack(MANIFEST_MAGIC, MANIFEST_VERSION, kernel_lba, len(flat) // SECTOR,
                         *sums(flat, "I"), kernel.entry, kernel.image_end, pack_lba,
                         pack_sectors)


def read_loader(path: Path) -> bytes:
    """Reads the boot sector and loader as NASM made them."""
    try:
        loader = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; build the loader first") from None
    manifest = struct.pack("<II", MANIFEST_MAGIC, MANIFEST_VERSION)
    if (len(loader) % SECTOR or loader[SECTOR:SECTOR + len(manifest)] != manifest
            or loader[BOOT_SIGNATURE_AT:SECTOR] != BOOT_SIGNATURE):
        raise UserError(f"{path}: not this version's loader; build it again")
    return loader


def sums(flat: bytes, word_format: str) -> tuple[int, int]:
    """The two sums that a loader checks: of the words, and of the sum after each word."""
    word = struct.Struct(f"<{word_format}")
    mask = (1 << 8 * word.size) - 1
    total = totals = 0
    for (value,) in word.iter_unpack(flat):
        total = total + value & mask
        totals = totals + total & mask
    return total, totals
