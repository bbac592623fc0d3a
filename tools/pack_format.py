"""The site pack's layout, version 1: http/pack_format.hpp in Python."""

import struct

MAGIC = b"MOTEPACK"
VERSION = 1
ALIGNMENT = 4096
MESSAGE_ALIGNMENT = 16
NONE = 0xFFFFFFFF

# Longest run of slots that a lookup may have to walk (PackHeader's kMaxProbes).
MAX_PROBES = 32

HEADER = struct.Struct("<8sIIQIIQIIQQIIQQ40x")
CHECKSUM_OFFSET = 24
SLOT = struct.Struct("<II")
RESOURCE = struct.Struct("<QIHHQQIIQQIHxxQ")

assert HEADER.size == 128 and SLOT.size == 8 and RESOURCE.size == 72


def path_hash(path: bytes) -> int:
    """FNV-1a, 64 bits wide (RFC 9923)."""
    value = 0xCBF29CE484222325
    for byte in path:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def hash_slots(paths: list[bytes]) -> list[tuple[int, int]]:
    """An open-addressing table over the paths: (upper half of the hash, index) or (0, NONE).

    Its size is the least power of two, at most half full, in which no lookup walks far.
    """
    hashes = [path_hash(path) for path in paths]
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
