"""Hypervisors' formats, made from the raw disk by qemu-img: the same bytes for the same input."""

import struct
import subprocess
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from tools.base.errors import no_room_advice
from tools.image.gpt import guid

# A format's name here -> qemu-img's name of it, and options.
FORMATS = {
    "qcow2": ("qcow2", []),
    "vmdk": ("vmdk", ["-o", "subformat=streamOptimized"]),
    "vhd": ("vpc", ["-o", "subformat=fixed,force_size"]),
    "vhdx": ("vhdx", ["-o", "block_size=1M"]),
    "vdi": ("vdi", []),
}


def converted(raw: Path, kind: str, compress: bool = False) -> Path:
    """The raw image in another format, beside it."""
    out = raw.with_suffix(f".{kind}")
    name, options = FORMATS[kind]
    result = subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", name, *options,
                             *(["-c"] if compress else []), raw, out],
                            text=True, capture_output=True, check=False)
    if result.returncode != 0:
        reason = result.stderr.strip().splitlines() or ["no message"]
        full = "No space left" in result.stderr
        raise RuntimeError(f"{kind} image: {reason[-1]}" + (f"; {no_room_advice()}" * full))
    if kind in IDENTIFIERS:
        IDENTIFIERS[kind](out, seed_of(raw))
    return out


def seed_of(raw: Path) -> bytes:
    """What identifiers are derived from: the disk's GUID, which follows from its content."""
    with raw.open("rb") as disk:
        disk.seek(512 + 56)
        return disk.read(16)


def fix_vmdk(path: Path, seed: bytes) -> None:
    """VMDK's content identifier in its descriptor (Virtual Disk Format 5.0).

    qemu-img writes it without leading zeros, so ours may be longer: the text after it then moves
    into the zeros that follow.
    """
    with path.open("r+b") as disk:
        head = disk.read(64 * 1024)
        start = head.index(b"\nCID=") + len(b"\nCID=")
        end = head.index(b"\n", start)
        rest = head[end:head.index(b"\0", end)]
        disk.seek(start)
        # All ones means: no parent.
        disk.write(f"{zlib.crc32(seed) & 0xFFFFFFFE:08x}".encode() + rest)


def fix_vdi(path: Path, seed: bytes) -> None:
    """VDI's two random UUIDs, those of the image and of its last snapshot, at 188h and 198h."""
    with path.open("r+b") as disk:
        disk.seek(0x188)
        for purpose in ("image", "snapshot"):
            disk.write(guid(seed, purpose).bytes_le)


# A VHD's footer (Virtual Hard Disk Image Format Specification 1.0), big-endian.
VHD_FOOTER_BYTES = 512
VHD_TIME_AT, VHD_CHECKSUM_AT, VHD_IDENTIFIER_AT = 24, 64, 68


def fix_vhd(path: Path, seed: bytes) -> None:
    """VHD's UUID, and the time of its making, which becomes the first there is."""
    with path.open("r+b") as disk:
        disk.seek(-VHD_FOOTER_BYTES, 2)
        footer = bytearray(disk.read())
        footer[VHD_TIME_AT:VHD_TIME_AT + 4] = bytes(4)
        footer[VHD_IDENTIFIER_AT:VHD_IDENTIFIER_AT + 16] = guid(seed, "image").bytes
        footer[VHD_CHECKSUM_AT:VHD_CHECKSUM_AT + 4] = bytes(4)
        struct.pack_into(">I", footer, VHD_CHECKSUM_AT, ~sum(footer) & 0xFFFFFFFF)
        disk.seek(-VHD_FOOTER_BYTES, 2)
        disk.write(footer)


# VHDX (MS-VHDX 2.2.2 and 2.6.2.4): two headers of 4 KiB, and the disk's ID among the metadata.
VHDX_HEADERS_AT = (64 << 10, 128 << 10)
VHDX_HEADER_BYTES = 4096
VHDX_CHECKSUM_AT, VHDX_SEQUENCE_AT, VHDX_FILE_WRITE_AT, VHDX_DATA_WRITE_AT = 4, 8, 16, 32
VHDX_LOG_AT = 68  # the log's length and offset
VHDX_REGIONS_AT = 192 << 10
VHDX_TABLE_BYTES = 64 << 10  # of regions, and of metadata
VHDX_METADATA_REGION = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le
VHDX_DISK_ID = uuid.UUID("beca12ab-b2e6-4523-93ef-c309e000c746").bytes_le


def fix_vhdx(path: Path, seed: bytes) -> None:
    """VHDX's GUIDs: of the last write to file and data in both headers, and of the disk. The
    headers' random numbers become 0 and 1, and the log, which is closed, is cleared."""
    with path.open("r+b") as disk:
        headers = [bytearray(read_at(disk, at, VHDX_HEADER_BYTES)) for at in VHDX_HEADERS_AT]
        numbers = [struct.unpack_from("<Q", header, VHDX_SEQUENCE_AT) for header in headers]
        for at, header, number in zip(VHDX_HEADERS_AT, headers, numbers):
            struct.pack_into("<Q", header, VHDX_SEQUENCE_AT, number == max(numbers))
            for place, purpose in ((VHDX_FILE_WRITE_AT, "file"), (VHDX_DATA_WRITE_AT, "data")):
                header[place:place + 16] = guid(seed, purpose).bytes_le
            struct.pack_into("<I", header, VHDX_CHECKSUM_AT, 0)
            struct.pack_into("<I", header, VHDX_CHECKSUM_AT, crc32c(header))
            disk.seek(at)
            disk.write(header)
        log_bytes, log_at = struct.unpack_from("<IQ", headers[0], VHDX_LOG_AT)
        disk.seek(log_at)
        disk.write(bytes(log_bytes))
        regions = read_at(disk, VHDX_REGIONS_AT, VHDX_TABLE_BYTES)
        (metadata,) = struct.unpack_from("<Q", regions, regions.index(VHDX_METADATA_REGION) + 16)
        table = read_at(disk, metadata, VHDX_TABLE_BYTES)
        (offset,) = struct.unpack_from("<I", table, table.index(VHDX_DISK_ID) + 16)
        disk.seek(metadata + offset)
        disk.write(guid(seed, "image").bytes_le)


def read_at(disk: BinaryIO, at: int, count: int) -> bytes:
    disk.seek(at)
    return disk.read(count)


def crc32c(data: bytes) -> int:
    """CRC-32C (RFC 3720, 12.1), as VHDX has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


# Formats into which qemu-img puts random identifiers -> derives them from the content instead.
IDENTIFIERS: dict[str, Callable[[Path, bytes], None]] = {
    "vmdk": fix_vmdk, "vdi": fix_vdi, "vhd": fix_vhd, "vhdx": fix_vhdx}
