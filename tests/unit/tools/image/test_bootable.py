"""The kernel with its pack for PVH loaders, and which input is refused."""

import struct
from pathlib import Path

import pytest
from kernels import BASE, BSS_BYTES, DATA, DATA_AT, TEXT, elf, fill, loader

from tools.base.errors import UserError
from tools.image import bootable


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return fill(tmp_path)


def assemble(files: Path) -> None:
    """Makes an ELF, and reads the loader."""
    bootable.assemble_elf(files / "kernel.elf", files / "site.pack", files / "mote.elf")
    bootable.read_loader(files / "loader.bin")


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
        assemble(files)
    assert not (files / "mote.elf").exists()


@pytest.mark.parametrize("pack", [b"", b"MOTEPACK", b"PACKMOTE".ljust(4096)])
def test_refused_packs(files: Path, pack: bytes) -> None:
    (files / "site.pack").write_bytes(pack)
    with pytest.raises(UserError, match="not a site pack"):
        assemble(files)


def test_refused_when_memory_below_the_devices_cannot_hold_it(files: Path) -> None:
    with (files / "site.pack").open("r+b") as pack:
        pack.truncate(3 << 30)
    with pytest.raises(UserError, match="too many"):
        bootable.assemble_elf(files / "kernel.elf", files / "site.pack", files / "mote.elf")


@pytest.mark.parametrize("content", [b"", loader()[:-1], bytes(2048), loader()[512:]])
def test_refused_loaders(files: Path, content: bytes) -> None:
    (files / "loader.bin").write_bytes(content)
    with pytest.raises(UserError, match="loader"):
        assemble(files)


def test_missing_files_and_folders_are_named(files: Path) -> None:
    for name in ("kernel.elf", "loader.bin", "site.pack"):
        content = (files / name).read_bytes()
        (files / name).unlink()
        with pytest.raises(UserError, match=name):
            assemble(files)
        (files / name).write_bytes(content)
    with pytest.raises(UserError, match="nowhere"):
        bootable.assemble_elf(files / "kernel.elf", None, files / "nowhere" / "mote.elf")
