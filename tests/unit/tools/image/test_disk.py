"""The raw disk: what boot/sector.asm, boot/loader.asm, BIOSes and UEFI find in it."""

import struct
import subprocess
from pathlib import Path

import pytest
from kernels import BASE, BSS_BYTES, DATA, DATA_AT, TEXT, fill
from test_gpt import finds_nothing, said

from tools.base.errors import UserError
from tools.image import bootable, disk

FIRST = 40  # the first partition's sector


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return fill(tmp_path)


def raw(files: Path, pack: str | None = "site.pack", **options: int) -> bytes:
    firmware = disk.Firmware(files / "kernel.elf", files / "loader.bin", files / "mote.efi")
    disk.assemble_raw(firmware, files / pack if pack else None, files / "mote.img", **options)
    return (files / "mote.img").read_bytes()


def manifest_of(made: bytes) -> list[int]:
    return list(bootable.MANIFEST.unpack_from(made, FIRST * 512))


def partitions(image: Path) -> dict[str, tuple[int, int]]:
    """Name -> first and last sector, as gdisk tells."""
    rows = [line.split(maxsplit=6) for line in said("sgdisk", "-p", image).splitlines()]
    return {row[6]: (int(row[1]), int(row[2])) for row in rows if row and row[0].isdigit()}


def test_the_loader_finds_kernel_and_pack(files: Path) -> None:
    made = raw(files)
    (_, _, kernel_lba, kernel_sectors, total, totals, entry, image_end, pack_lba,
     pack_sectors) = manifest_of(made)
    flat = made[kernel_lba * 512:][:kernel_sectors * 512]
    assert flat == (TEXT.ljust(DATA_AT, b"\0") + DATA).ljust(3 * 4096, b"\0")
    assert entry == BASE + 16
    assert image_end == bootable.round_up(BASE + DATA_AT + len(DATA) + BSS_BYTES, 4096) + 4096
    assert pack_lba % 8 == 0 and pack_sectors == 16
    assert made[pack_lba * 512:][:8192] == (files / "site.pack").read_bytes()

    words = struct.unpack(f"<{len(flat) // 4}I", flat)
    assert total == sum(words) % 2**32
    assert totals == sum(word * (len(words) - place)
                         for place, word in enumerate(words)) % 2**32


def test_the_boot_sector_finds_the_loader(files: Path) -> None:
    made = raw(files)
    fields = struct.unpack_from("<HHHHHQ", made, 422)
    assert fields == (512, 16, 3, 0x7E00, 0, FIRST)
    assert made[440:446] == bytes(6) and made[510:512] == b"\x55\xaa"
    assert made[FIRST * 512:][:4] == b"MTLD"


def test_each_part_has_its_partition(files: Path) -> None:
    made = raw(files)
    finds_nothing(files / "mote.img")
    found = partitions(files / "mote.img")
    assert list(found) == ["mote boot", "EFI system", "mote site"]
    assert found["mote boot"][0] == FIRST
    first, last = found["mote site"]
    assert made[first * 512:(last + 1) * 512] == (files / "site.pack").read_bytes()
    assert manifest_of(made)[8] == first

    first, last = found["EFI system"]
    (files / "esp.img").write_bytes(made[first * 512:(last + 1) * 512])
    said("fsck.fat", "-n", files / "esp.img")
    loader = subprocess.run(["mtype", "-i", f"{files / 'mote.img'}@@{first * 512}",
                             "::/EFI/BOOT/BOOTX64.EFI"], capture_output=True, check=True,
                            timeout=60)
    assert loader.stdout == (files / "mote.efi").read_bytes()


def test_a_signed_loader_fits_in_place_of_ours(files: Path) -> None:
    raw(files)
    at = f"{files / 'mote.img'}@@{partitions(files / 'mote.img')['EFI system'][0] * 512}"
    (files / "signed.efi").write_bytes((files / "mote.efi").read_bytes() + bytes(60_000))
    said("mcopy", "-o", "-i", at, files / "signed.efi", "::/EFI/BOOT/BOOTX64.EFI")
    finds_nothing(files / "mote.img")


def test_a_disk_without_a_pack(files: Path) -> None:
    assert manifest_of(raw(files, None))[9] == 0
    assert list(partitions(files / "mote.img")) == ["mote boot", "EFI system"]
    finds_nothing(files / "mote.img")


def test_small_disks_have_a_whole_cylinder(files: Path) -> None:
    assert len(raw(files)) == bootable.round_up(16 * 63 * 512, 4096)
    finds_nothing(files / "mote.img")


@pytest.mark.parametrize("unit", [4096, 1 << 20])
def test_large_disks_end_with_the_pack(files: Path, unit: int) -> None:
    (files / "site.pack").write_bytes(b"MOTEPACK".ljust(1 << 20, b"."))
    made = raw(files, unit=unit)
    assert len(made) == bootable.round_up(manifest_of(made)[8] * 512 + (1 << 20) + 33 * 512, unit)
    finds_nothing(files / "mote.img")


def test_sectors_of_4_kib(files: Path) -> None:
    made = raw(files, sector_bytes=4096)
    shown = said("fdisk", "-b", "4096", "-lo", "Start,Sectors,Type", files / "mote.img")
    rows = [line.split(maxsplit=2) for line in shown.split("Start")[1].splitlines()[1:]]
    assert [row[2] for row in rows] == ["BIOS boot", "EFI System", "unknown"], shown
    assert not set(shown.split()) & {"mismatch", "corrupt"} and "not on the end" not in shown
    start, count = int(rows[1][0]) * 4096, int(rows[1][1]) * 4096
    (files / "esp.img").write_bytes(made[start:start + count])
    assert "4096 bytes per logical sector" in said("fsck.fat", "-nv", files / "esp.img")
    assert made[int(rows[2][0]) * 4096:][:8192] == (files / "site.pack").read_bytes()


def test_same_input_gives_the_same_bytes_and_no_litter(files: Path) -> None:
    first = raw(files)
    names = sorted(path.name for path in files.iterdir())
    assert raw(files) == first
    assert sorted(path.name for path in files.iterdir()) == names
    assert len(identifiers(files / "mote.img")) == 4
    one = identifiers(files / "mote.img")
    (files / "site.pack").write_bytes(b"MOTEPACK" + b"sitE" * 2046)
    raw(files)
    assert not one & identifiers(files / "mote.img")


def identifiers(image: Path) -> set[str]:
    """The disk's and the partitions' GUIDs."""
    words = said("sfdisk", "--dump", image).replace(",", " ").split()
    return {word for before, word in zip(["", *words], words) if before == "label-id:"} | {
        word for word in words if word.startswith("uuid=")}


def test_missing_files_and_folders_are_named(files: Path) -> None:
    for name in ("kernel.elf", "loader.bin", "mote.efi", "site.pack"):
        content = (files / name).read_bytes()
        (files / name).unlink()
        with pytest.raises(UserError, match=name):
            raw(files)
        (files / name).write_bytes(content)
    with pytest.raises(UserError, match="nowhere"):
        bootable.assemble_elf(files / "kernel.elf", None, files / "nowhere" / "mote.elf")
