"""Makes QEMU's packet captures readable.

QEMU's filter-dump writes frames as it hands them on: behind virtio's own header, of 10 bytes or 12,
where the wire carries one. Readers of captures expect Ethernet from the first byte.
"""

import struct
from pathlib import Path

FILE_HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
KINDS = (b"\x08\x00", b"\x08\x06", b"\x86\xdd")


def header_bytes(frame: bytes, guess: int) -> int:
    """How long virtio's header is: what puts a known type of frame in its place."""
    fitting = [size for size in (0, 12, 10) if frame[size + 12:size + 14] in KINDS]
    return guess if guess in fitting or not fitting else fitting[0]


def make_readable(capture: Path) -> None:
    """Rewrites a capture without virtio's headers; a cut last record is left out."""
    data = capture.read_bytes()
    plain = bytearray(data[:FILE_HEADER.size])
    at = FILE_HEADER.size
    size = 0
    while at + RECORD.size <= len(data):
        seconds, micros, captured, whole = RECORD.unpack_from(data, at)
        frame = data[at + RECORD.size:at + RECORD.size + captured]
        at += RECORD.size + captured
        if len(frame) < captured:
            break
        size = header_bytes(frame, size)
        frame = frame[size:]
        plain += RECORD.pack(seconds, micros, len(frame), max(whole - size, len(frame))) + frame
    capture.write_bytes(plain)
