"""Long TCP segments that a NIC, or the host behind it, cuts into frames and joins again.

The tests look at the frames after the cut, as a wire would carry them.
"""

import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import captures
import frames
import sites
from cables import boot_on_cable, boot_on_cutting_cable
from conftest import Bench
from images import Images
from lab import Lab, until
from machine import Guest, Machine

MTU = 1500
MIB = 8

# NIC, machine, and the cable on which its long segments are cut.
NICS: dict[str, tuple[str, str, Callable[..., Guest]]] = {
    "virtio-net, modern": ("virtio-net-pci,disable-legacy=on,disable-modern=off", "q35",
                           boot_on_cutting_cable),
    "virtio-net, legacy": ("virtio-net-pci,disable-legacy=off,disable-modern=on", "q35",
                           boot_on_cutting_cable),
    "virtio-net, mmio": ("virtio-net-device", "microvm, no PCI", boot_on_cutting_cable),
    "e1000": ("e1000", "pc", boot_on_cable),
    # QEMU's models of these leave cutting to a network that takes long segments. On any other
    # network, version 7.2's models make IP fragments, which no real NIC of this kind does.
    "e1000e": ("e1000e", "q35", boot_on_cutting_cable),
    "vmxnet3": ("vmxnet3", "q35", boot_on_cutting_cable),
}


@dataclass(frozen=True)
class Segment:
    """A TCP segment's header fields; a capture may truncate the payload, but `length` is the
    whole."""

    port: int
    to_port: int
    sequence: int
    flags: int
    bytes: int
    packet_bytes: int
    payload: bytes

    @property
    def end(self) -> int:
        return (self.sequence + self.bytes) % 2**32


def read_tcp(frame: bytes) -> Segment | None:
    """The TCP segment over IPv4 in a frame, if any."""
    if frame[12:14] != b"\x08\x00" or frame[23] != frames.TCP:
        return None
    start = 14 + (frame[14] & 15) * 4
    total, _, fragment = struct.unpack_from(">HHH", frame, 16)
    assert fragment & captures.FRAGMENT == 0, f"a fragment: {frame[:60].hex()}"
    port, to_port, sequence = struct.unpack_from(">HHI", frame, start)
    header = (frame[start + 12] >> 4) * 4
    return Segment(port, to_port, sequence, frame[start + 13], 14 + total - start - header, total,
                   frame[start + header:14 + total])


def segments(capture: Path, wanted: Callable[[Segment], bool]) -> list[Segment]:
    read = (read_tcp(frame) for _, frame in captures.frames(capture))
    return [segment for segment in read if segment and wanted(segment)]


def before_cut(guest: Guest, wanted: Callable[[Segment], bool]) -> list[Segment]:
    """The segments that QEMU itself handled, from its capture, which ends with it."""
    guest.stop()
    capture = guest.results / "readable.pcap"
    shutil.copy(guest.results / "capture.pcap", capture)
    captures.make_readable(capture)
    return segments(capture, wanted)


def put_together(sent: list[Segment]) -> bytes:
    """Reassembles one connection's stream; fails where segments contradict each other."""
    first = next(segment for segment in sent if segment.flags & frames.SYN).sequence + 1
    stream = bytearray()
    for segment in sorted((segment for segment in sent if segment.bytes),
                          key=lambda segment: (segment.sequence - first) % 2**32):
        at = (segment.sequence - first) % 2**32
        assert at <= len(stream), f"nothing at {len(stream)}, {at} comes next"
        known = stream[at:at + segment.bytes]
        assert segment.payload[:len(known)] == known, f"two versions of what stands at {at}"
        stream += segment.payload[len(known):]
    return bytes(stream)


def repeated_in_order(sent: list[Segment]) -> int:
    """The bytes that one connection sent again: a host that stands still for a moment brings on a
    probe or a timeout. Fails where new data doesn't follow on what was sent."""
    first = next(segment for segment in sent if segment.flags & frames.SYN).sequence + 1
    end = repeated = 0
    for segment in sent:
        if segment.bytes:
            at = (segment.sequence - first) % 2**32
            assert at <= end, f"nothing at {end}, {at} comes next"
            repeated += min(end - at, segment.bytes)
            end = max(end, at + segment.bytes)
    return repeated


@pytest.mark.parametrize("lost", [0, 0.02])
@pytest.mark.parametrize("nic", NICS)
def test_frames_are_cut_right(bench: Bench, images: Images, nic: str, lost: float) -> None:
    site: Path = images.once(f"large-{MIB}", lambda out: sites.large(out, MIB))
    model, machine, boot = NICS[nic]
    bench.results.mkdir(parents=True, exist_ok=True)
    capture = bench.results / "wire.pcap"
    guest = boot(bench, site, Machine(nic=model, machine=machine, memory_mib=MIB + 32),
                 (lost, 0, 0), capture)
    guest.console.wait_for(r"^net0: .* offloads (?:.* )?tso4\b")
    out = bench.results / "large.bin"
    bench.lab.run("curl", "-sf", "--max-time", "500", "-o", str(out),
                  f"http://{Lab.GUEST}/large.bin", timeout=600)
    content = (site / "large.bin").read_bytes()
    assert out.read_bytes() == content
    def recorded() -> list[Segment]:
        return segments(capture, lambda segment: segment.port == 80)
    until(lambda: any(segment.flags & frames.FIN for segment in recorded()), "the machine's FIN")
    for _, frame in captures.frames(capture):
        assert len(frame) <= 14 + MTU
        captures.check_checksums(frame)
    sent = recorded()
    head, _, body = put_together(sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == content
    if not lost:
        assert repeated_in_order(sent) <= len(content) // 100
    if boot is not boot_on_cutting_cable:
        return  # QEMU's model of the NIC cuts, unseen
    long = before_cut(guest, lambda segment: segment.port == 80)
    assert max(segment.packet_bytes for segment in long) > MTU
    # Flags that mark a segment's end are on the last of its frames only.
    for flag in (frames.PSH, frames.FIN):
        ends = {segment.end for segment in long if segment.flags & flag}
        marked = {segment.end for segment in sent if segment.flags & flag}
        assert marked and marked <= ends


def test_long_segments_are_received(bench: Bench) -> None:
    """The host passes long segments on as they are: a large request body comes in them."""
    guest = bench.boot()
    guest.console.wait_for(r"^net0: .* offloads .*\blro4\b")
    body = bytes(100 * 1024)
    with bench.lab.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: mote\r\nConnection: close\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 405 "), answer[:200]
    guest.serves()
    came = before_cut(guest, lambda segment: segment.to_port == 80)
    assert max(segment.packet_bytes for segment in came) > 2 * MTU
