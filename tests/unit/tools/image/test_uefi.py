"""A pack as one more section of the UEFI loader."""

import struct
from pathlib import Path

import pytest

from tools.base.errors import UserError
from tools.image import uefi

HEADERS = 0x400
PACK = b"MOTEPACK" + bytes(8192 - 8)


def loader(sections: int = 2, header_bytes: int = HEADERS) -> bytes:
    """An application with this many sections of 512 bytes, as far as its headers tell."""
    coff = struct.pack("<HHIIIHH", 0x8664, sections, 0, 0, 0, 240, 0x22)
    optional = bytearray(struct.pack("<H", 0x20B).ljust(240, b"\0"))
    struct.pack_into("<I", optional, 8, 0x600)
    struct.pack_into("<II", optional, 32, 0x1000, 0x200)
    struct.pack_into("<II", optional, 56, 0x1000 * (sections + 1), header_bytes)
    table = b"".join(uefi.SECTION.pack(b".text", 0x123, 0x1000 * (at + 1), 0x200,
                                       HEADERS + 0x200 * at, 0, 0, 0, 0, 0x60000020)
                     for at in range(sections))
    start = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
    headers = start.ljust(0x80, b"\0") + b"PE\0\0" + coff + optional + table
    return headers.ljust(HEADERS, b"\0") + b"code" * 128 * sections


def assemble(folder: Path, made: bytes, pack: bytes | None = PACK) -> bytes:
    (folder / "mote.efi").write_bytes(made)
    if pack is not None:
        (folder / "site.pack").write_bytes(pack)
    uefi.assemble_efi(folder / "mote.efi", folder / "site.pack" if pack else None,
                      folder / "out.efi")
    return (folder / "out.efi").read_bytes()


def test_the_pack_is_the_last_section(tmp_path: Path) -> None:
    made = loader()
    out = assemble(tmp_path, made)
    assert out[len(made):] == PACK
    assert struct.unpack_from("<H", out, 0x86)[0] == 3
    optional = 0x80 + 24
    name, virtual_bytes, at, raw_bytes, raw_at, *_, flags = uefi.SECTION.unpack_from(
        out, optional + 240 + 2 * 40)
    assert (name, virtual_bytes, at) == (b".pack\0\0\0", len(PACK), 0x3000)
    assert (raw_bytes, raw_at, flags) == (len(PACK), len(made), 0x40000040)
    assert struct.unpack_from("<I", out, optional + 56)[0] == 0x3000 + len(PACK)
    assert struct.unpack_from("<I", out, optional + 8)[0] == 0x600 + len(PACK)
    same = [at for at in range(len(made)) if made[at] != out[at]]
    assert all(at < HEADERS for at in same) and assemble(tmp_path, made) == out


def test_without_a_pack_it_stays_as_it_is(tmp_path: Path) -> None:
    assert assemble(tmp_path, loader(), None) == loader()


@pytest.mark.parametrize("made", [
    b"", b"MZ", loader()[:0x90], b"MZ" + bytes(1000), loader(header_bytes=0x1A0),
    loader().replace(b"PE\0\0", b"NE\0\0"), loader().replace(b"\x64\x86", b"\x4c\x01")])
def test_a_loader_that_is_none_is_refused(tmp_path: Path, made: bytes) -> None:
    with pytest.raises(UserError, match="mote.efi: not this version's loader"):
        assemble(tmp_path, made)


def test_what_is_missing_or_no_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="build the loader first"):
        uefi.assemble_efi(tmp_path / "nothing", None, tmp_path / "out.efi")
    with pytest.raises(UserError, match="not a site pack"):
        assemble(tmp_path, loader(), b"a page of something else")
