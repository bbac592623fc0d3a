"""Frames with IEEE 802.1Q tags: those with only a priority are ours, those of a VLAN aren't.

Cisco's UCS tags all frames with VLAN 0 (Linux: "handle 802.1P vlan 0 packets properly"); so do
hosts with quality of service switched on, and some providers' access lines.
"""

import struct
from collections.abc import Iterator

import pytest

import frames
from conftest import Bench
from lab import Lab
from machine import Guest, Machine
from wire import Wire, is_echo_reply

NICS = ["virtio-net-pci", "e1000", "e1000e", "vmxnet3"]
C_TAG, S_TAG = 0x8100, 0x88A8
MARKER = 0x7A61


@pytest.fixture(scope="module", params=NICS)
def guest(request: pytest.FixtureRequest, shared_bench: Bench) -> Iterator[Guest]:
    guest = shared_bench.boot(Machine(nic=request.param))
    yield guest
    guest.stop()


def tagged(frame: bytes, control: int, kind: int = C_TAG) -> bytes:
    return frame[:12] + struct.pack(">HH", kind, control) + frame[12:]


def ip_frame(wire: Wire, packet: bytes) -> bytes:
    return frames.ethernet(wire.guest_mac, wire.mac, frames.IPV4, packet)


def echo(wire: Wire, data: bytes) -> bytes:
    return ip_frame(wire, frames.ipv4(Lab.HOST, Lab.GUEST, frames.ICMP, frames.echo(data=data)))


@pytest.mark.parametrize("control", [0x0000, 0xA000], ids=["priority 0", "priority 5"])
def test_priority_tag(wire: Wire, control: int) -> None:
    """Tagged ARP, ping and SYN get answers without a tag."""
    wire.send(tagged(frames.arp_request(wire.mac, Lab.HOST, Lab.GUEST), control))
    answer = wire.receive(lambda frame: frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2")
    assert answer[22:32] == wire.guest_mac + frames.address(Lab.GUEST)
    for size in (5, 1472):
        wire.send(tagged(echo(wire, bytes(size)), control))
        assert wire.receive(is_echo_reply)[42:42 + size] == bytes(size)
    port = 41000 + (control >> 12)
    wire.send(tagged(ip_frame(wire, frames.ipv4(Lab.HOST, Lab.GUEST, frames.TCP, frames.tcp(
        Lab.HOST, Lab.GUEST, port, 80, frames.SYN, sequence=7))), control))
    answer = wire.receive(lambda frame: frame[12:14] == b"\x08\x00" and frame[23] == frames.TCP
                          and frame[36:38] == struct.pack(">H", port))
    assert answer[47] == frames.SYN | frames.ACK


def test_other_tags(wire: Wire) -> None:
    """Tags of a VLAN or a provider, or several: they are for other hosts' interfaces."""
    frame = echo(wire, b"other")
    for other in (tagged(frame, 100), tagged(frame, 0xA064), tagged(frame, 0, S_TAG),
                  tagged(tagged(frame, 100), 0), tagged(tagged(frame, 0), 0),
                  tagged(tagged(frame, 100, S_TAG), 0)):
        wire.send(other)
    wire.echo(MARKER)
    assert len(wire.echo_answers_until(MARKER)) == 1
