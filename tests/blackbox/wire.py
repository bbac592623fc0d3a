"""Sends frames of any shape to the machine and reads what it sends back."""

import time
from collections.abc import Callable

import frames
from lab import Lab
from machine import MAC


class Wire:
    """Raw frames on the lab's end of the machine's cable."""

    def __init__(self, lab: Lab, interface: str = "mote0", mac: str = MAC) -> None:
        self.lab = lab
        self.mac = lab.mac(interface)
        self.guest_mac = frames.mac(mac)
        self._socket = lab.raw(interface)

    def send(self, frame: bytes) -> None:
        self._socket.send(frame)

    def send_ip(self, packet: bytes, to: bytes | None = None) -> None:
        """Sends an IP packet to the machine's hardware address, or to another."""
        self.send(frames.ethernet(to or self.guest_mac, self.mac, frames.IPV4, packet))

    def receive(self, wanted: Callable[[bytes], bool], deadline_s: float = 20) -> bytes:
        """The next frame from the machine that fits."""
        end = time.monotonic() + deadline_s
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                frame, (_, _, kind, _, sender) = self._socket.recvfrom(65536)
            except TimeoutError:
                break
            if sender[:6] == self.guest_mac and wanted(frame):
                return frame
        raise AssertionError(f"no such frame from the machine within {deadline_s} s")

    def echo(self, identification: int, sequence: int = 1, data: bytes = b"probe") -> None:
        """Sends an echo request that must be answered."""
        message = frames.echo(identification=identification, sequence=sequence, data=data)
        self.send_ip(frames.ipv4(Lab.HOST, Lab.GUEST, frames.ICMP, message))

    def echo_answers_until(self, identification: int) -> list[frames.Ip]:
        """All echo replies up to the one with this identification.

        The machine answers in order. So a good request sent behind bad ones shows when the bad ones
        have been handled: an answer to them would have come earlier.
        """
        answers: list[frames.Ip] = []
        marker = identification.to_bytes(2, "big")
        while True:
            packet = frames.read_ipv4(self.receive(is_echo_reply))
            assert packet
            answers.append(packet)
            if packet.payload[4:6] == marker:
                return answers

    def close(self) -> None:
        self._socket.close()


def is_echo_reply(frame: bytes) -> bool:
    return frame[12:14] == b"\x08\x00" and frame[23] == frames.ICMP and \
        frame[14 + (frame[14] & 15) * 4] == frames.ECHO_REPLY
