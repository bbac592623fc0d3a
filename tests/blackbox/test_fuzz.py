"""A few thousand malformed frames and requests from a seed; through all of them service goes on."""

import os
import random
import socket
from collections.abc import Callable, Iterator

import pytest

import dhcp
import frames
from conftest import Bench
from lab import Lab
from machine import Guest, Machine
from wire import Wire

SEED = int(os.environ.get("MOTE_FUZZ_SEED", "1"))
FRAMES = 3_000
STRANGER = "192.0.2.99"


def packet_of(chance: random.Random, wire: Wire) -> bytes:
    """A valid packet of a random kind, to be corrupted."""
    data = chance.randbytes(chance.choice([0, 1, 7, 8, 20, 100, 600, 1400]))
    kind = chance.randrange(5)
    if kind == 0:
        payload, protocol = frames.echo(data=data), frames.ICMP
    elif kind == 1:
        payload, protocol = frames.udp(STRANGER, Lab.GUEST, 5000, chance.choice([9, 68, 67]),
                                       data), frames.UDP
    elif kind == 2:
        options = chance.choice([b"", b"\x02\x04\x05\xb4", b"\x02\x00\x00\x00",
                                 b"\x03\xff\x00\x00", b"\x01\x01\x08\x0a", b"\x02\x04\x00\x00"])
        payload, protocol = frames.tcp(
            STRANGER, Lab.GUEST, chance.randrange(1, 65536), 80, chance.randrange(256),
            chance.randrange(1 << 32), chance.randrange(1 << 32), chance.randrange(65536), data,
            options), frames.TCP
    elif kind == 3:
        payload, protocol = data, chance.randrange(256)
    else:
        return frames.arp_request(wire.mac, STRANGER, Lab.GUEST)[14:]
    options = chance.choice([b"", b"", b"\x01" * 4, chance.randbytes(40), b"\x83\x04\x04\x00",
                             b"\x07\x00\x00\x00"])
    fragment = chance.choice([0, 0, 0, 0x2000, 0x1FFF, 0x3FFF, 1, 0x4000])
    return frames.ipv4(STRANGER, Lab.GUEST, protocol, payload, options=options,
                       fragment=fragment, ttl=chance.choice([64, 1, 0]),
                       length=chance.choice([None, None, None, 0, 20, 65535]),
                       identification=chance.randrange(1 << 16))


def spoil(frame: bytes, chance: random.Random) -> bytes:
    """Truncates, extends or alters a frame; mostly leaves the hardware address right."""
    spoiled = bytearray(frame)
    for _ in range(chance.choice([0, 1, 1, 2, 8])):
        first = 0 if chance.random() < 0.1 else 12
        spoiled[chance.randrange(first, len(spoiled))] = chance.randrange(256)
    cut = chance.random()
    if cut < 0.3:
        del spoiled[chance.randrange(14, len(spoiled) + 1):]
    elif cut < 0.4:
        spoiled += chance.randbytes(chance.randrange(1, 1514 - min(len(spoiled), 1513) + 1))
    return bytes(spoiled[:1514])


@pytest.mark.parametrize("part", range(4))
def test_malformed_frames(guest: Guest, wire: Wire, part: int) -> None:
    chance = random.Random(f"{SEED} frames {part}")
    for _ in range(FRAMES):
        packet = packet_of(chance, wire)
        kind = frames.ARP if packet[0] == 0 else frames.IPV4
        wire.send(spoil(frames.ethernet(wire.guest_mac, wire.mac, kind, packet), chance))
    guest.serves()


def test_short_frames(guest: Guest, wire: Wire) -> None:
    """Every length from a bare Ethernet header up, of each kind of frame."""
    whole = [frames.arp_request(wire.mac, Lab.HOST, Lab.GUEST)]
    for protocol, payload in (
            (frames.ICMP, frames.echo()),
            (frames.UDP, frames.udp(Lab.HOST, Lab.GUEST, 67, 68, bytes(30))),
            (frames.TCP, frames.tcp(STRANGER, Lab.GUEST, 99, 80, frames.SYN))):
        whole.append(frames.ethernet(wire.guest_mac, wire.mac, frames.IPV4, frames.ipv4(
            STRANGER, Lab.GUEST, protocol, payload)))
    for frame in whole:
        for length in range(14, len(frame)):
            wire.send(frame[:length])
    guest.serves()


def mutations(chance: random.Random) -> Iterator[bytes]:
    """Requests with altered bytes, and lines doubled, cut and swapped."""
    lines = [b"GET /guide/ HTTP/1.1", b"Host: mote", b"Accept: */*", b'If-None-Match: "x", W/"y"',
             b"If-Modified-Since: Thu, 29 Feb 2024 12:34:56 GMT", b"Content-Length: 3",
             b"Transfer-Encoding: chunked", b"Connection: keep-alive, close", b""]
    tokens: list[Callable[[], bytes]] = [
        lambda: chance.randbytes(1), lambda: b"\r\n", lambda: b"\n", lambda: b"\0", lambda: b":",
        lambda: b" ", lambda: b"%" + chance.randbytes(2), lambda: b"x" * 5000,
        lambda: b"9" * 30, lambda: b"\xff\xfe"]
    while True:
        chosen = [lines[0], *chance.sample(lines[1:], chance.randrange(len(lines)))]
        request = bytearray(b"\r\n".join(chosen) + b"\r\n\r\n")
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(request))
            request[at:at + chance.randrange(3)] = chance.choice(tokens)()
        yield bytes(request)


def test_malformed_requests(guest: Guest) -> None:
    """Each gets a response with a status line, or its connection ends; none hangs."""
    requests = mutations(random.Random(f"{SEED} requests"))
    for _ in range(600):
        with guest.lab.connect() as connection:
            connection.sendall(next(requests))
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while piece := connection.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
            assert not answer or answer.startswith(b"HTTP/1.1 "), answer[:80]
    guest.serves()


def test_malformed_dhcp(bench: Bench) -> None:
    """A server that answers with corrupted messages, until one is right."""
    wire = bench.lab.tap()
    chance = random.Random(f"{SEED} dhcp")
    good = dhcp.grants("192.0.2.2", 600)

    class SpoilingServer(dhcp.SmallServer):
        """Sends a hundred corrupted answers before each right one."""

        def _frame(self, message: dhcp.Message, answer: dhcp.Answer) -> bytes:
            right = super()._frame(message, answer)
            for _ in range(100):
                bootp = bytearray(right[42:])
                for _ in range(chance.randrange(1, 6)):
                    bootp[chance.randrange(236, len(bootp))] = chance.randrange(256)
                del bootp[chance.randrange(200, len(bootp) + 1):]
                datagram = frames.udp(Lab.HOST, "255.255.255.255", 67, 68, bytes(bootp))
                packet = frames.ipv4(Lab.HOST, "255.255.255.255", frames.UDP, datagram)
                self._socket.send(frames.ethernet(frames.BROADCAST, self._mac, frames.IPV4,
                                                  packet))
            return right
    server = SpoilingServer(bench.lab, good)
    guest = bench.start(Machine(settings=None), wire=wire)
    server.wait_for(lambda message: message.kind == dhcp.REQUEST, "a request")
    guest.console.wait_for(r"^net0: \d+\.\d+\.\d+\.\d+/\d+", deadline_s=90)
    guest.is_alive()
    server.close()
