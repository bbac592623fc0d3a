"""The raw image: a disk that boots from BIOS and from UEFI.

    MBR         boot/sector.asm, which knows where the rest of the loader lies
    GPT         header and table
    mote boot   the rest of the BIOS loader, and the kernel as it lies in memory
    EFI system  a FAT volume with the UEFI loader, which has a kernel of its own
    mote site   the site pack
    GPT         the backup
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tools.base.errors import UserError
from tools.base.files import replacing
from tools.image import bootable, fat, gpt, pieces
from tools.image.bootable import SECTOR, round_up
from tools.image.gpt import BLOCK, Partition
from tools.image.pieces import Piece

# SeaBIOS reads the boot sector of NVMe disks by cylinder, head and sector, and divides the disk
# into whole cylinders of 16 x 63 sectors: a smaller disk has none, and does not boot.
LEAST_BYTES = 16 * 63 * SECTOR

# What boot/sector.asm finds in front of the MBR's table: the bytes of a sector, and the disk
# address packet by which the rest of the loader is read (EDD 3.0, 8.2).
BOOT_FIELDS = struct.Struct("<HHHHHQ")
BOOT_FIELDS_AT = 422
PACKET_BYTES = 16
LOADER_ADDRESS = 0x7C00 + SECTOR
CODE_BYTES = 440  # of the MBR
BOOT_SIGNATURE = b"\x55\xaa"

UEFI_PATH = "EFI/BOOT/BOOTX64.EFI"  # UEFI 2.10, 3.5.1.1
# Left free in the EFI system partition, so that a signed loader can take the place of ours.
SPARE = 64 * 1024


class Firmware(NamedTuple):
    """What the build makes for every image; a site is all that is added."""

    kernel: Path
    loader: Path
    uefi: Path | None = None


@dataclass(frozen=True)
class Disk:
    """A disk that is yet to be written: partitions, and contents but for the partition tables."""

    pieces: list[Piece]
    partitions: list[Partition]

    def size(self, unit: int, sector_bytes: int) -> int:
        """The disk's bytes, a multiple of the unit."""
        needed = gpt.disk_bytes(self.partitions, unit, sector_bytes)
        return max(needed, round_up(LEAST_BYTES, unit))


def assemble_raw(firmware: Firmware, pack: Path | None, out: Path, unit: int = BLOCK,
                 sector_bytes: int = SECTOR) -> None:
    """Writes a disk with a size that is a multiple of the unit, for sectors of so many bytes."""
    disk = plan_disk(firmware, pack, sector_bytes)
    size = disk.size(unit, sector_bytes)
    with replacing(out) as file:
        seed = pieces.write(disk.pieces, file)
        file.truncate(size)
        for at, content in gpt.tables(size, disk.partitions, seed, sector_bytes):
            file.seek(at)
            file.write(content)


def plan_disk(firmware: Firmware, pack: Path | None, sector_bytes: int) -> Disk:
    """Lays everything out, each on a boundary of 4 KiB."""
    kernel = bootable.read_kernel(firmware.kernel)
    pack_size = bootable.pack_bytes(pack, kernel)
    boot = BiosBoot.read(firmware.loader, kernel)
    partitions = [Partition(gpt.BIOS_BOOT, "mote boot", gpt.first_start(sector_bytes), boot.size)]
    laid: list[Piece] = []
    if firmware.uefi:
        volume, laid = system_partition(firmware.uefi, partitions[-1].end, sector_bytes)
        partitions.append(Partition(gpt.EFI_SYSTEM, "EFI system", partitions[-1].end, volume.size))
    site_at = partitions[-1].end
    if pack:
        partitions.append(Partition(gpt.MOTE_SITE, "mote site", site_at, pack_size))
        laid.append(Piece(site_at, pack))
    start = partitions[0].start
    laid.append(Piece(0, boot.sector(start // SECTOR)))
    laid.append(Piece(start, boot.content(start, site_at, pack_size)))
    return Disk(laid, partitions)


def system_partition(uefi: Path, at: int, sector_bytes: int) -> tuple[fat.Volume, list[Piece]]:
    """The EFI system partition, and the pieces of it on the disk."""
    try:
        loader = uefi.read_bytes()
    except OSError as error:
        raise UserError(f"{uefi}: {error.strerror}; build the UEFI loader first") from None
    volume = fat.Volume({UEFI_PATH: len(loader)}, SPARE, sector_bytes, hidden=at // sector_bytes)
    laid = [Piece(at + offset, content) for offset, content in volume.structures()]
    return volume, [*laid, Piece(at + volume.offset(UEFI_PATH), loader)]


@dataclass(frozen=True)
class BiosBoot:
    """Boot sector, loader and kernel, as BIOSes get them."""

    kernel: bootable.Kernel
    flat: bytes
    loader: bytes

    @classmethod
    def read(cls, loader: Path, kernel: bootable.Kernel) -> "BiosBoot":
        return cls(kernel, padded(kernel.flat()), bootable.read_loader(loader))

    @property
    def rest(self) -> bytes:
        """The loader behind its boot sector."""
        return padded(self.loader[SECTOR:])

    @property
    def size(self) -> int:
        """The bytes of loader and kernel."""
        return len(self.rest) + len(self.flat)

    def sector(self, lba: int, sector_bytes: int = SECTOR) -> bytes:
        """The boot sector, which loads the rest from a sector of the drive."""
        sectors = round_up(len(self.loader) - SECTOR, sector_bytes) // sector_bytes
        code = bytearray(self.loader[:CODE_BYTES])
        BOOT_FIELDS.pack_into(code, BOOT_FIELDS_AT, sector_bytes, PACKET_BYTES, sectors,
                              LOADER_ADDRESS, 0, lba)
        return bytes(code).ljust(SECTOR - len(BOOT_SIGNATURE), b"\0") + BOOT_SIGNATURE

    def content(self, at: int, site_at: int, pack_size: int) -> bytes:
        """Loader and kernel, which lie at these places with the site, all in bytes."""
        kernel_at = at + len(self.rest)
        manifest = bootable.manifest(self.kernel, self.flat, kernel_at // SECTOR,
                                     site_at // SECTOR, pack_size // SECTOR)
        return manifest + self.rest[len(manifest):] + self.flat


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK)
