"""The images: what boot/loader.asm and PVH loaders find in them, and which input is refused."""

import struct
from pathlib import Path

import pytest

from tools.base.errors import UserError
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


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a kernel, a loader and a pack of two pages."""
    (tmp_path / "kernel.elf").write_bytes(elf([
        (BASE, TEXT, len(TEXT)), (BASE + DATA_AT, DATA, len(DATA) + BSS_BYTES)]))
    (tmp_path / "loader.bin").write_bytes(loader())
    (tmp_path / "site.pack").write_bytes(b"MOTEPACK" + b"site" * 2046)
    return tmp_path


def raw(files: Path, pack: str | None = "site.pack") -> bytes:
    bootable.assemble_raw(files / "kernel.elf", files / "loader.bin",
                          files / pack if pack else None, files / "mote.img")
    return (files / "mote.img").read_bytes()


def manifest_of(disk: bytes) -> list[int]:
    return list(bootable.MANIFEST.unpack_from(disk, 512))


def test_elf_brings_the_pack_as_a_segment(files: Path) -> None:
    bootable.assemble_elf(files / "kernel.elf", files / "site.pack", files / "mote.elf")
    made = (files / "mote.elf").read_bytes()
    headers = [bootable.ProgramHeader._make(bootable.PROGRAM_HEADER.unpack_from(made, at))
               for at in range(64, 64 + 3 * 56, 56)]
    pack = headers[2]
    end = BASE + DATA_AT + len(DATA) + BSS_BYTES
    assert pack.paddr == pack.vaddr == bootable.round_up(end, 4096) + 4096
    assert pack.type == 1 and pack.flags == 4 and pack.offset % 4096 == 0
    assert pack.file_bytes == pack.memory_bytes == 8192
    assert made[pack.offset:] == (files / "site.pack").read_bytes()
    assert made[headers[0].offset:][:len(TEXT)] == TEXT
    assert b"debug sections" not in made
    assert struct.unpack_from("<Q", made, 40) == (0,) and made[60:64] == bytes(4)


def test_elf_without_a_pack_keeps_its_segments(files: Path) -> None:
    bootable.assemble_elf(files / "kernel.elf", None, files / "mote.elf")
    kernel = bootable.read_kernel(files / "mote.elf")
    assert [(load.paddr, load.file_bytes) for load in kernel.segments] == [
        (BASE, len(TEXT)), (BASE + DATA_AT, len(DATA))]


def test_raw_disk_as_the_loader_reads_it(files: Path) -> None:
    disk = raw(files)
    (_, _, kernel_lba, kernel_sectors, total, totals, entry, image_end, pack_lba,
     pack_sectors) = manifest_of(disk)
    flat = disk[kernel_lba * 512:][:kernel_sectors * 512]
    assert kernel_lba == 4
    assert flat == (TEXT.ljust(DATA_AT, b"\0") + DATA).ljust(len(flat), b"\0")
    assert len(flat) == bootable.round_up(DATA_AT + len(DATA), 512)
    assert entry == BASE + 16
    assert image_end == bootable.round_up(BASE + DATA_AT + len(DATA) + BSS_BYTES, 4096) + 4096
    assert pack_lba * 512 % 4096 == 0 and pack_sectors == 16
    assert disk[pack_lba * 512:][:8192] == (files / "site.pack").read_bytes()

    words = struct.unpack(f"<{len(flat) // 4}I", flat)
    assert total == sum(words) % 2**32
    assert totals == sum(word * (len(words) - place)
                         for place, word in enumerate(words)) % 2**32


def test_raw_disk_without_a_pack(files: Path) -> None:
    assert manifest_of(raw(files, None))[9] == 0


def test_partition_table(files: Path) -> None:
    disk = raw(files)
    assert disk[510:512] == b"\x55\xaa" and disk[440:444] != bytes(4)
    active, first_chs, kind, last_chs, first, sectors = struct.unpack_from("<B3sB3sII", disk, 446)
    assert (active, kind, first) == (0x80, 0xDA, 1)
    assert (first + sectors) * 512 == len(disk)
    assert first_chs == bytes([0, 2, 0]) and last_chs == bootable.chs(len(disk) // 512 - 1)
    assert disk[462:510] == bytes(48)


@pytest.mark.parametrize(("sector", "packed"), [
    (0, (0, 1, 0)), (62, (0, 63, 0)), (63, (1, 1, 0)), (255 * 63, (0, 1, 1)),
    (256 * 255 * 63, (0, 1 | 1 << 6, 0)), (1024 * 255 * 63 - 1, (254, 63 | 3 << 6, 255)),
    (1024 * 255 * 63, (254, 63 | 3 << 6, 255))])
def test_chs(sector: int, packed: tuple[int, int, int]) -> None:
    assert bootable.chs(sector) == bytes(packed)


def test_small_disks_have_a_whole_cylinder(files: Path) -> None:
    assert len(raw(files)) == 16 * 63 * 512


def test_large_disks_end_with_the_pack(files: Path) -> None:
    (files / "site.pack").write_bytes(b"MOTEPACK".ljust(1 << 20, b"."))
    disk = raw(files)
    assert len(disk) == manifest_of(disk)[8] * 512 + (1 << 20)


def test_same_input_gives_the_same_bytes_and_no_litter(files: Path) -> None:
    first = raw(files)
    names = sorted(path.name for path in files.iterdir())
    assert raw(files) == first
    assert sorted(path.name for path in files.iterdir()) == names
    (files / "site.pack").write_bytes(b"MOTEPACK" + b"sitE" * 2046)
    assert raw(files)[440:444] != first[440:444]


@pytest.mark.parametrize(("kernel", "words"), [
    (b"#!/bin/sh", "not an ELF file"),
    (elf([(BASE, TEXT, 1000)], machine=3), "not an ELF file"),
    (elf([(BASE, TEXT, 1000)])[:100], "not an ELF file"),
    (elf([(BASE, TEXT, 1000)], spare=False), "no spare program header"),
    (elf([]), "no segments"),
    (elf([(BASE, TEXT, 9000), (BASE + 4096, DATA, 20)]), "broken segment"),
    (elf([(BASE, TEXT, 1000)])[:0x1010], "broken segment")])
def test_refused_kernels(files: Path, kernel: bytes, words: str) -> None:
    (files / "kernel.elf").write_bytes(kernel)
    with pytest.raises(UserError, match=words):
        raw(files)
    assert not (files / "mote.img").exists()


@pytest.mark.parametrize("pack", [b"", b"MOTEPACK", b"PACKMOTE".ljust(4096)])
def test_refused_packs(files: Path, pack: bytes) -> None:
    (files / "site.pack").write_bytes(pack)
    with pytest.raises(UserError, match="not a site pack"):
        raw(files)


def test_refused_when_memory_below_the_devices_cannot_hold_it(files: Path) -> None:
    with (files / "site.pack").open("r+b") as pack:
        pack.truncate(3 << 30)
    with pytest.raises(UserError, match="too many"):
        bootable.assemble_elf(files / "kernel.elf", files / "site.pack", files / "mote.elf")


@pytest.mark.parametrize("content", [b"", loader()[:-1], bytes(2048), loader()[512:]])
def test_refused_loaders(files: Path, content: bytes) -> None:
    (files / "loader.bin").write_bytes(content)
    with pytest.raises(UserError, match="loader"):
        raw(files)


def test_missing_files_and_folders_are_named(files: Path) -> None:
    for name in ("kernel.elf", "loader.bin", "site.pack"):
        content = (files / name).read_bytes()
        (files / name).unlink()
        with pytest.raises(UserError, match=name):
            raw(files)
        (files / name).write_bytes(content)
    with pytest.raises(UserError, match="nowhere"):
        bootable.assemble_elf(files / "kernel.elf", None, files / "nowhere" / "mote.elf")
