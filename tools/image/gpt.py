"""The partition tables of a disk: GPT (UEFI 2.10, 5.3) behind a protective MBR (5.2.3)."""

import struct
import uuid
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SECTOR = 512
BLOCK = 4096  # the sectors of disks that have larger ones; partitions lie on its multiples

SIGNATURE = b"EFI PART"
REVISION = 0x00010000
HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
ENTRY = struct.Struct("<16s16sQQQ72s")
ENTRIES = 128
TABLE_BYTES = ENTRIES * ENTRY.size  # 16 KiB, the least that must be kept for it

# Types of partitions (UEFI 2.10, table 5-7, and GRUB's manual), and one of our own.
EFI_SYSTEM = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
BIOS_BOOT = uuid.UUID("21686148-6449-6e6f-744e-656564454649")
MOTE_SITE = uuid.UUID("89f0b4f1-6a3c-4d53-9c2e-1f7a5be0d8c6")

# The master boot record (UEFI 2.10, 5.2.1) and its protective partition (5.2.3).
PARTITION_AT = 446
PROTECTIVE = 0xEE
NOT_IN_CHS = b"\xff\xff\xff"
HEADS, TRACK_SECTORS, CYLINDERS = 255, 63, 1024  # BIOSes' geometry for large disks


@dataclass(frozen=True)
class Partition:
    """A partition: where it lies on the disk, in bytes, and what it is."""

    type: uuid.UUID
    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


def first_usable(sector_bytes: int) -> int:
    """Where partitions may begin, in bytes: behind MBR, header and table."""
    return 2 * sector_bytes + TABLE_BYTES


def first_start(sector_bytes: int) -> int:
    """Where the first partition begins: on a boundary of 4 KiB, and of no more than that. gdisk
    takes what all beginnings have in common for the disk's alignment, and then wants it of ends."""
    block = -(-first_usable(sector_bytes) // BLOCK)
    return (block | 1) * BLOCK


def backup_bytes(sector_bytes: int) -> int:
    """What the end of the disk holds: the table and the header again."""
    return TABLE_BYTES + sector_bytes


def disk_bytes(partitions: Sequence[Partition], unit: int, sector_bytes: int = SECTOR) -> int:
    """The bytes of the smallest disk for these partitions that is a multiple of the unit."""
    return -(-(partitions[-1].end + backup_bytes(sector_bytes)) // unit) * unit


def tables(size: int, partitions: Sequence[Partition], seed: bytes,
           sector_bytes: int = SECTOR) -> Iterator[tuple[int, bytes]]:
    """All that makes a disk of `size` bytes a GPT disk, as pairs of offset and bytes. The seed,
    which should follow from the content, gives the disk and the partitions their GUIDs."""
    last = size // sector_bytes - 1
    table = b"".join(entry(partition, sector_bytes, guid(seed, f"partition {number}"))
                     for number, partition in enumerate(partitions, 1)).ljust(TABLE_BYTES, b"\0")
    backup_table = last - TABLE_BYTES // sector_bytes
    yield PARTITION_AT, protective_partition(last)
    for own, other, at in ((1, last, 2), (last, 1, backup_table)):
        yield at * sector_bytes, table
        yield own * sector_bytes, header((own, other), first_usable(sector_bytes) // sector_bytes,
                                         backup_table - 1, guid(seed, "disk"), at,
                                         zlib.crc32(table))


def header(places: tuple[int, int], first: int, last: int, disk: uuid.UUID, table: int,
           table_crc: int) -> bytes:
    """A GPT header (UEFI 2.10, 5.3.2), of which the places are its own and the other's sector. Its
    own CRC is taken with zeros in its place."""

    def made(crc: int) -> bytes:
        return HEADER.pack(SIGNATURE, REVISION, HEADER.size, crc, 0, *places, first, last,
                           disk.bytes_le, table, ENTRIES, ENTRY.size, table_crc)

    return made(zlib.crc32(made(0)))


def entry(partition: Partition, sector_bytes: int, own: uuid.UUID) -> bytes:
    """A partition's entry (UEFI 2.10, 5.3.3)."""
    return ENTRY.pack(partition.type.bytes_le, own.bytes_le, partition.start // sector_bytes,
                      partition.end // sector_bytes - 1, 0, partition.name.encode("utf-16-le"))


def guid(seed: bytes, purpose: str) -> uuid.UUID:
    """A GUID that follows from the seed (RFC 9562, 5.5)."""
    return uuid.uuid5(MOTE_SITE, f"{seed.hex()} {purpose}")


def protective_partition(last: int) -> bytes:
    """The MBR's one entry, over the whole disk, for programs that don't know GPT."""
    return struct.pack("<B3sB3sII", 0, chs(1), PROTECTIVE, chs(last), 1, min(last, 0xFFFFFFFF))


def chs(sector: int) -> bytes:
    """Cylinder, head and sector in the partition table's form; all ones if they don't fit."""
    track, in_track = divmod(sector, TRACK_SECTORS)
    cylinder, head = divmod(track, HEADS)
    if cylinder >= CYLINDERS:
        return NOT_IN_CHS
    return bytes([head, in_track + 1 | cylinder >> 8 << 6, cylinder & 0xFF])
