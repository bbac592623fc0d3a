"""Two machines from one image: nothing that must differ is baked in, or found out in the same way.
"""

import socket
import struct

import dhcp
import frames
from conftest import Bench
from lab import Lab
from machine import Guest, Machine
from wire import Wire

MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02")
NETWORKS = ("192.0.2", "198.51.100")


def start_clone(bench: Bench, number: int, settings: str | None, address: str | None) -> Guest:
    """A machine on a wire of its own, which has `address` on our side."""
    wire = bench.lab.tap(f"mote{number}", address=address)
    nic = ("-netdev", f"tap,id=net0,fd={wire}",
           "-device", f"virtio-net-pci,netdev=net0,mac={MACS[number]},romfile=")
    return bench.start(Machine(nic=None, settings=settings, extra=nic), more_wires=(wire,))


def dhcp_messages(ear: socket.socket) -> list[tuple[int, dhcp.Message]]:
    """The machine's DHCP messages heard so far, each behind its datagram's identification."""
    ear.setblocking(False)
    found = []
    while True:
        try:
            frame, source = ear.recvfrom(2048)
        except BlockingIOError:
            return found
        packet = frames.read_ipv4(frame)
        if packet and packet.protocol == frames.UDP and source[2] != socket.PACKET_OUTGOING:
            if message := dhcp.read(packet.payload[8:], False):
                found.append((packet.identification, message))


def test_each_has_its_own_address(bench: Bench) -> None:
    """Both ask by DHCP at the same time, as those of one template do."""
    guests = [start_clone(bench, number, None, f"{net}.1/24")
              for number, net in enumerate(NETWORKS)]
    servers = []
    ears = [bench.lab.raw(f"mote{number}") for number in range(2)]
    for number, net in enumerate(NETWORKS):
        servers.append(dhcp.SmallServer(bench.lab, dhcp.grants(f"{net}.2", 3600), f"mote{number}"))
        bench.on_close(servers[-1].close)
    for guest, net in zip(guests, NETWORKS):
        guest.ready()
        assert guest.console.lines[-2:] == [f"http://{net}.2/", "ready"]
        with bench.lab.connect(address=f"{net}.2") as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: mote\r\nConnection: close\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    heard = [dhcp_messages(ear) for ear in ears]
    for ear in ears:
        ear.close()
    for messages, mac in zip(heard, MACS):
        assert {message.hardware for _, message in messages} == {frames.mac(mac)}
        # The server tells clients by their hardware, unless they name themselves otherwise.
        assert not any(dhcp.CLIENT in message.options for _, message in messages)
    first, second = heard
    assert {message.transaction for _, message in first}.isdisjoint(
        message.transaction for _, message in second)
    assert [identification for identification, _ in first] != [
        identification for identification, _ in second]


def initial_sequence_number(wire: Wire, port: int) -> int:
    """That of the machine's side of a new connection from `port` of ours."""
    syn = frames.tcp(Lab.HOST, Lab.GUEST, port, 80, frames.SYN)
    packet = frames.ipv4(Lab.HOST, Lab.GUEST, frames.TCP, syn)

    def answers(frame: bytes) -> bool:
        answer = frames.read_ipv4(frame)
        return answer is not None and answer.protocol == frames.TCP and \
            answer.payload[:4] == struct.pack(">HH", 80, port)
    wire.send_ip(packet)
    answer = frames.read_ipv4(wire.receive(answers))
    assert answer and answer.payload[13] == frames.SYN | frames.ACK
    return struct.unpack_from(">I", answer.payload, 4)[0]


def test_each_has_its_own_secrets(bench: Bench) -> None:
    """The initial sequence numbers of the same connections differ at random, and not only by the
    time since the boots (RFC 6528, 3): so one tells nothing of the other's.
    """
    settings = f"network.0.address={Lab.GUEST}/24"
    guests = [start_clone(bench, number, settings, None) for number in range(2)]
    for guest in guests:
        guest.ready()
    apart = []
    wires = [Wire(bench.lab, f"mote{number}", mac) for number, mac in enumerate(MACS)]
    for port in range(40_000, 40_008):
        one, other = (initial_sequence_number(wire, port) for wire in wires)
        apart.append((other - one) % 2**32)
    for wire in wires:
        wire.close()
    # A timer of 4 µs gives the same distance each time, give or take a minute's 2**24.
    near = [distance for distance in apart if min((distance - apart[0]) % 2**32,
                                                  (apart[0] - distance) % 2**32) < 2**25]
    assert len(near) < 5, apart
