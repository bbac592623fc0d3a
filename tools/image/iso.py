"""A hybrid ISO: it boots as a disc and, written to a disk or stick as it is, from that.

xorriso makes an ISO 9660 volume of two files. One has boot sector, loader and kernel, and is El
Torito's image for BIOS, without emulation. The other is a FAT volume with the UEFI loader and the
site pack, and is El Torito's image for UEFI. The BIOS loader reads the pack where it lies in there.
Then, in the 32 KiB that ISO 9660 leaves to others, the volume gets a boot sector for BIOS and a GPT
with these files as partitions.
"""

import os
import struct
import subprocess
from pathlib import Path
from typing import BinaryIO

from tools.base.files import replacing
from tools.image import bootable, fat, gpt, pieces
from tools.image.bootable import SECTOR, round_up
from tools.image.disk import SPARE, UEFI_PATH, BiosBoot, Firmware
from tools.image.gpt import Partition
from tools.image.pieces import Piece

BLOCK = 2048  # of a disc
PACK_PATH = "mote/site.pack"  # where boot/uefi/pack_sources.cpp looks
BIOS_IMAGE, UEFI_IMAGE = "boot/bios.img", "boot/uefi.img"
LABEL = "MOTE"
EPOCH = 315532800  # 1980-01-01, as in the FAT volume

# El Torito 1.0: the boot record at block 17 names the catalog, whose first entries are the
# validation, BIOS's image, the header of a section, and UEFI's image.
BOOT_RECORD_AT = 17 * BLOCK
CATALOG_AT = BOOT_RECORD_AT + 0x47
ENTRY_BYTES = 32
BIOS_ENTRY, UEFI_ENTRY = 1, 3
COUNT_AT, PLACE_AT = 6, 8
MOST_SECTORS = 0xFFFF  # of 512 bytes, which an entry can tell
UP_TO_THE_END = 0  # what a larger image says; EDK II then takes all that follows for it


def write(firmware: Firmware, pack: Path, out: Path) -> None:
    """Writes the ISO; intermediate files go beside the pack."""
    kernel = bootable.read_kernel(firmware.kernel)
    pack_size = bootable.pack_bytes(pack, kernel)
    boot = BiosBoot.read(firmware.loader, kernel)
    tree = pack.parent / "iso"
    (tree / "boot").mkdir(parents=True)
    (tree / BIOS_IMAGE).write_bytes(bytes(BLOCK + boot.size))
    volume = write_volume(firmware, pack, tree / UEFI_IMAGE)
    made = pack.parent / "made.iso"
    run_xorriso(tree, made)
    with made.open("r+b") as file:
        bios_at, uefi_at = places(file, volume.size)
        pieces.write(boot_pieces(boot, bios_at, uefi_at + volume.offset(PACK_PATH), pack_size),
                     file)
    partitions = [Partition(gpt.BIOS_BOOT, "mote boot", bios_at + BLOCK, boot.size),
                  Partition(gpt.EFI_SYSTEM, "EFI system", uefi_at, volume.size)]
    size = round_up(made.stat().st_size + gpt.backup_bytes(SECTOR), gpt.BLOCK)
    with replacing(out) as file:
        seed = pieces.write([Piece(0, made)], file)
        file.truncate(size)
        pieces.write([Piece(*table) for table in gpt.tables(size, partitions, seed)], file)


def write_volume(firmware: Firmware, pack: Path, out: Path) -> fat.Volume:
    """Writes the FAT volume for UEFI, with loader and pack."""
    loader = firmware.uefi.read_bytes()
    volume = fat.Volume({UEFI_PATH: len(loader), PACK_PATH: pack.stat().st_size}, SPARE)
    laid = [Piece(*structure) for structure in volume.structures()]
    laid += [Piece(volume.offset(UEFI_PATH), loader), Piece(volume.offset(PACK_PATH), pack)]
    with out.open("wb") as file:
        pieces.write(laid, file)
        file.truncate(volume.size)
    return volume


def run_xorriso(tree: Path, out: Path) -> None:
    """Makes the volume, of the same bytes each time."""
    for path in [*tree.rglob("*"), tree]:
        os.utime(path, (EPOCH, EPOCH))
    command = ["xorriso", "-as", "mkisofs", "-quiet", "-V", LABEL, "-iso-level", "3", "-no-pad",
               "-b", BIOS_IMAGE, "-no-emul-boot", "-boot-load-size", str(BLOCK // SECTOR),
               "-eltorito-alt-boot", "-e", UEFI_IMAGE, "-no-emul-boot", "-o", out, tree]
    result = subprocess.run(command, text=True, capture_output=True, check=False,
                            env=os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH), "TZ": "UTC"})
    if result.returncode != 0:
        said = [line for line in result.stderr.splitlines() if "FAILURE" in line or
                "FATAL" in line] or result.stderr.splitlines() or ["no message"]
        raise RuntimeError(f"iso image: xorriso: {said[0].strip()}")


def places(file: BinaryIO, uefi_bytes: int) -> tuple[int, int]:
    """Where El Torito's two images lie, in bytes; lets UEFI's say how long it is."""
    file.seek(CATALOG_AT)
    (catalog,) = struct.unpack("<I", file.read(4))
    file.seek(catalog * BLOCK)
    entries = file.read(BLOCK)
    found = [struct.unpack_from("<I", entries, number * ENTRY_BYTES + PLACE_AT)[0] * BLOCK
             for number in (BIOS_ENTRY, UEFI_ENTRY)]
    sectors = uefi_bytes // SECTOR
    file.seek(catalog * BLOCK + UEFI_ENTRY * ENTRY_BYTES + COUNT_AT)
    file.write(struct.pack("<H", sectors if sectors <= MOST_SECTORS else UP_TO_THE_END))
    return found[0], found[1]


def boot_pieces(boot: BiosBoot, bios_at: int, pack_at: int, pack_size: int) -> list[Piece]:
    """The two boot sectors, and loader and kernel behind the disc's."""
    rest_at = bios_at + BLOCK
    return [Piece(0, boot.sector(rest_at // SECTOR)),
            Piece(bios_at, boot.sector(rest_at // BLOCK, BLOCK)),
            Piece(rest_at, boot.content(rest_at, pack_at, pack_size))]
