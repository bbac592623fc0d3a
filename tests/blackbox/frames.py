"""Builds and reads frames byte by byte: Ethernet, ARP, IPv4, ICMP, UDP and TCP.

Our own code rather than the host's stack, since the interesting frames are those no host would
send.
"""

import socket
import struct
from dataclasses import dataclass

BROADCAST = b"\xff" * 6
IPV4, ARP = 0x0800, 0x0806
ICMP, TCP, UDP = 1, 6, 17
ECHO_REPLY, ECHO_REQUEST = 0, 8
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MORE_FRAGMENTS = 0x2000


def address(text: str) -> bytes:
    return socket.inet_aton(text)


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(to: bytes, sender: bytes, kind: int, payload: bytes) -> bytes:
    return to + sender + struct.pack(">H", kind) + payload


def arp_request(sender_mac: bytes, sender: str, target: str) -> bytes:
    """RFC 826: who has `target`?"""
    return ethernet(BROADCAST, sender_mac, ARP, struct.pack(
        ">HHBBH6s4s6s4s", 1, IPV4, 6, 4, 1, sender_mac, address(sender), bytes(6),
        address(target)))


def arp_reply(to: bytes, sender_mac: bytes, sender: str, target: str) -> bytes:
    """RFC 826: `sender` is at this address, says `sender_mac` to `to`."""
    return ethernet(to, sender_mac, ARP, struct.pack(
        ">HHBBH6s4s6s4s", 1, IPV4, 6, 4, 2, sender_mac, address(sender), to, address(target)))


def ipv4(sender: str, to: str, protocol: int, payload: bytes, *, identification: int = 1,
         fragment: int = 0, ttl: int = 64, length: int | None = None, options: bytes = b"",
         spoil_checksum: bool = False) -> bytes:
    """RFC 791; `length` overrides the total length, `fragment` is flags and offset."""
    words = 5 + len(options) // 4
    if length is None:
        length = words * 4 + len(payload)
    header = struct.pack(">BBHHHBBH4s4s", 0x40 | words, 0, length, identification, fragment, ttl,
                         protocol, 0, address(sender), address(to)) + options
    total = checksum(header) ^ (0x5555 if spoil_checksum else 0)
    return header[:10] + struct.pack(">H", total) + header[12:] + payload


def echo(kind: int = ECHO_REQUEST, identification: int = 77, sequence: int = 1,
         data: bytes = b"mote", spoil_checksum: bool = False) -> bytes:
    """RFC 792: an echo message."""
    message = struct.pack(">BBHHH", kind, 0, 0, identification, sequence) + data
    total = checksum(message) ^ (0x5555 if spoil_checksum else 0)
    return message[:2] + struct.pack(">H", total) + message[4:]


def pseudo_header(sender: str, to: str, protocol: int, length: int) -> bytes:
    return address(sender) + address(to) + struct.pack(">BBH", 0, protocol, length)


def udp(sender: str, to: str, sender_port: int, port: int, data: bytes) -> bytes:
    """RFC 768, with its checksum."""
    length = 8 + len(data)
    datagram = struct.pack(">HHHH", sender_port, port, length, 0) + data
    total = checksum(pseudo_header(sender, to, UDP, length) + datagram) or 0xFFFF
    return datagram[:6] + struct.pack(">H", total) + data


def tcp(sender: str, to: str, sender_port: int, port: int, flags: int, sequence: int = 0,
        acknowledged: int = 0, window: int = 65535, data: bytes = b"",
        options: bytes = b"") -> bytes:
    """RFC 9293, with its checksum."""
    words = 5 + len(options) // 4
    segment = struct.pack(">HHIIBBHHH", sender_port, port, sequence & 0xFFFFFFFF,
                          acknowledged & 0xFFFFFFFF, words << 4, flags, window, 0, 0)
    segment += options + data
    total = checksum(pseudo_header(sender, to, TCP, len(segment)) + segment)
    return segment[:16] + struct.pack(">H", total) + segment[18:]


@dataclass(frozen=True)
class Ip:
    """A received IPv4 packet."""

    sender: str
    to: str
    protocol: int
    identification: int
    payload: bytes


def read_ipv4(frame: bytes) -> Ip | None:
    """The IPv4 packet in a frame, if any; its header's checksum must be right."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00":
        return None
    header_bytes = (frame[14] & 15) * 4
    total = struct.unpack_from(">H", frame, 16)[0]
    assert checksum(frame[14:14 + header_bytes]) == 0, f"bad IP checksum in {frame.hex()}"
    return Ip(socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34]), frame[23],
              struct.unpack_from(">H", frame, 18)[0], frame[14 + header_bytes:14 + total])
