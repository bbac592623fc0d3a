"""Kernels, loaders and packs made up for tests of images."""

import struct
from pathlib import Path

from tools.image import bootable

BASE = 0x100000
TEXT = bytes(range(256)) * 3
DATA = b"data" * 5
DATA_AT = 0x2000  # behind the text in memory, after a gap
BSS_BYTES = 0x5123


def elf(segments: list[tuple[int, bytes, int]], spare: bool = True, machine: int = 62) -> bytes:
    """An ELF of loaded segments (address, bytes, length in memory), and a spare header."""
    count = len(segments) + spare
    headers, body = b"", b""
    for address, content, size in segments:
        offset = 0x1000 + len(body)
        headers += bootable.PROGRAM_HEADER.pack(1, 5, offset, address, address, len(content), size,
                                                0x1000)
        body += content + bytes(-len(content) % 0x1000)
    headers += bootable.PROGRAM_HEADER.pack(0, 4, 0, 0, 0, 0, 0, 0) * spare
    start = bootable.ELF_HEADER.pack(b"\x7fELF", 2, 1, 1, 0, 0, 2, machine, 1, BASE + 16, 64,
                                     0x9999, 0, 64, 56, count, 64, 7, 6)
    return (start + headers).ljust(0x1000, b"\0") + body + b"debug sections"


def loader(sectors: int = 4) -> bytes:
    """A loader as NASM leaves it: a boot sector, then an empty manifest."""
    sector = bytes(510) + b"\x55\xaa"
    manifest = struct.pack("<II", bootable.MANIFEST_MAGIC, bootable.MANIFEST_VERSION)
    return (sector + manifest).ljust(sectors * 512, b"\0")


def fill(folder: Path) -> Path:
    """Puts a kernel, both loaders and a pack of two pages into a folder."""
    (folder / "kernel.elf").write_bytes(elf([
        (BASE, TEXT, len(TEXT)), (BASE + DATA_AT, DATA, len(DATA) + BSS_BYTES)]))
    (folder / "loader.bin").write_bytes(loader())
    (folder / "mote.efi").write_bytes(b"MZ" + bytes(range(251)) * 20)
    (folder / "site.pack").write_bytes(b"MOTEPACK" + b"site" * 2046)
    return folder
