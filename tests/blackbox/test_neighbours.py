"""Crowds of neighbours that don't exist: the gateway and the real ones stay known.

On a link with a /16 (as schools and conferences have), a scanner, or one host that forges its
neighbours' addresses, can produce any number.

And stations that claim the gateway's address: a thief gets nothing, a successor everything.
"""

import socket
import struct
import threading

import pytest

import exposition
import frames
from conftest import Bench
from http_client import Client
from lab import Lab
from machine import Guest, Machine
from wire import Wire

FAR = "203.0.113.7"
ROUNDS, STRANGERS = 10, 200  # a socket's buffer holds a round's ARP requests
ETH_P_ARP = 0x0806  # linux/if_ether.h


@pytest.fixture
def guest(bench: Bench) -> Guest:
    """A machine in a network of 65,534 hosts, of which only the gateway exists."""
    bench.lab.run("ip", "addr", "add", f"{FAR}/32", "dev", "lo")
    settings = (f"network.0.address={Lab.GUEST}/16\nnetwork.0.gateway={Lab.HOST}\n"
                "http.metrics=/metrics")
    return bench.boot(Machine(settings=settings))


def far_client(lab: Lab) -> Client:
    made = lab.new_socket()
    made.bind((FAR, 0))
    made.connect((Lab.GUEST, 80))
    return Client(made)


def listen_for_questions(lab: Lab) -> socket.socket:
    ears = lab.new_socket(socket.SOCK_RAW, socket.AF_PACKET, socket.htons(ETH_P_ARP))
    ears.bind(("mote0", ETH_P_ARP))
    ears.settimeout(0)
    return ears


def questions(ears: socket.socket) -> list[str]:
    """The addresses that the machine has sent ARP requests for since the last call."""
    asked = []
    while True:
        try:
            frame = ears.recv(65536)
        except BlockingIOError:
            return asked
        if frame[20:22] == b"\x00\x01":
            asked.append(socket.inet_ntoa(frame[38:42]))


def stranger(number: int) -> tuple[str, bytes]:
    address = f"192.0.{100 + number // 250}.{number % 250 + 1}"
    return address, b"\x02\x00" + frames.address(address)


def frame_of(kind: str, wire: Wire, number: int) -> bytes:
    address, mac = stranger(number)
    if kind == "ARP":
        return frames.arp_request(mac, address, Lab.GUEST)
    if kind == "SYN":
        message = frames.tcp(address, Lab.GUEST, 1024 + number, 80, frames.SYN, number)
        packet = frames.ipv4(address, Lab.GUEST, frames.TCP, message)
    else:
        message = frames.udp(address, Lab.GUEST, 4000, 9, b"x")
        packet = frames.ipv4(address, Lab.GUEST, frames.UDP, message)
    return frames.ethernet(wire.guest_mac, mac, frames.IPV4, packet)


@pytest.mark.parametrize("kind", ["SYN", "UDP", "ARP"])
def test_strangers_displace_nobody(guest: Guest, wire: Wire, kind: str) -> None:
    """The machine need not ask for its gateway again, and clients behind it are served."""
    with far_client(guest.lab) as client:
        assert client.get("/").status == 200
    with listen_for_questions(guest.lab) as ears:
        for number in range(ROUNDS):
            for other in range(STRANGERS):
                wire.send(frame_of(kind, wire, number * STRANGERS + other))
            with far_client(guest.lab) as client:
                assert client.get("/").status == 200
            asked = questions(ears)
            assert Lab.HOST not in asked, "the gateway was forgotten"
            assert len(asked) < STRANGERS, "a question for each stranger"
    guest.serves()


def test_a_stranger_is_answered_where_it_called_from(guest: Guest, wire: Wire) -> None:
    """At once, since nobody here answers the machine's ARP requests."""
    address, mac = stranger(7)
    wire.send(frame_of("SYN", wire, 7))
    answer = wire.receive(lambda frame: frame[12:14] == b"\x08\x00" and frame[:6] == mac)
    packet = frames.read_ipv4(answer)
    assert packet and packet.to == address
    assert packet.payload[13] == frames.SYN | frames.ACK
    assert struct.unpack_from(">I", packet.payload, 8)[0] == 8


class Thief:
    """A station that says a hundred times a second that it has the gateway's address."""

    MAC = b"\x02\x06\x06\x06\x06\x06"

    def __init__(self, wire: Wire) -> None:
        self.claims = 0
        self._wire = wire
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        forms = [frames.arp_request(self.MAC, Lab.HOST, Lab.HOST),
                 frames.arp_request(self.MAC, Lab.HOST, Lab.GUEST),
                 frames.arp_reply(self._wire.guest_mac, self.MAC, Lab.HOST, Lab.GUEST)]
        while not self._ending.wait(0.01):
            self._wire.send(forms[self.claims % len(forms)])
            self.claims += 1

    def __enter__(self) -> "Thief":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()


def metric(lab: Lab, name: str) -> float:
    with far_client(lab) as client:
        text = client.get("/metrics").body.decode()
    return exposition.read(text).value(name, interface="net0")


def test_a_thief_of_the_gateways_address_gets_nothing(guest: Guest, wire: Wire) -> None:
    """Clients behind the gateway are all served, on new connections and on a kept one."""
    with far_client(guest.lab) as kept, Thief(wire) as thief:
        while thief.claims < 500:
            assert kept.get("/").status == 200
            with far_client(guest.lab) as client:
                assert client.get("/").status == 200
    assert metric(guest.lab, "mote_interface_arp_claims_refused_total") >= 400
    assert metric(guest.lab, "mote_interface_arp_moves_total") == 0
    theirs, ours = "02:06:06:06:06:06", wire.mac.hex(":")
    said = [line for line in guest.console.lines if "claimed" in line]
    assert said == [f"net0: gateway {Lab.HOST} is claimed by {theirs}, but {ours} still has it: "
                    "not believed"]


def test_a_gateway_that_takes_over_is_followed(guest: Guest, wire: Wire) -> None:
    """By a MAC of its own, announced once, while a client behind it is being served."""
    with far_client(guest.lab) as client:
        assert client.get("/").status == 200
        mac = b"\x02\x07\x07\x07\x07\x07"
        guest.lab.run("ip", "link", "set", "mote0", "address", mac.hex(":"))
        wire.send(frames.arp_request(mac, Lab.HOST, Lab.HOST))
        assert client.get("/").status == 200
    guest.console.wait_for(rf"^net0: gateway 192\.0\.2\.1 has moved from {wire.mac.hex(':')}, "
                           r"which is silent, to 02:07:07:07:07:07$")
    assert metric(guest.lab, "mote_interface_arp_moves_total") >= 1
    guest.serves()
