"""Bursts, floods and nonsense, all of them bounded: afterwards ping and HTTP answer as before."""

import ctypes
import random
import re
import resource
import selectors
import socket
import struct

import pytest

import frames
import sites
from conftest import Bench
from http_client import Client
from images import Images
from lab import Lab, until
from machine import Guest, Machine
from wire import Wire

# An address other than the lab's own: the lab's kernel answers SYN-ACKs it never asked for with a
# RST, as hosts do; behind 192.0.2.77 nobody answers.
NOBODY = "192.0.2.77"
SO_ATTACH_FILTER = 26  # asm-generic/socket.h
GET = b"GET / HTTP/1.1\r\nHost: m\r\n\r\n"


@pytest.fixture(autouse=True)
def files_enough() -> None:
    """Raises the limit of open files, which is 1,024 on many systems."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@pytest.fixture
def guest(bench: Bench) -> Guest:
    """A fresh machine for each test: none inherits the effects of another."""
    return bench.boot(Machine(settings=f"{Machine().settings}\nhttp.connections=1024"))


def datagram(to: str, size: int = 64) -> bytes:
    return frames.ipv4(Lab.HOST, to, frames.UDP,
                       frames.udp(Lab.HOST, to, 40000, 9, bytes(size)))


@pytest.mark.parametrize("nic", ["virtio-net-pci", "virtio-net-pci,rx_queue_size=1024",
                                 "virtio-net-pci,mrg_rxbuf=off,event_idx=off",
                                 "virtio-net-pci,disable-modern=on,disable-legacy=off"])
@pytest.mark.parametrize("count", [300, 3_000, 10_000])
def test_burst_of_datagrams(bench: Bench, nic: str, count: int) -> None:
    """Back to back to our address, broadcast, and large ones, while the machine can't keep up."""
    guest = bench.boot(Machine(nic=nic))
    wire = Wire(guest.lab)
    for to, hardware, size in ((Lab.GUEST, wire.guest_mac, 64),
                               ("192.0.2.255", frames.BROADCAST, 64),
                               (Lab.GUEST, wire.guest_mac, 1400)):
        packet = datagram(to, size)
        # The machine is stopped while they queue up, so that they arrive all at once.
        guest.ask("stop")
        for _ in range(count):
            wire.send_ip(packet, to=hardware)
        guest.ask("cont")
        guest.serves()
    wire.close()


def test_burst_of_pings(guest: Guest, wire: Wire) -> None:
    """Ten thousand echo requests at once may lose answers, but not stop the machine."""
    guest.ask("stop")
    for number in range(10_000):
        wire.echo(number % 0x7000, data=bytes(1000))
    guest.ask("cont")
    guest.serves()


def test_burst_of_arp_requests(guest: Guest, wire: Wire) -> None:
    guest.ask("stop")
    for number in range(5_000):
        asked = Lab.GUEST if number % 2 else f"192.0.2.{number % 200 + 3}"
        wire.send(frames.arp_request(wire.mac, Lab.HOST, asked))
    guest.ask("cont")
    guest.serves()


def connect_all(guest: Guest, count: int) -> list[socket.socket]:
    """Starts this many connections at once and waits until all are established."""
    connections = []
    with selectors.DefaultSelector() as waiting:
        for _ in range(count):
            made = guest.lab.new_socket()
            made.setblocking(False)
            made.connect_ex((Lab.GUEST, 80))
            connections.append(made)
            waiting.register(made, selectors.EVENT_WRITE)
        while waiting.get_map():
            ready = waiting.select(30)
            assert ready, f"{len(waiting.get_map())} of {count} connections are not made in 30 s"
            for key, _ in ready:
                error = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                assert error == 0, f"connecting failed: {error}"
                waiting.unregister(key.fileobj)
    for made in connections:
        made.settimeout(30)
    return connections


@pytest.mark.parametrize("count", [150, 1_024])
def test_connections_open_at_once(guest: Guest, count: int) -> None:
    """As many as the limit allows, all served again and again; twice, to show that none leak."""
    for _ in range(2):
        clients = [Client(made) for made in connect_all(guest, count)]
        for _ in range(3):
            for client in clients:
                client.socket.sendall(GET)
            for client in clients:
                assert client.response().status == 200
        for client in clients:
            client.socket.close()
    guest.serves()


@pytest.mark.parametrize("way", ["close", "reset", "close with answers unread"])
def test_300_connections_closed_at_once(guest: Guest, way: str) -> None:
    for _ in range(3):
        connections = connect_all(guest, 300)
        for made in connections:
            if way == "reset":
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if way == "close with answers unread":
                made.sendall(GET)
        guest.ask("stop")
        for made in connections:
            made.close()
        guest.ask("cont")
        guest.serves()


def test_more_connections_than_there_is_room_for(guest: Guest) -> None:
    """1,300 idle ones come one by one: the oldest give way, and the newest are served."""
    connections = []
    for _ in range(1_300):
        connections.append(guest.lab.connect())
    with Client(connections[-1]) as last:
        assert last.get("/").status == 200
    guest.serves()
    for made in connections:
        made.close()
    guest.serves()


def test_connections_that_never_become_one(guest: Guest, wire: Wire) -> None:
    """2,000 SYNs from a host that does not go on: others still get in."""
    for number in range(2_000):
        wire.send_ip(frames.ipv4(NOBODY, Lab.GUEST, frames.TCP, frames.tcp(
            NOBODY, Lab.GUEST, 1024 + number, 80, frames.SYN, sequence=number * 7919)))
    guest.serves()
    clients = [Client(made) for made in connect_all(guest, 150)]
    for client in clients:
        assert client.get("/").status == 200
        client.socket.close()
    guest.serves()


def test_storm_of_resets(guest: Guest, wire: Wire) -> None:
    """RSTs with guessed numbers end no connection (RFC 5961); to closed ports they are ignored."""
    with Client(guest.lab.connect()) as client:
        assert client.get("/").status == 200
        port = client.socket.getsockname()[1]
        chance = random.Random(2)
        for _ in range(5_000):
            segment = frames.tcp(Lab.HOST, Lab.GUEST, chance.choice([port, 5]), 80, frames.RST,
                                 sequence=chance.randrange(1 << 32))
            wire.send_ip(frames.ipv4(Lab.HOST, Lab.GUEST, frames.TCP, segment))
        assert client.get("/").status == 200
    guest.serves()


def test_storm_of_segments_for_nobody(guest: Guest, wire: Wire) -> None:
    for number in range(3_000):
        flags = (frames.ACK, frames.FIN | frames.ACK, frames.SYN | frames.ACK, 0)[number % 4]
        segment = frames.tcp(NOBODY, Lab.GUEST, 2000, 80 + number % 3, flags, number, number,
                             data=b"x" * (number % 50))
        wire.send_ip(frames.ipv4(NOBODY, Lab.GUEST, frames.TCP, segment))
    guest.serves()


def patient(bench: Bench) -> Guest:
    """A machine whose own time limits end nothing during a test."""
    settings = "http.header_timeout_s=600\nhttp.idle_timeout_s=600\nhttp.connections=1024"
    return bench.boot(Machine(settings=f"{Machine().settings}\n{settings}"))


def hear_nothing(connection: socket.socket) -> None:
    """Has the lab's kernel drop segments with content, so that they are never acknowledged."""
    program = b"".join(struct.pack("=HBBI", *step) for step in (
        (0x80, 0, 0, 0),     # A = the segment's length
        (0x25, 0, 1, 60),    # over 60 bytes: more than the longest header (RFC 9293, 3.1)
        (0x06, 0, 0, 0),     # drop it
        (0x06, 0, 0, 0xFFFFFFFF)))  # take it
    steps = ctypes.create_string_buffer(program, len(program))
    connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                          struct.pack("@HP", 4, ctypes.addressof(steps)))


@pytest.mark.parametrize("way", ["window shut", "never acknowledged"])
def test_answers_that_nobody_takes(bench: Bench, way: str) -> None:
    """Thousands of small answers wait for clients that take none; others are still served."""
    guest = patient(bench)
    requests = b"GET / HTTP/1.1\r\nHost: m\r\nIf-None-Match: *\r\n\r\n" * 245
    deaf = []
    for _ in range(34):
        made = guest.lab.new_socket()
        if way == "window shut":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the kernel's minimum
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        made.connect((Lab.GUEST, 80))
        if way == "never acknowledged":
            hear_nothing(made)
        made.sendall(requests)
        deaf.append(made)
    for _ in range(10):
        guest.http_answers(deadline_s=10)
    guest.serves()
    for made in deaf:
        made.close()
    guest.serves()


HELD = {  # the request that makes Mote hold something, and its status
    "range": (b"GET /large.bin HTTP/1.1\r\nHost: m\r\nRange: bytes=0-9\r\n\r\n", 206),
    "ranges": (b"GET /large.bin HTTP/1.1\r\nHost: m\r\nRange: bytes=0-499999,600000-\r\n\r\n", 206),
    "redirect": (b"GET /blog/" + b"x" * 300 + b" HTTP/1.1\r\nHost: m\r\n\r\n", 301),
    "metrics": (b"GET /metrics HTTP/1.1\r\nHost: m\r\n\r\n", 200),
}


@pytest.mark.parametrize("way, what, count", [
    ("never acknowledged", "redirect", 300), ("window shut", "ranges", 60),
    ("window shut", "metrics", 2)])
def test_what_is_held_until_it_is_acknowledged(bench: Bench, images: Images, way: str, what: str,
                                               count: int) -> None:
    """Copied text and the metrics page: clients that acknowledge nothing give way. Once, others'
    ranges got 200, and redirects and metrics 503, for over a minute."""
    bench.results.mkdir(parents=True, exist_ok=True)
    settings = bench.results / "mote.toml"
    settings.write_text('[http]\nmetrics = "/metrics"\nconnections = 1024\n'
                        '[[http.redirect]]\nfrom = "/blog/*"\nto = "/new/*"\n')
    site = images.once("large-1", lambda folder: sites.large(folder, 1))
    guest = bench.boot(Machine(memory_mib=32), image=images.configured(site, settings))
    deaf = [guest.lab.new_socket() for _ in range(count)]
    for made in deaf:
        if way == "window shut":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the kernel's minimum
        made.connect((Lab.GUEST, 80))
        if way == "never acknowledged":
            hear_nothing(made)
        made.sendall(HELD[what][0] * 3)
    for request, status in HELD.values():
        # No holder gives way in its first second.
        until(lambda: answer(guest, request) == status, f"{status} for {request[:20]!r}", 10)
    for request, status in HELD.values():
        assert answer(guest, request) == status
    with Client(guest.lab.connect()) as client:
        text = client.get("/metrics").body.decode()
    gave_way = re.search(r"^mote_http_connections_gave_way_total (\d+)$", text, re.M)
    # A range holds nothing once it is queued, however long the queue waits for its window.
    assert (what == "ranges") == (int(gave_way[1]) == 0)
    assert int(gave_way[1]) <= count
    for made in deaf:
        made.close()


def answer(guest: Guest, request: bytes) -> int:
    """The response's status, once all of it has come."""
    with Client(guest.lab.connect(timeout=20)) as client:
        client.socket.sendall(request)
        return client.response().status


def test_a_crowd_that_has_begun_to_ask(bench: Bench) -> None:
    """1,024 connections, each with the first byte of a request, make room for newcomers."""
    guest = patient(bench)
    crowd = connect_all(guest, 1_024)
    for made in crowd:
        made.sendall(b"G")
    for _ in range(20):
        guest.http_answers(deadline_s=10)
    guest.serves()
    for made in crowd:
        made.close()


def test_long_requests_that_are_never_finished(bench: Bench) -> None:
    """13 of them hold all the memory for long requests; a 14th that comes in pieces is served."""
    guest = patient(bench)
    unfinished = [guest.lab.connect() for _ in range(13)]
    for made in unfinished:
        made.sendall(GET[:-2] + b"X: " + b"x" * 1_100)
    with Client(guest.lab.connect(timeout=10)) as last, guest.lab.raw() as wire:
        whole = GET[:-2] + b"X: " + b"x" * 2_800 + b"\r\n\r\n"
        last.socket.sendall(whole[:1_400])
        wait_for_acknowledgement(wire, last.socket.getsockname()[1])
        last.socket.sendall(whole[1_400:])
        assert last.response().status == 200
    guest.serves()
    for made in unfinished:
        made.close()


def wait_for_acknowledgement(wire: socket.socket, port: int) -> None:
    """Waits until the machine has acknowledged something on this connection."""
    while True:
        packet = frames.read_ipv4(wire.recv(65536))
        if packet and packet.sender == Lab.GUEST and packet.protocol == frames.TCP and \
                packet.payload[2:4] == port.to_bytes(2, "big"):
            return


def test_a_connection_each(guest: Guest) -> None:
    """A thousand connections one after another, each closed by the machine."""
    for _ in range(1_000):
        with guest.lab.connect() as connection:
            connection.sendall(b"GET /robots.txt HTTP/1.0\r\n\r\n")
            received = b""
            while piece := connection.recv(4096):
                received += piece
            assert received.startswith(b"HTTP/1.1 200 ")
    guest.serves()
