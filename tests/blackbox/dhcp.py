"""DHCP servers: real dnsmasq, and a small one of our own for leases of seconds and for refusals."""

import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import frames
from lab import Lab

MAGIC = b"\x63\x82\x53\x63"  # RFC 2131, 3
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE = 1, 2, 3, 4, 5, 6, 7
MASK, ROUTER, HOST_NAME, ADDRESS, LEASE, TYPE, SERVER, PARAMETERS = 1, 3, 12, 50, 51, 53, 54, 55
T1, T2, CLIENT = 58, 59, 61


def dnsmasq(lab: Lab, folder: Path, *more: str, interface: str = "mote0",
            router: str | None = Lab.HOST) -> subprocess.Popen:
    """Starts dnsmasq for the lab's subnet; its log is dnsmasq.log in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    router_option = f"--dhcp-option=3,{router}" if router else "--dhcp-option=3"
    with (folder / "dnsmasq.log").open("ab") as log:
        return lab.start(
            "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--log-dhcp",
            "--no-ping", "--dhcp-authoritative", f"--interface={interface}", "--bind-dynamic",
            "--dhcp-range=192.0.2.50,192.0.2.60,255.255.255.0,2m", router_option,
            f"--dhcp-leasefile={folder}/leases", "--user=root", *more, stdout=log, stderr=log)


@dataclass(frozen=True)
class Message:
    """A client's message."""

    kind: int
    transaction: bytes
    hardware: bytes
    client: str  # ciaddr
    options: dict[int, bytes]
    unicast: bool  # sent to our address rather than to all

    @property
    def wanted(self) -> str | None:
        """The requested address, if the client asks for one."""
        return socket.inet_ntoa(self.options[ADDRESS]) if ADDRESS in self.options else None


def read(packet: bytes, unicast: bool) -> Message | None:
    """Reads BOOTP's fixed part and DHCP's options (RFC 2131, 2; RFC 2132)."""
    if len(packet) < 244 or packet[0] != 1 or packet[236:240] != MAGIC:
        return None
    options: dict[int, bytes] = {}
    at = 240
    while at < len(packet) and packet[at] != 255:
        if packet[at] == 0:
            at += 1
            continue
        length = packet[at + 1]
        options[packet[at]] = packet[at + 2:at + 2 + length]
        at += 2 + length
    if TYPE not in options:
        return None
    return Message(options[TYPE][0], packet[4:8], packet[28:34],
                   socket.inet_ntoa(packet[12:16]), options, unicast)


@dataclass
class Answer:
    """A reply to a client."""

    kind: int
    address: str = "0.0.0.0"
    lease_s: int = 3600
    options: dict[int, bytes] = field(default_factory=dict)


Policy = Callable[[Message], Answer | None]


class SmallServer:
    """Answers as its policy says, in a thread of its own, and records what clients send."""

    def __init__(self, lab: Lab, policy: Policy, interface: str = "mote0") -> None:
        self.policy = policy
        self.heard: list[Message] = []
        self._changed = threading.Condition()
        self._mac = lab.mac(interface)
        self._socket = lab.raw(interface)
        self._socket.settimeout(0.2)
        self._ending = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ending:
            try:
                frame, source = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return  # the wire is gone
            is_ours = source[2] == socket.PACKET_OUTGOING
            is_udp = frame[12:14] == b"\x08\x00" and frame[23] == frames.UDP
            if is_ours or not is_udp or frame[36:38] != b"\x00\x43":
                continue
            packet = frames.read_ipv4(frame)
            message = read(packet.payload[8:], packet.to == Lab.HOST)
            if message:
                if answer := self.policy(message):
                    self._socket.send(self._frame(message, answer))
                with self._changed:
                    self.heard.append(message)
                    self._changed.notify_all()

    def _frame(self, message: Message, answer: Answer) -> bytes:
        options = {TYPE: bytes([answer.kind]), SERVER: frames.address(Lab.HOST)}
        if answer.kind != NAK:
            options |= {MASK: frames.address("255.255.255.0"),
                        LEASE: struct.pack(">I", answer.lease_s)}
        options |= answer.options
        # A value too long for one option is split over several (RFC 3396).
        packed = b"".join(bytes([code, len(value[at:at + 255])]) + value[at:at + 255]
                          for code, value in options.items()
                          for at in range(0, max(len(value), 1), 255))
        bootp = struct.pack(">4B4sHH4s4s4s4s16s192x", 2, 1, 6, 0, message.transaction, 0, 0x8000,
                            bytes(4), frames.address(answer.address), bytes(4), bytes(4),
                            message.hardware + bytes(10)) + MAGIC + packed + b"\xff"
        datagram = frames.udp(Lab.HOST, "255.255.255.255", 67, 68, bootp)
        packet = frames.ipv4(Lab.HOST, "255.255.255.255", frames.UDP, datagram)
        return frames.ethernet(frames.BROADCAST, self._mac, frames.IPV4, packet)

    def wait_for(self, wanted: Callable[[Message], bool], what: str, start: int = 0,
                 deadline_s: float = 60) -> Message:
        """Waits until a client has sent a message that fits."""
        def found() -> Message | None:
            return next((message for message in self.heard[start:] if wanted(message)), None)
        with self._changed:
            self._changed.wait_for(found, deadline_s)
        message = found()
        assert message, f"{what}: not within {deadline_s} s; heard {self.heard[start:]}"
        return message

    def close(self) -> None:
        self._ending = True
        self._thread.join(5)
        self._socket.close()


def grants(address: str, lease_s: int, **options: dict[int, bytes]) -> Policy:
    """A server that gives this address to every client."""
    def policy(message: Message) -> Answer | None:
        kind = {DISCOVER: OFFER, REQUEST: ACK}.get(message.kind)
        return Answer(kind, address, lease_s, **options) if kind else None
    return policy
