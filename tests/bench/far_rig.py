"""Machines behind a long line, in a lab each, and a client that downloads from them.

    QEMU - tap - bridge - near - far ═ long_line ═ away - home: the client's address

Traps, all seen: every interface but the client's has ARP off, else a port of the bridge answers
for the client and frames run past the line; and the pairs cut and sum segments before long_line
sees them, which asks for all their offloads to be off. long_line's counts tell when it isn't so.
"""

import ctypes
import fcntl
import functools
import json
import random
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/blackbox"), str(Path(__file__).parent)]

import linux_vm  # noqa: E402
from images import Images  # noqa: E402
from lab import Lab, end, until  # noqa: E402
from machine import MAC, Guest  # noqa: E402
from tools.command_line.far_lines import SIZES, Line  # noqa: E402
from world import BenchMachine  # noqa: E402

PROGRAM = ROOT / "build/bench/long_line"
BOOT_S = 120
STALLED_S = 60  # without a byte, a download has failed
OFFLOADS = (0x17, 0x19, 0x1F, 0x24, 0x2C)  # linux/ethtool.h: ETHTOOL_S{TXCSUM,SG,TSO,GSO,GRO}
SIOCETHTOOL = 0x8946
# Linux's own defaults, wherever the bench runs: a reader's.
CLIENT = {"net/ipv4/tcp_rmem": "4096 131072 6291456", "net/ipv4/tcp_no_metrics_save": "1"}

# The near pair's end at the bridge, the two that long_line holds, and the client's.
NEAR, FAR, AWAY, HOME = "near", "far", "away", "home"


@dataclass(frozen=True)
class FarMachine(BenchMachine):
    """A machine with an address of its own, for several behind one line."""

    memory_mib: int = linux_vm.MEMORY_MIB
    mac: str = MAC
    address: str = Lab.GUEST

    def arguments(self, *where: Any) -> list[str]:
        return [word.replace(MAC, self.mac) for word in super().arguments(*where)]


@dataclass(frozen=True)
class Contender:
    """One kind of server: its software and its machine."""

    name: str
    image: Path
    machine: FarMachine

    def at(self, host: int) -> "Contender":
        """The same with another address and MAC."""
        address = f"192.0.2.{host}"
        mac = f"{MAC[:-2]}{host:02x}"
        return replace(self, machine=replace(
            self.machine, address=address, mac=mac,
            settings=self.machine.settings and self.machine.settings.replace(
                f"{Lab.GUEST}/", f"{address}/"),
            command_line=self.machine.command_line.replace(f"address={Lab.GUEST} ",
                                                           f"address={address} ")))


def make_site(site: Path) -> Path:
    """Files that no coding makes smaller."""
    site.mkdir()
    for name, size in SIZES.items():
        (site / f"{name}.bin").write_bytes(random.Random(size).randbytes(size))
    (site / "index.html").write_bytes(b"<!doctype html>")
    return site


def contenders(folder: Path, nic: str) -> tuple[Contender, Contender, Contender]:
    """Mote, and Linux with nginx by two congestion controls, all with the same site."""
    site = make_site(folder / "site")
    ours, theirs = FarMachine(nic=nic), FarMachine(settings=None)
    made = [Contender("mote", Images(folder / "images").bootable(site, ours.boot), ours)]
    for name in ("cubic", "bbr"):
        peer = linux_vm.build(folder, site, name)
        # What it learnt from one line would bend its way over the next.
        append = f"{peer.append} sysctl.net.ipv4.tcp_no_metrics_save=1"
        made.append(Contender(name, peer.kernel, replace(
            theirs, command_line=append, extra=("-initrd", str(peer.initrd)))))
    return made[0], made[1], made[2]


# --- The line ---

def make_bare(lab: Lab, interface: str) -> None:
    """Turns an interface's offloads off."""
    with lab.new_socket(socket.SOCK_DGRAM) as control:
        for command in OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))  # ethtool_value
            fcntl.ioctl(control, SIOCETHTOOL, struct.pack(
                "16sQ16x", interface.encode(), ctypes.addressof(value)))


class LineLab:
    """A lab with taps on a bridge, and the client at the other end of the line."""

    def __init__(self, machines: Sequence[FarMachine]) -> None:
        self.lab = Lab()
        self.line: subprocess.Popen[str] | None = None
        try:
            self.wires = [self.lab.tap(f"mote{number}", address=None)
                          for number in range(len(machines))]
            self._plug([f"mote{number}" for number in range(len(machines))])
            for name, value in CLIENT.items():
                self.lab.set_kernel(name, value)
            for machine in machines:
                self.lab.run("ip", "neigh", "replace", machine.address, "lladdr", machine.mac,
                             "dev", HOME, "nud", "permanent")
        except BaseException:
            self.lab.close()
            raise

    def _plug(self, taps: list[str]) -> None:
        pairs = [(NEAR, FAR), (HOME, AWAY)]
        ends = [name for pair in pairs for name in pair]
        lines = ["link add bridge0 type bridge"]
        lines += [f"link add {one} type veth peer name {other}" for one, other in pairs]
        lines += [f"link set {name} arp off" for name in (*taps, "bridge0", NEAR, FAR, AWAY)]
        lines += [f"link set {name} master bridge0" for name in (*taps, NEAR)]
        lines += [f"link set {name} addrgenmode none txqueuelen 30000 up"
                  for name in ("bridge0", *ends)]
        lines.append(f"addr add {Lab.HOST}/{Lab.PREFIX} dev {HOME}")
        self.lab.run("ip", "-batch", "-", input="\n".join(lines) + "\n")
        for name in ends:
            make_bare(self.lab, name)

    @contextmanager
    def through(self, line: Line, seed: int, *more: str) -> Iterator[dict[str, dict[str, int]]]:
        """A running line; at the end the counts of both ways are in what is given."""
        counts: dict[str, dict[str, int]] = {}
        # 1: the client asks for ECN; 2, the default: it only agrees to it.
        self.lab.set_kernel("net/ipv4/tcp_ecn", "1" if line.mark else "2")
        process = self.lab.start(str(PROGRAM), FAR, AWAY, *line.words(seed), *more,
                                 stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "up\n", "long_line didn't start"
            yield counts
            process.terminate()
            counts.update(json.loads(process.stdout.read()))
        finally:
            end(process)
            process.stdout.close()
        for way in counts.values():
            assert not way["too_large"], "segments came uncut: are the offloads off?"


# --- Machines and downloads ---

class Running:
    """A contender that runs behind its own line, and can be paused."""

    def __init__(self, contender: Contender, folder: Path) -> None:
        self.contender = contender
        self.net = LineLab([contender.machine])
        try:
            self.guest = Guest(self.net.lab, contender.machine, contender.image,
                               folder / contender.name, self.net.wires[0])
        except BaseException:
            self.net.lab.close()
            raise

    def first_answer(self) -> None:
        with self.net.through(Line(rtt=0, rate=0), 1):
            wait_for_answer(self.net.lab, self.guest, self.contender.machine.address)

    @contextmanager
    def awake(self) -> Iterator["Running"]:
        """Lets it run for one measurement; one that fails is the last, and pauses nothing."""
        self.guest.ask("cont")
        yield self
        self.guest.ask("stop")

    def close(self) -> None:
        try:
            self.guest.stop()
        finally:
            self.net.lab.close()


def wait_for_answer(lab: Lab, guest: Guest, address: str) -> None:
    def answers() -> bool:
        guest.is_alive()
        try:
            with lab.connect(address=address, timeout=2) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: mote.lan\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False  # nobody listens yet

    try:
        until(answers, f"an answer of {address}", BOOT_S)
    except AssertionError as late:
        late.add_note("\n".join(guest.console.lines[-25:]))
        raise


@contextmanager
def all_running(wanted: Sequence[Contender], folder: Path) -> Iterator[list[Running]]:
    """The machines, booted and paused."""
    with ExitStack() as stack:
        machines = []
        for contender in wanted:
            machine = Running(contender, folder)
            stack.callback(machine.close)
            machine.first_answer()
            machine.guest.ask("stop")
            machines.append(machine)
        yield machines


def request(size: str) -> bytes:
    return f"GET /{size}.bin HTTP/1.1\r\nHost: mote.lan\r\n\r\n".encode()


@functools.cache
def crc_of(size: str) -> int:
    return zlib.crc32(random.Random(SIZES[size]).randbytes(SIZES[size]))


def download(lab: Lab, size: str, address: str = Lab.GUEST) -> float:
    """Seconds from the first SYN to the last byte, all of which are right by their CRC."""
    expected = crc_of(size)
    connection = lab.new_socket()
    with connection:
        connection.settimeout(STALLED_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begun = time.monotonic()
        connection.connect((address, 80))
        connection.sendall(request(size))
        room = bytearray(1 << 18)
        head = b""
        while (cut := head.find(b"\r\n\r\n")) < 0:
            got = connection.recv(4096)
            assert got, "the connection ended within the fields"
            head += got
        assert head.startswith(b"HTTP/1.1 200 "), head[:80]
        body = head[cut + 4:]
        crc, left = zlib.crc32(body), SIZES[size] - len(body)
        while left > 0:
            count = connection.recv_into(room)
            assert count, f"the connection ended {left} bytes early"
            crc = zlib.crc32(memoryview(room)[:count], crc)
            left -= count
        seconds = time.monotonic() - begun
        assert left == 0 and crc == expected, f"{size}: not the bytes that were asked for"
        return seconds
