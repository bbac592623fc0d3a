"""The site pack's layout, version 3: http/pack/format.hpp in Python."""

import struct

MAGIC = b"MOTEPACK"
VERSION = 3
ALIGNMENT = 4096
MESSAGE_ALIGNMENT = 16
TABLE_ALIGNMENT = 8
NONE = 0xFFFFFFFF

# The most slots that a lookup may have to look at (Slot's kMaxProbes).
MAX_PROBES = 32

TABLE = struct.Struct("<QII")
# Magic, version, header bytes, total, checksum, sites; tables; settings, files, bytes; two more.
HEADER = struct.Struct("<8sIIQII" + "QII" * 6 + "QQQQ" + "QII" * 2)
CHECKSUM_OFFSET = 24

# Stands in front of the target of a redirect by prefix.
LOCATION = b"Location: "
SLOT = struct.Struct("<II")
RESOURCE = struct.Struct("<QIHHIBBHQ")
STRONG_DATE = 1  # among a resource's flags
REPRESENTATION = struct.Struct("<QQIHHHHB3x")
HOST = struct.Struct("<QII")
RULE = struct.Struct("<QQIIHHI")
ERROR_PAGE = struct.Struct("<HHII4x")
FIELD_SET = struct.Struct("<QIHH")
WORD = struct.Struct("<H")

IDENTITY, GZIP, BROTLI, ZSTD = range(4)

assert (HEADER.size, SLOT.size, RESOURCE.size, REPRESENTATION.size) == (192, 8, 32, 32)
assert (HOST.size, RULE.size, ERROR_PAGE.size, FIELD_SET.size) == (16, 32, 16, 16)


def path_hash(site: int, path: bytes) -> int:
    """FNV-1a, 64 bits wide (RFC 9923), over the site's number and the path."""
    value = 0xCBF29CE484222325
    for byte in site.to_bytes(2, "little") + path:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def hash_slots(paths: list[tuple[int, bytes]]) -> list[tuple[int, int]]:
    """An open-addressing table over sites' paths: (upper half of the hash, index) or (0, NONE).

    Its size is the least power of two with which it is at most half full and lookups are short.
    """
    hashes = [path_hash(site, path) for site, path in paths]
    size = 2
    while size < 2 * len(paths):
        size *= 2
    while (slots := _fill(hashes, size)) is None:
        size *= 2
    return slots


def _fill(hashes: list[int], size: int) -> list[tuple[int, int]] | None:
    slots = [(0, NONE)] * size
    for index, value in enumerate(hashes):
        for probe in range(MAX_PROBES):
            place = (value + probe) & (size - 1)
            if slots[place][1] == NONE:
                slots[place] = (value >> 32, index)
                break
        else:
            return None
    return slots
