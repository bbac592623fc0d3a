"""Makes QEMU's packet captures readable, reads them, and checks what they contain.

QEMU's filter-dump writes frames as it passes them on: preceded by virtio's own header of 10 or 12
bytes if the wire carries one. Readers of captures expect Ethernet from the first byte.
"""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from frames import ICMP, TCP, UDP, checksum, pseudo_header

FILE_HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
KINDS = (b"\x08\x00", b"\x08\x06", b"\x86\xdd")


# The capture file's header; link type 1 is Ethernet.
FILE_START = FILE_HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 65536, 1)
FRAGMENT = 0x3FFF  # RFC 791: more to come, or an offset


def header_bytes(frame: bytes, guess: int) -> int:
    """The length of virtio's header: the one that puts a known EtherType in its place."""
    fitting = [size for size in (0, 12, 10) if frame[size + 12:size + 14] in KINDS]
    return guess if guess in fitting or not fitting else fitting[0]


def make_readable(capture: Path) -> None:
    """Strips virtio's headers from a capture and drops a truncated last record."""
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


def record(when: float, frame: bytes) -> bytes:
    """One record of a capture file: the frame behind its header."""
    seconds, micros = divmod(int(when * 1_000_000), 1_000_000)
    return RECORD.pack(seconds, micros, len(frame), len(frame)) + frame


def frames(capture: Path) -> Iterator[tuple[float, bytes]]:
    """The frames of a capture with their times; a truncated last record is left out."""
    data = capture.read_bytes()
    at = FILE_HEADER.size
    while at + RECORD.size <= len(data):
        seconds, micros, captured, _ = RECORD.unpack_from(data, at)
        frame = data[at + RECORD.size:at + RECORD.size + captured]
        at += RECORD.size + captured
        if len(frame) < captured:
            break
        yield seconds + micros / 1_000_000, frame


def check_checksums(frame: bytes) -> None:
    """Fails unless every checksum of an IPv4 packet is right: IP's, and TCP's, UDP's or ICMP's.

    Other frames have none. A fragment's only checkable sum is IP's.
    """
    if frame[12:14] != KINDS[0]:
        return
    shown = frame[:96].hex()
    header = (frame[14] & 15) * 4
    total, _, fragment = struct.unpack_from(">HHH", frame, 16)
    assert header >= 20 and header <= total <= len(frame) - 14, f"bad lengths: {shown}"
    assert checksum(frame[14:14 + header]) == 0, f"bad IP checksum: {shown}"
    if fragment & FRAGMENT:
        return
    protocol, payload = frame[23], frame[14 + header:14 + total]
    start = b""
    if protocol in (TCP, UDP):
        start = pseudo_header(socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34]),
                              protocol, len(payload))
    absent = protocol == UDP and payload[6:8] == b"\0\0"  # RFC 768: the sender made none
    if protocol in (ICMP, TCP, UDP) and not absent:
        assert checksum(start + payload) == 0, f"bad checksum of protocol {protocol}: {shown}"
