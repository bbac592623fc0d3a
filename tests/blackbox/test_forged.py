"""Segments forged by a stranger who knows a connection's addresses and ports.

Blind attacks on TCP, as on BGP's long connections in 2004 (RFC 5961), and broadcast frames that
each host would answer (RFC 1122, 3.2.2 and 3.3.6: smurf and its kind).
"""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

import exposition
import frames
from conftest import Bench
from http_client import Client
from lab import Lab
from machine import Guest, Machine
from wire import Wire

BYTES = 200_000
PATIENCE_S = 60  # longer than any timer of the machine's that a test may wait for


@pytest.fixture
def guest(bench: Bench, site: Path) -> Guest:
    settings = f"{Machine().settings}\nhttp.metrics=/metrics"
    return bench.boot(Machine(settings=settings), site=site)


@pytest.fixture
def ears(guest: Guest) -> Iterator[socket.socket]:
    with guest.lab.raw() as heard:
        yield heard


def last_numbers(ears: socket.socket, port: int) -> tuple[int, int]:
    """The sequence number and acknowledgement that the client of a port sent last."""
    ears.settimeout(0)
    numbers = None
    while True:
        try:
            packet = frames.read_ipv4(ears.recv(65536))
        except BlockingIOError:
            assert numbers, "no segment of the client's was heard"
            return numbers
        if packet and packet.sender == Lab.HOST and packet.payload[:2] == struct.pack(">H", port):
            numbers = struct.unpack_from(">II", packet.payload, 4)


def a_pause(guest: Guest, ears: socket.socket) -> tuple[Client, int, int, int]:
    """A response that waits until its client takes more of it; with the client's numbers."""
    made = guest.lab.new_socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    made.connect((Lab.GUEST, 80))
    client = Client(made)
    client.send(f"GET /size/{BYTES}.bin HTTP/1.1", "Host: mote", "")
    made.recv(1, socket.MSG_PEEK)
    guest.ping_answers()  # by now the machine has sent all that fits the window
    sequence, acknowledged = last_numbers(ears, made.getsockname()[1])
    return client, made.getsockname()[1], sequence, acknowledged


@pytest.mark.parametrize("window", [0, 65535])
def test_acknowledgements_from_outside_the_window(guest: Guest, wire: Wire, ears: socket.socket,
                                                  window: int) -> None:
    """They neither shut a window for good nor open a shut one."""
    client, port, sequence, acknowledged = a_pause(guest, ears)
    for more in (1, 0, -1000):
        for beyond in (1 << 30, (1 << 31) - 1, -(1 << 31), -(1 << 30), 100_000, -100_000):
            wire.send_ip(frames.ipv4(Lab.HOST, Lab.GUEST, frames.TCP, frames.tcp(
                Lab.HOST, Lab.GUEST, port, 80, frames.ACK, sequence + beyond,
                acknowledged + more, window)))
    guest.ping_answers()
    client.socket.settimeout(PATIENCE_S)
    assert len(client.response().body) == BYTES
    client.socket.close()
    guest.serves()


def test_challenges_are_limited(guest: Guest, wire: Wire, client: Client) -> None:
    """A thousand unacceptable segments get only a few answers (RFC 5961, 7)."""
    port = client.socket.getsockname()[1]
    assert client.get("/").status == 200
    for number in range(1_000):
        wire.send_ip(frames.ipv4(Lab.HOST, Lab.GUEST, frames.TCP, frames.tcp(
            Lab.HOST, Lab.GUEST, port, 80, frames.SYN, number)))
    guest.ping_answers()
    metrics = exposition.read(client.get("/metrics").body.decode())
    sent = metrics.value("mote_tcp_challenges_total", ack="sent")
    withheld = metrics.value("mote_tcp_challenges_total", ack="withheld")
    assert sent + withheld == 1_000
    assert 1 <= sent < 500
    guest.serves()


def test_icmp_errors_are_limited(guest: Guest, wire: Wire, client: Client) -> None:
    datagram = frames.udp(Lab.HOST, Lab.GUEST, 4000, 9, b"who is there?")
    for _ in range(2_000):
        wire.send_ip(frames.ipv4(Lab.HOST, Lab.GUEST, frames.UDP, datagram))
    guest.ping_answers()
    metrics = exposition.read(client.get("/metrics").body.decode())
    sent = metrics.value("mote_icmp_errors_total", result="sent")
    withheld = metrics.value("mote_icmp_errors_total", result="withheld")
    assert sent + withheld == 2_000
    assert 1 <= sent < 1_000
    guest.serves()


def test_what_came_to_all_is_answered_by_nobody(guest: Guest, wire: Wire) -> None:
    """A datagram for one host in a frame for many: echo, SYN, UDP, an unknown protocol."""
    sender, to = "192.0.2.77", Lab.GUEST
    packets = [frames.ipv4(sender, to, frames.ICMP, frames.echo(identification=1)),
               frames.ipv4(sender, to, frames.TCP, frames.tcp(sender, to, 4000, 80, frames.SYN)),
               frames.ipv4(sender, to, frames.TCP, frames.tcp(sender, to, 4001, 81, frames.SYN)),
               frames.ipv4(sender, to, frames.UDP, frames.udp(sender, to, 4000, 9, b"x")),
               frames.ipv4(sender, to, 200, b"x" * 20)]
    for group in (frames.BROADCAST, bytes.fromhex("01005e000001")):
        for packet in packets:
            wire.send_ip(packet, to=group)
    wire.echo(2)

    def is_answer(frame: bytes) -> bool:
        packet = frames.read_ipv4(frame)
        return packet is not None and packet.to in (sender, Lab.HOST)

    first = frames.read_ipv4(wire.receive(is_answer))
    assert first and first.to == Lab.HOST, f"an answer to a frame for many: {first}"
    for packet in packets:  # each of them is answered if its frame is for the machine alone
        wire.send_ip(packet)
        answer = frames.read_ipv4(wire.receive(is_answer))
        assert answer and answer.to == sender
