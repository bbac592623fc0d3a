"""HTTP's connections: requests split, pipelined, slow or abandoned, and how connections end."""

import errno
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import frames
import sites
from conftest import Bench
from http_client import Client, all_received
from lab import Lab, until
from machine import Guest, Machine

REQUEST = b"GET /sub/page.txt HTTP/1.1\r\nHost: mote\r\nUser-Agent: test\r\n\r\n"
BODY = "grüezi\n".encode()
HEADER_S, IDLE_S = 2, 3


@pytest.fixture(scope="module")
def guest(shared_bench: Bench, site: Path) -> Guest:
    return shared_bench.boot(Machine(memory_mib=16), site=site)


@pytest.fixture(scope="module")
def hasty(shared_bench: Bench, site: Path) -> Guest:
    """A machine with short time limits, in the same lab on its own wire."""
    wire = shared_bench.lab.tap("mote1", address="198.51.100.1/24")
    settings = (f"network.0.address=198.51.100.2/24\nhttp.header_timeout_s={HEADER_S}\n"
                f"http.idle_timeout_s={IDLE_S}")
    return shared_bench.boot(Machine(memory_mib=16, settings=settings), site=site, wire=wire)


@pytest.fixture
def hasty_client(hasty: Guest) -> Iterator[Client]:
    with Client(hasty.lab.connect(address="198.51.100.2", timeout=30)) as client:
        yield client


def test_split_at_every_byte(client: Client) -> None:
    """Each request comes in two segments, split one byte later each time."""
    for cut in range(1, len(REQUEST)):
        client.socket.sendall(REQUEST[:cut])
        client.socket.sendall(REQUEST[cut:])
        response = client.response()
        assert (response.status, response.body) == (200, BODY), cut


def test_byte_by_byte(client: Client) -> None:
    for at in range(len(REQUEST)):
        client.socket.sendall(REQUEST[at:at + 1])
    response = client.response()
    assert (response.status, response.body) == (200, BODY)


def test_pipelined(client: Client, site: Path) -> None:
    """Responses come whole and in the order of the requests."""
    names = [name for name in sites.files(site) if name.startswith(("sub", "size", "odd"))] * 4
    requests = "".join(f"GET {sites.url_path(name)} HTTP/1.1\r\nHost: m\r\n\r\n" for name in names)
    client.socket.sendall(requests.encode())
    for name in names:
        response = client.response()
        assert (response.status, response.body) == (200, (site / name).read_bytes()), name


def test_pipelined_and_cut_anywhere(client: Client) -> None:
    stream = REQUEST * 40
    for at in range(0, len(stream), 97):
        client.socket.sendall(stream[at:at + 97])
    for _ in range(40):
        assert client.response().body == BODY


def test_pipelined_behind_a_large_body(client: Client, site: Path) -> None:
    """The reader takes nothing for a while; the requests wait their turn."""
    large = b"GET /size/200000.bin HTTP/1.1\r\nHost: m\r\n\r\n"
    client.socket.sendall((large + REQUEST) * 20)
    for _ in range(20):
        assert client.response().body == (site / "size/200000.bin").read_bytes()
        assert client.response().body == BODY


def test_pipelined_error_ends_it(client: Client) -> None:
    client.socket.sendall(REQUEST + b"NONSENSE\r\n\r\n" + REQUEST)
    assert client.response().status == 200
    assert client.response().status == 400
    assert client.ended()


def test_empty_lines_before_a_request(client: Client) -> None:
    """RFC 9112, 2.2."""
    client.socket.sendall(b"\r\n" + REQUEST)
    assert client.response().status == 200


def test_connection_close(client: Client) -> None:
    response = client.get("/data.json", "Connection: close")
    assert response.status == 200 and response.closes
    assert client.ended()


def test_http_1_0(client: Client) -> None:
    client.send("GET /data.json HTTP/1.0")
    assert client.response().status == 200
    assert client.ended()


def test_http_1_0_kept_alive(client: Client) -> None:
    for _ in range(3):
        client.send("GET /data.json HTTP/1.0", "Connection: keep-alive")
        response = client.response()
        assert response.status == 200
        assert response.fields["connection"].lower() == "keep-alive"


def test_half_close(client: Client) -> None:
    """A client that has closed its sending side still gets the response."""
    client.socket.sendall(REQUEST)
    client.socket.shutdown(socket.SHUT_WR)
    assert client.response().body == BODY
    assert client.ended()


def test_half_close_with_much_to_come(client: Client, site: Path) -> None:
    client.send("GET /size/200000.bin HTTP/1.1", "Host: m")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.response().body == (site / "size/200000.bin").read_bytes()
    assert client.ended()


def test_half_a_request_and_half_close(client: Client) -> None:
    client.socket.sendall(REQUEST[:20])
    client.socket.shutdown(socket.SHUT_WR)
    try:
        assert client.ended() or client.response().status == 400
    except ConnectionResetError:
        pass


def test_reset_in_the_middle(guest: Guest) -> None:
    """Clients that reset while a body is on its way leave nothing behind."""
    for _ in range(50):
        connection = guest.lab.connect()
        connection.sendall(b"GET /size/200000.bin HTTP/1.1\r\nHost: m\r\n\r\n" * 3)
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    guest.serves()


def connect_from(guest: Guest, port: int) -> socket.socket | None:
    """A connection from this port; None while the last ACK of its previous one is outstanding."""
    connection = guest.lab.new_socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    connection.bind((Lab.HOST, port))
    result = connection.connect_ex((Lab.GUEST, 80))
    if result == errno.EADDRNOTAVAIL:
        connection.close()
        return None
    assert result == 0, f"connecting from port {port}: error {result}"
    return connection


def test_port_that_comes_round(guest: Guest) -> None:
    """The machine closed first and is in TIME-WAIT; its peer uses the same port again."""
    for _ in range(20):
        with until(lambda: connect_from(guest, 20_000), "the former connection's end") as again:
            again.sendall(b"GET /data.json HTTP/1.0\r\n\r\n")
            received = b""
            while piece := again.recv(4096):
                received += piece
            assert received.startswith(b"HTTP/1.1 200 ")


def test_slow_reader_slows_nobody(guest: Guest, site: Path) -> None:
    """One connection takes none of its responses; others are served meanwhile."""
    whole = (site / "size/200000.bin").read_bytes()
    with Client(guest.lab.connect()) as slow:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.socket.sendall(b"GET /size/200000.bin HTTP/1.1\r\nHost: m\r\n\r\n" * 5)
        for _ in range(20):
            guest.http_answers()
        for _ in range(5):
            assert slow.response().body == whole


def wait_for_window_probes(wire: socket.socket, port: int, count: int) -> None:
    """Watches the machine probe, by segments without data, whether a shut window has opened."""
    deadline = time.monotonic() + 60
    while count > 0:
        assert time.monotonic() < deadline, f"{count} window probes are missing"
        packet = frames.read_ipv4(wire.recv(2048))
        if packet and packet.sender == Lab.GUEST and packet.protocol == frames.TCP:
            to, offset = packet.payload[2:4], packet.payload[12] >> 4
            count -= to == port.to_bytes(2, "big") and len(packet.payload) == offset * 4


def test_zero_window_and_open_again(guest: Guest, site: Path) -> None:
    """A receiver whose window stays shut for a while still gets everything."""
    with Client(guest.lab.connect(timeout=60)) as client, guest.lab.raw() as wire:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.send("GET /size/200000.bin HTTP/1.1", "Host: m")
        wait_for_window_probes(wire, client.socket.getsockname()[1], 2)
        guest.http_answers()
        assert client.response().body == (site / "size/200000.bin").read_bytes()


def test_more_connections_than_ports(guest: Guest) -> None:
    """A client with few ports and one request per connection reuses each port again and again."""
    for number in range(1_500):
        port = 21_000 + number % 100
        with until(lambda: connect_from(guest, port), "a free port") as connection:
            connection.sendall(b"GET /data.json HTTP/1.0\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
            assert connection.recv(4096) == b""


@pytest.mark.parametrize("count, header", [(600, 1), (60, 1_100), (60, 5_000)])
def test_unfinished_requests_lock_nobody_out(guest: Guest, count: int, header: int) -> None:
    """However many and however long: a long Cookie in two segments still gets its response."""
    start = REQUEST[:-2] + b"Cookie: " + b"c" * header
    slow = []
    for _ in range(count):
        slow.append(guest.lab.connect())
        slow[-1].sendall(start if header > 1 else b"G")
    for cookie in (10, 1_200, 6_000):
        whole = REQUEST[:-2] + b"Cookie: " + b"c" * cookie + b"\r\n\r\n"
        with Client(guest.lab.connect()) as client:
            client.socket.sendall(whole[:len(whole) // 2])
            until(lambda: all_received(client.socket), "an acknowledgement of half a request")
            client.socket.sendall(whole[len(whole) // 2:])
            assert client.response().status == 200
    for made in slow:
        made.close()


def test_header_time_limit(hasty_client: Client) -> None:
    """A request that never completes gets 408 and a close, not a connection for ever."""
    hasty_client.socket.sendall(REQUEST[:-2])
    response = hasty_client.response()
    assert response.status == 408 and response.closes
    assert hasty_client.ended()


def test_header_time_limit_is_no_matter_of_drops(hasty_client: Client) -> None:
    """Sending a byte now and then keeps no connection: the limit is for the whole header
    section."""
    hasty_client.socket.settimeout(0.25)
    begun = time.monotonic()
    hasty_client.socket.sendall(b"GET / HTTP/1.1\r\nX: ")
    while time.monotonic() < begun + 30:
        try:
            assert hasty_client.socket.recv(4096).startswith(b"HTTP/1.1 408 ")
            return
        except TimeoutError:
            hasty_client.socket.sendall(b"x")
    raise AssertionError("the connection is still open")


def test_idle_time_limit(hasty_client: Client) -> None:
    """An idle connection is closed without a response, but not while it is in use."""
    for _ in range(3):
        assert hasty_client.get("/data.json").status == 200
    assert hasty_client.ended()


def test_idle_before_the_first_request(hasty_client: Client) -> None:
    try:
        assert hasty_client.ended() or hasty_client.response().status == 408
    except AssertionError:
        assert hasty_client.response().status == 408
