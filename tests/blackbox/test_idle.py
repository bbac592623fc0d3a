"""The idle machine: it polls, or dozes until something comes.

A usual run takes some hundred wakes for each kind of NIC and interrupt; MOTE_WAKES=10000 takes that
many, and watches the idle machine for 30 seconds.
"""

import os
import random
import select
import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import exposition
import sites
from conftest import Bench
from http_client import Client
from images import Images
from machine import Guest, Machine

WAKES = int(os.environ.get("MOTE_WAKES", "150"))
LONG = WAKES >= 10_000
IDLE_S = 30 if LONG else 3
IDLE_SHARE, IDLE_TRIES = 0.01, 5
METRICS = Machine().settings + "\nhttp.metrics=/metrics"
DOZE = METRICS + "\nidle=doze"

# Mote polls for this long before it dozes. Requests come up to three times later than that.
QUIET_S = 0.0005

MIB = 4  # size of the large body


@dataclass(frozen=True)
class Way:
    """A NIC and the way its interrupt arrives."""

    nic: str
    machine: str
    boot: str = "pvh"
    first: tuple[str, ...] = ()

    def plugged(self, settings: str = DOZE) -> Machine:
        return Machine(nic=self.nic, machine=self.machine, boot=self.boot, nic_first=self.first,
                       settings=settings)


WAYS = {
    "virtio-net by MSI-X, q35": Way("virtio-net-pci,disable-legacy=on", "q35"),
    "virtio-net legacy by MSI-X, pc": Way("virtio-net-pci,disable-modern=on", "pc", "bios"),
    "virtio-net by its pin, pc": Way("virtio-net-pci,vectors=0", "pc"),
    "virtio-net without event index, q35": Way("virtio-net-pci,event_idx=off", "q35"),
    "virtio-net by a wire, microvm": Way("virtio-net-device", "microvm, no PCI"),
    "e1000 by its pin, pc": Way("e1000", "pc", "bios"),
    "e1000 by its pin, q35": Way("e1000", "q35"),
    "e1000e by MSI, q35": Way("e1000e", "q35"),
    "vmxnet3 by MSI-X, pc": Way("vmxnet3", "pc"),
}


def scrape(client: Client) -> exposition.Exposition:
    return exposition.read(client.get("/metrics").body.decode())


def pause(seconds: float) -> None:
    """Time between two requests: a stimulus, not a wait for anything."""
    select.select([], [], [], seconds)


def latencies(client: Client, count: int) -> list[float]:
    """Sends spaced requests; returns the seconds each answer took, sorted."""
    chance = random.Random(1)
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        assert client.get("/healthz").status == 200
        taken.append(time.perf_counter() - begin)
        pause(chance.uniform(0, 3 * QUIET_S))
    return sorted(taken)


def percentiles(taken: list[float]) -> str:
    return ", ".join(f"{percent:g} %: {1e6 * taken[int((len(taken) - 1) * percent / 100)]:.0f}"
                     for percent in (50, 90, 99, 99.9, 100))


def processor_seconds(pid: int) -> float:
    """The host CPU time that a process's threads have used."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0])
               for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def idle_share(guest: Guest, seconds: float) -> float:
    """The share of one host CPU that QEMU uses without traffic."""
    begin, used = time.monotonic(), processor_seconds(guest.pid)
    pause(seconds)
    return (processor_seconds(guest.pid) - used) / (time.monotonic() - begin)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_wakes(bench: Bench, way: Way) -> None:
    """No wake is lost: only a NIC's interrupt ends a doze during which a request came."""
    guest = bench.boot(way.plugged())
    guest.console.wait_for("^idle: dozes$")
    with Client(guest.lab.connect()) as client:
        before = scrape(client)
        taken = latencies(client, WAKES)
        after = scrape(client)
    print(f"\n{way.nic}, {way.machine}: latency in us, dozing: {percentiles(taken)}")
    dozes = after.value("mote_loop_dozes_total") - before.value("mote_loop_dozes_total")
    assert dozes > WAKES / 4, "the machine hardly dozed"
    assert after.value("mote_loop_late_wakes_total") == 0
    assert not guest.console.find("can't interrupt|don't arrive")
    guest.ping_answers()


@pytest.mark.parametrize("way", ["virtio-net by MSI-X, q35", "e1000 by its pin, pc",
                                 "virtio-net by a wire, microvm", "vmxnet3 by MSI-X, pc"])
def test_idle_processor(bench: Bench, way: str) -> None:
    """Without traffic a dozing machine costs the host next to nothing. Other work on the host only
    adds, so the least of some measurements counts."""
    guest = bench.boot(WAYS[way].plugged())
    guest.ping_answers()
    shares = []
    while not shares or (min(shares) >= IDLE_SHARE and len(shares) < IDLE_TRIES):
        shares.append(idle_share(guest, IDLE_S))
    told = ", ".join(f"{100 * share:.2f}" for share in shares)
    print(f"\n{way}: {told} % of a processor over {IDLE_S} s each")
    assert min(shares) < IDLE_SHARE, f"{told} % of a processor"


def test_polling_is_the_default(bench: Bench) -> None:
    guest = bench.boot(Machine(settings=METRICS))
    with Client(guest.lab.connect()) as client:
        taken = latencies(client, WAKES)
        assert scrape(client).value("mote_loop_dozes_total") == 0
    print(f"\nlatency in us, polling: {percentiles(taken)}")
    assert not guest.console.find("^idle")


def test_a_nic_that_cannot_interrupt_is_named(bench: Bench) -> None:
    """microvm's BIOS wires no pins; the machine then dozes for a millisecond at a time."""
    guest = bench.boot(Machine(nic="e1000", machine="microvm", settings=DOZE))
    guest.console.wait_for(r"^pci 00:0\d\.0: network device 8086:100e can't interrupt here")
    with Client(guest.lab.connect()) as client:
        taken = latencies(client, 100)
        assert scrape(client).value("mote_loop_dozes_total") > 0
    assert taken[50] < 0.05, percentiles(taken)
    guest.serves()


def test_a_link_that_drops_ends_a_doze(bench: Bench) -> None:
    guest = bench.boot(Machine(settings=DOZE))
    for up in (False, True):
        start = len(guest.console.lines)
        guest.ask("set_link", name="net0", up=up)
        guest.console.wait_for(f"^net0: link {'up' if up else 'down'}", start=start)
    guest.serves()


@pytest.mark.parametrize("way", ["virtio-net by MSI-X, q35", "e1000 by its pin, pc",
                                 "vmxnet3 by MSI-X, pc"])
def test_a_slow_reader_gets_it_all(bench: Bench, images: Images, way: str) -> None:
    """Acknowledgements and window updates end dozes in the middle of a large body."""
    site = images.once("one-large", lambda site: sites.large(site, MIB))
    content = (site / "large.bin").read_bytes()
    guest = bench.boot(replace(WAYS[way].plugged(), memory_mib=32), site=site)
    with guest.lab.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.sendall(b"GET /large.bin HTTP/1.1\r\nHost: mote\r\nConnection: close\r\n\r\n")
        response = b""
        while piece := connection.recv(1 << 16):
            response += piece
            pause(2 * QUIET_S)
    assert response.partition(b"\r\n\r\n")[2] == content
    with Client(guest.lab.connect()) as client:
        numbers = scrape(client)
    assert numbers.value("mote_loop_dozes_total") > 20
    assert numbers.value("mote_loop_late_wakes_total") == 0
