"""The emulator of a long line between real interfaces: nothing comes early, and what is lost, late
or doubled is what the seed says."""

import json
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import frames
from conftest import open_lab
from lab import Lab, end

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/bench/long_line"
FRAMES = 2000
WAY = ("192.0.2.2", "192.0.2.1")
MACS = (b"\x02\0\0\0\0\1", b"\x02\0\0\0\0\2")
MARK = struct.Struct(">II")  # what our frames carry: a word of ours, and their number
OURS = 0x4C696E65

pytestmark = pytest.mark.needs("build/bench/long_line")


class Ends:
    """A client's and a server's interface with a line between them."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        lines = [f"link add {one} type veth peer name {other}"
                 for one, other in (("left", "far"), ("right", "away"))]
        lines += [f"link set {name} addrgenmode none arp off txqueuelen 30000 up"
                  for name in ("left", "far", "right", "away")]
        lab.run("ip", "-batch", "-", input="\n".join(lines) + "\n")
        self.left, self.right = lab.raw("left"), lab.raw("right")
        self.line: subprocess.Popen[str] | None = None

    def begin(self, *words: str) -> None:
        self.line = self.lab.start(str(PROGRAM), "far", "away", *words, stdout=subprocess.PIPE,
                                   text=True)
        assert self.line.stdout.readline() == "up\n"

    def finish(self) -> dict[str, dict[str, int]]:
        self.line.terminate()
        counts = json.loads(self.line.stdout.read())
        end(self.line)
        self.line.stdout.close()
        return counts

    def send(self, number: int, length: int = 500, kind: int = frames.IPV4) -> None:
        packet = frames.ipv4(*WAY, frames.UDP, frames.udp(
            *WAY, 7, 7, MARK.pack(OURS, number).ljust(length, b"x")))
        self.left.send(frames.ethernet(MACS[1], MACS[0], kind, packet))

    def receive(self, patience_s: float) -> Iterator[tuple[float, int]]:
        """Our frames at the right end, each with its time, until none comes for so long."""
        self.right.settimeout(patience_s)
        while True:
            try:
                frame = self.right.recv(2048)
            except TimeoutError:
                return
            if (at := frame.find(struct.pack(">I", OURS))) >= 0:
                yield time.monotonic(), MARK.unpack_from(frame, at)[1]


@pytest.fixture
def ends() -> Iterator[Ends]:
    lab = open_lab()
    try:
        yield Ends(lab)
    finally:
        lab.close()


def test_nothing_comes_before_its_time(ends: Ends) -> None:
    ends.begin("delay_us=30000", "mbit=10", "queue=1000000")
    begun = time.monotonic()
    for number in range(100):
        ends.send(number)
    came = list(ends.receive(2))
    assert [number for _, number in came] == list(range(100))
    counts = ends.finish()["out"]
    size = counts["bytes"] / counts["frames"]
    for at, (when, _) in enumerate(came, 1):
        assert when - begun >= 0.030 + at * size * 8 / 10e6 - 0.001
    assert counts["dropped"] == counts["lost"] == 0 and counts["queue_most_us"] > 0


def test_the_same_seed_has_the_same_misfortunes(ends: Ends) -> None:
    def run(seed: int) -> tuple[list[int], dict[str, int]]:
        ends.begin("loss=0.02", "burst_start=0.002", "burst_frames=5", "duplicate=0.03",
                   "delay_us=2000", f"seed={seed}")
        came: list[int] = []
        for number in range(FRAMES):
            ends.send(number)
            if number % 50 == 49:  # our socket has room for some hundreds
                came += [number for _, number in ends.receive(0.02)]
        came += [number for _, number in ends.receive(2)]
        return came, ends.finish()["out"]

    came, counts = run(3)
    assert counts["frames"] == FRAMES and counts["missed"] == counts["refused"] == 0
    assert len(set(came)) == FRAMES - counts["lost"] < FRAMES
    assert len(came) == FRAMES - counts["lost"] + counts["duplicated"]
    assert run(3)[0] == came
    assert run(4)[0] != came


def test_the_queue_drops_what_it_has_no_room_for(ends: Ends) -> None:
    ends.begin("mbit=1", "queue=20000")
    for number in range(100):
        ends.send(number, 1000)
    came = [number for _, number in ends.receive(2)]
    counts = ends.finish()["out"]
    assert counts["dropped"] > 0 and len(came) == 100 - counts["dropped"]
    assert came[:19] == list(range(19)), "the tail is dropped, not the head"
    assert counts["queue_most_us"] <= 20_000 * 8


def test_what_is_on_its_way_at_the_end_arrives(ends: Ends) -> None:
    ends.begin("delay_us=200000", "mbit=10", "queue=1000000")
    for number in range(50):
        ends.send(number)
    assert ends.finish()["out"]["frames"] == 50
    assert [number for _, number in ends.receive(0.1)] == list(range(50))


def test_arp_crosses_at_once(ends: Ends) -> None:
    ends.begin("delay_us=9000000", "loss=1")
    ends.send(1, kind=frames.ARP)
    assert next(ends.receive(8))[1] == 1
    counts = ends.finish()["out"]
    assert (counts["frames"], counts["at_once"]) == (0, 1)


def test_a_frame_that_is_too_large_is_told(ends: Ends) -> None:
    ends.lab.run("ip", "link", "set", "left", "mtu", "9000")
    ends.lab.run("ip", "link", "set", "far", "mtu", "9000")
    ends.begin("delay_us=1000")
    ends.send(1, 4000)
    ends.send(2)
    assert next(ends.receive(8))[1] == 2
    assert ends.finish()["out"]["too_large"] == 1


def test_an_interface_that_is_not_there_is_named(ends: Ends) -> None:
    said = ends.lab.run(str(PROGRAM), "far", "nowhere", check=False)
    assert said.returncode == 1 and said.stderr.startswith("nowhere: ")
