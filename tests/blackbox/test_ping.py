"""Ping: the real program at every size, and frames that must get no answer."""

import struct

import pytest

import frames
from lab import Lab
from machine import Guest
from wire import Wire, is_echo_reply

MARKER = 0x7E57


@pytest.mark.parametrize("size", [0, 1, 17, 18, 19, 56, 1471, 1472, 1473, 8000, 65507])
def test_size(guest: Guest, size: int) -> None:
    # ping itself compares the reply's data with the request's.
    shown = guest.lab.run("ping", "-c", "4", "-i", "0.05", "-w", "30", "-s", str(size),
                          "-p", "6d6f7465", Lab.GUEST).stdout
    assert "4 received, 0% packet loss" in shown, shown
    assert "wrong data byte" not in shown, shown


def test_flood(guest: Guest) -> None:
    shown = guest.lab.run("ping", "-f", "-c", "5000", "-w", "60", Lab.GUEST).stdout
    assert "5000 packets transmitted, 5000 received, 0% packet loss" in shown, shown


def test_flood_of_large(guest: Guest) -> None:
    shown = guest.lab.run("ping", "-f", "-c", "1000", "-s", "1472", "-w", "60", Lab.GUEST).stdout
    assert "1000 packets transmitted, 1000 received, 0% packet loss" in shown, shown


def request(**changes: object) -> bytes:
    """An echo request's packet, altered."""
    spoil_echo = bool(changes.pop("spoil_echo", False))
    message = changes.pop("message", frames.echo(spoil_checksum=spoil_echo))
    to = changes.pop("to", Lab.GUEST)
    sender = changes.pop("sender", Lab.HOST)
    return frames.ipv4(sender, to, frames.ICMP, message, **changes)


def summed_anew(packet: bytes) -> bytes:
    """The checksum made right for the header's stated length, so that only the rest is wrong."""
    header_bytes = (packet[0] & 15) * 4
    header = packet[:10] + b"\0\0" + packet[12:header_bytes]
    return packet[:10] + struct.pack(">H", frames.checksum(header)) + packet[12:]


UNANSWERED = {
    "bad ICMP checksum": request(spoil_echo=True),
    "bad IP checksum": request(spoil_checksum=True),
    "to the subnet's broadcast address": request(to="192.0.2.255"),
    "to the limited broadcast address": request(to="255.255.255.255"),
    "to a multicast group": request(to="224.0.0.1"),
    "to another host": request(to="192.0.2.77"),
    "from the broadcast address": request(sender="255.255.255.255"),
    "from a multicast group": request(sender="224.0.0.1"),
    "from the unspecified address": request(sender="0.0.0.0"),
    "from the loopback network": request(sender="127.0.0.1"),
    "from the machine's own address": request(sender=Lab.GUEST),
    "total length beyond the frame": request(length=1400),
    "total length short of the ICMP header": request(length=24),
    "total length short of the IP header": request(length=19),
    "total length of zero": request(length=0),
    "IP version 5": summed_anew(b"\x55" + request()[1:]),
    "header length of four words": summed_anew(b"\x44" + request()[1:]),
    "header length beyond the packet": summed_anew(b"\x4f" + request()[1:]),
    "an echo reply": request(message=frames.echo(kind=frames.ECHO_REPLY)),
    "a truncated echo request": request(message=frames.echo()[:7]),
    "a first fragment without the rest": request(fragment=frames.MORE_FRAGMENTS,
                                                 identification=999),
}


@pytest.mark.parametrize("what", UNANSWERED)
def test_no_answer(wire: Wire, what: str) -> None:
    wire.send_ip(UNANSWERED[what])
    wire.echo(MARKER)
    answers = wire.echo_answers_until(MARKER)
    assert len(answers) == 1, f"{what}: {[answer.payload.hex() for answer in answers]}"


@pytest.mark.parametrize("to", ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "52:54:00:00:00:77"])
def test_no_answer_to_frames_for_others(wire: Wire, to: str) -> None:
    """Our IP address in a frame for all, for a group or for another host (RFC 1122, 3.3.6)."""
    wire.send_ip(request(), to=frames.mac(to))
    wire.echo(MARKER)
    assert len(wire.echo_answers_until(MARKER)) == 1


def test_answer_is_the_request_turned_round(wire: Wire) -> None:
    data = bytes(range(256)) * 5
    wire.echo(MARKER, sequence=0x1234, data=data)
    answer = wire.echo_answers_until(MARKER)[0]
    assert (answer.sender, answer.to) == (Lab.GUEST, Lab.HOST)
    assert frames.checksum(answer.payload) == 0
    assert answer.payload[:2] == b"\0\0"
    assert answer.payload[4:] == struct.pack(">HH", MARKER, 0x1234) + data


def test_padding_of_short_frames_is_not_echoed(wire: Wire) -> None:
    """A frame of 60 bytes around a smaller packet: the padding is no part of it."""
    packet = request(message=frames.echo(identification=MARKER, data=b"ab"))
    wire.send_ip(packet + b"\xee" * (46 - len(packet)))
    answer = wire.echo_answers_until(MARKER)[0]
    assert answer.payload[8:] == b"ab"


def test_ip_options_are_borne(wire: Wire) -> None:
    """No-operation options make the header longer; the answer comes all the same."""
    wire.send_ip(request(message=frames.echo(identification=MARKER), options=b"\x01" * 8))
    assert len(wire.echo_answers_until(MARKER)) == 1


@pytest.mark.parametrize("size", ["56", "3000"])
@pytest.mark.parametrize("option", [["-R"], ["-T", "tsonly"], ["-T", "tsandaddr"]], ids=" ".join)
def test_recording_ping(guest: Guest, wire: Wire, option: list[str], size: str) -> None:
    """Network engineers' `ping -R` (iputils): the reply must not pass for a record of the whole
    way.

    RFC 1122, 3.2.2.6: the reply continues the record with our entry, or has none.
    """
    guest.lab.run("ping", *option, "-c", "2", "-i", "0.05", "-w", "30", "-s", size, Lab.GUEST)
    assert wire.receive(lambda frame: frame[12:14] == b"\x08\x00" and frame[23] == 1)[14] == 0x45


@pytest.mark.parametrize("kind", [131, 137])
def test_source_routes_are_not_followed(wire: Wire, kind: int) -> None:
    """RFC 7126, 4.3 and 4.4: such datagrams are dropped, as hosts do by default."""
    route = bytes([kind, 7, 8]) + frames.address("192.0.2.77") + b"\0"
    wire.send_ip(request(options=route))
    wire.echo(MARKER)
    assert len(wire.echo_answers_until(MARKER)) == 1


def fragments(message: bytes, identification: int, size: int = 1480) -> list[bytes]:
    """Fragments of an ICMP message (RFC 791)."""
    return [frames.ipv4(Lab.HOST, Lab.GUEST, frames.ICMP, message[at:at + size],
                        identification=identification,
                        fragment=at // 8 | (frames.MORE_FRAGMENTS
                                            if at + size < len(message) else 0))
            for at in range(0, len(message), size)]


def whole_reply(wire: Wire) -> bytes:
    """The next echo reply, reassembled from its fragments.

    Other messages, such as errors about fragments that never completed, have another
    identification.
    """
    packets: dict[int, dict[int, bytes]] = {}
    while True:
        frame = wire.receive(lambda frame: frame[12:14] == b"\x08\x00" and frame[23] == 1)
        packet = frames.read_ipv4(frame)
        field = struct.unpack_from(">H", frame, 20)[0]
        at = (field & 0x1FFF) * 8
        parts = packets.setdefault(packet.identification, {})
        parts[at] = packet.payload
        if not field & frames.MORE_FRAGMENTS:
            parts[-1] = bytes(at + len(packet.payload))  # a placeholder of the whole's length
        whole = b"".join(parts[at] for at in sorted(parts) if at >= 0)
        if len(whole) == len(parts.get(-1, b"?")) and whole[0] == frames.ECHO_REPLY:
            return whole


@pytest.mark.parametrize("order", ["reversed", "last first", "twice each"])
def test_fragments_out_of_order(wire: Wire, order: str) -> None:
    message = frames.echo(identification=MARKER, data=bytes(range(250)) * 20)
    pieces = fragments(message, identification=4242)
    shuffled = {"reversed": pieces[::-1], "last first": pieces[-1:] + pieces[:-1],
                "twice each": [piece for piece in pieces for _ in range(2)]}[order]
    for piece in shuffled:
        wire.send_ip(piece)
    reply = whole_reply(wire)
    assert frames.checksum(reply) == 0
    assert reply[4:] == message[4:]


def test_incomplete_fragments_hold_nothing_up(wire: Wire, guest: Guest) -> None:
    """Five hundred packets that never complete leave room for one that does."""
    message = frames.echo(data=bytes(3000))
    for identification in range(500):
        wire.send_ip(fragments(message, identification=1000 + identification)[0])
    guest.lab.run("ping", "-c", "3", "-i", "0.05", "-w", "60", "-s", "8000", Lab.GUEST)
    guest.serves()


def test_arp(wire: Wire) -> None:
    wire.send(frames.arp_request(wire.mac, Lab.HOST, Lab.GUEST))
    answer = wire.receive(lambda frame: frame[12:14] == b"\x08\x06")
    assert answer[:6] == wire.mac and answer[6:12] == wire.guest_mac
    assert answer[14:42] == struct.pack(">HHBBH6s4s6s4s", 1, frames.IPV4, 6, 4, 2, wire.guest_mac,
                                        frames.address(Lab.GUEST), wire.mac,
                                        frames.address(Lab.HOST))


def test_arp_for_others(wire: Wire) -> None:
    wire.send(frames.arp_request(wire.mac, Lab.HOST, "192.0.2.77"))
    wire.echo(MARKER)
    seen: list[bytes] = []
    wire.receive(lambda frame: seen.append(frame) or is_echo_reply(frame))
    assert not [frame for frame in seen if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2"]


def test_arp_probe_is_answered(wire: Wire) -> None:
    """RFC 5227: a host that asks from 0.0.0.0 whether the address is taken must get an answer."""
    wire.send(frames.arp_request(wire.mac, "0.0.0.0", Lab.GUEST))
    answer = wire.receive(lambda frame: frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2")
    assert answer[22:32] == wire.guest_mac + frames.address(Lab.GUEST)
