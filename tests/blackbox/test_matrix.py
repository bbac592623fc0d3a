"""The matrix: every supported NIC, on every machine that can have it, booted in every way.

A usual run takes a choice of cells that includes every NIC, and every machine and way of booting
with every family of NICs; `--matrix` (or MOTE_MATRIX=1) takes all. A model added to NICS is in
both.
"""

import hashlib
import itertools
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import dhcp
import frames
import sites
from conftest import Bench
from images import Images
from lab import Lab
from machine import MACHINES, MAC, QEMU, Machine
from cables import boot_on_cutting_cable
from wire import Wire

BOOTS = ("bios", "pvh")
FILE_MIB = 16
LOSSY_MIB = 4  # in a usual run, to save time


@dataclass(frozen=True)
class Nic:
    """A NIC of QEMU's; a family is the NICs that one driver handles alike."""

    family: str
    device: str  # arguments for -device
    first: tuple[str, ...] = ()  # arguments needed before it
    bus: str = "pci"  # or "mmio": a virtio-mmio window
    io_ports: bool = False  # reachable by I/O ports only


NICS = {
    "virtio-net legacy": Nic("virtio-net", "virtio-net-pci,disable-modern=on,disable-legacy=off",
                             io_ports=True),
    "virtio-net transitional": Nic("virtio-net",
                                   "virtio-net-pci,disable-modern=off,disable-legacy=off"),
    "virtio-net modern": Nic("virtio-net", "virtio-net-pci,disable-modern=off,disable-legacy=on"),
    "virtio-mmio legacy": Nic("virtio-mmio", "virtio-net-device", bus="mmio", first=(
        "-global", "virtio-mmio.force-legacy=true")),
    "virtio-mmio modern": Nic("virtio-mmio", "virtio-net-device", bus="mmio", first=(
        "-global", "virtio-mmio.force-legacy=false")),
    "e1000": Nic("e1000", "e1000"),
    "e1000-82544gc": Nic("e1000", "e1000-82544gc"),
    "e1000-82545em": Nic("e1000", "e1000-82545em"),
    "e1000e": Nic("e1000e", "e1000e"),
    "vmxnet3": Nic("vmxnet3", "vmxnet3"),
}


@dataclass(frozen=True)
class Cell:
    nic: str
    machine: str
    boot: str

    def __str__(self) -> str:
        return f"{self.nic}, {self.machine}, {self.boot}"

    @property
    def impossible(self) -> str:
        """Why no such machine exists; empty if one does."""
        nic = NICS[self.nic]
        if nic.bus == "mmio" and not self.machine.startswith("microvm"):
            return "pc and q35 have no windows of virtio-mmio"
        if nic.bus == "pci" and self.machine == "microvm, no PCI":
            return "no bus to plug it into"
        if nic.io_ports and self.machine == "microvm":
            return "its PCI host bridge leads no I/O ports to the bus"
        return ""

    def facts(self) -> set[tuple[str, ...]]:
        """The combinations this cell covers: the choice must cover all that the whole matrix
        does."""
        family = NICS[self.nic].family
        return {(self.nic,), (family, self.machine), (family, self.boot)}

    def plugged(self, **more: object) -> Machine:
        nic = NICS[self.nic]
        return Machine(nic=nic.device, machine=self.machine, boot=self.boot, nic_first=nic.first,
                       **more)


PRODUCT = [Cell(*words) for words in itertools.product(NICS, MACHINES, BOOTS)]
WHOLE = [cell for cell in PRODUCT if not cell.impossible]


def choice(cells: list[Cell]) -> Iterator[Cell]:
    """A few cells that cover every fact: greedily the cell that covers most of the rest."""
    left = set().union(*(cell.facts() for cell in cells))
    while left:
        best = max(cells, key=lambda cell: len(cell.facts() & left))
        left -= best.facts()
        yield best


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cell" in metafunc.fixturenames:
        cells = WHOLE if metafunc.config.getoption("--matrix") else list(choice(WHOLE))
        metafunc.parametrize("cell", cells, ids=str)


def test_address_echo_burst_and_link(bench: Bench, cell: Cell) -> None:
    """One life: DHCP, pings of many sizes, 10,000 frames at once, the link down and up."""
    tap = bench.lab.tap()
    dhcp.dnsmasq(bench.lab, bench.results, f"--dhcp-host={MAC},{Lab.GUEST}")
    guest = bench.boot(cell.plugged(settings=None), wire=tap)
    guest.serves()
    for size in (0, 1, 56, 1472, 1473, 2952, 2953, 8000):
        bench.lab.run("ping", "-c", "2", "-i", "0.05", "-w", "20", "-s", str(size), Lab.GUEST)

    wire = Wire(bench.lab)
    datagram = frames.ipv4(Lab.HOST, Lab.GUEST, frames.UDP,
                           frames.udp(Lab.HOST, Lab.GUEST, 40000, 9, bytes(64)))
    guest.ask("stop")
    for _ in range(10_000):
        wire.send_ip(datagram, to=wire.guest_mac)
    guest.ask("cont")
    guest.serves()
    wire.close()

    seen = len(guest.console.lines)
    guest.ask("set_link", name="net0", up=False)
    guest.console.wait_for(r"^net0: link down", start=seen)
    guest.ask("set_link", name="net0", up=True)
    guest.console.wait_for(r"^net0: link up", start=seen)
    guest.serves()


@pytest.mark.parametrize("lost", [0, 0.02])
def test_file_arrives_whole(bench: Bench, images: Images, pytestconfig: pytest.Config, cell: Cell,
                            lost: float) -> None:
    """QEMU's end of this cable needs finished checksums, so the NIC's own are verified."""
    mib = LOSSY_MIB if lost and not pytestconfig.getoption("--matrix") else FILE_MIB
    site = images.once(f"large-{mib}", lambda out: sites.large(out, mib))
    # Over PVH on pc and q35, SeaBIOS uses memory up to 16 MiB below the end before the kernel runs.
    guest = boot_on_cutting_cable(bench, site, cell.plugged(memory_mib=mib + 32), (lost, 0, 0))
    out = bench.results / "large.bin"
    bench.lab.run("curl", "-sf", "-o", str(out), f"http://{Lab.GUEST}/large.bin", timeout=300)
    got = hashlib.sha256(out.read_bytes()).hexdigest()
    assert got == hashlib.sha256((site / "large.bin").read_bytes()).hexdigest()
    guest.http_answers()


def test_the_choice_shows_what_the_matrix_does() -> None:
    """Each NIC, and each machine and way of booting that a family can have."""
    def shown(cells: list[Cell]) -> set[tuple[str, ...]]:
        met = [(NICS[cell.nic].family, cell) for cell in cells]
        return {(cell.nic,) for _, cell in met} | {(family, cell.machine) for family, cell in met} \
            | {(family, cell.boot) for family, cell in met}

    chosen = list(choice(WHOLE))
    assert shown(chosen) == shown(WHOLE)
    assert {cell.nic for cell in WHOLE} == set(NICS)
    assert len(set(chosen)) == len(chosen) < len(WHOLE) / 2


GAPS = [cell for cell in PRODUCT if cell.impossible and cell.boot == "pvh"]


@pytest.mark.parametrize("gap", GAPS, ids=str)
def test_what_is_left_out_cannot_be(bench: Bench, gap: Cell) -> None:
    """QEMU has no such machine, or none in which the NIC's registers can be reached."""
    guest = bench.start(gap.plugged())
    if NICS[gap.nic].io_ports and gap.machine == "microvm":
        guest.console.wait_for(r"1af4:1000 does not work: .* registers can be reached")
        assert "gpex_ioport_window" not in guest.monitor("info mtree")
        return
    guest.wait_for_end()
    said = (guest.results / "qemu.log").read_text()
    assert re.search(r"No '(PCI|virtio-bus)' bus found for device", said), said


NOT_OF_THEIR_OWN = {
    "virtio-net-pci-transitional": "virtio-net-pci by another name",
    "virtio-net-pci-non-transitional": "virtio-net-pci by another name",
    "pvrdma": "works beside a vmxnet3 only, and carries no frames",
    "rocker": "a switch's management port",
}


def test_every_nic_that_is_driven_is_in_the_matrix(bench: Bench) -> None:
    """All other NICs that QEMU can plug into PCI are present at once, and each is called
    unsupported."""
    shown = subprocess.run([QEMU, "-device", "help"], capture_output=True, text=True, check=True,
                           timeout=60)
    network = shown.stdout.split("Network devices:\n")[1].split("\n\n")[0]
    models = re.findall(r'^name "([^"]+)", bus PCI\b', network, re.MULTILINE)
    listed = {nic.device.split(",")[0] for nic in NICS.values()}
    assert listed & set(models), "QEMU's list is read wrongly"
    strangers = dict(enumerate(sorted(set(models) - listed - set(NOT_OF_THEIR_OWN)), start=4))
    plugged = tuple(word for slot, model in strangers.items()
                    for word in ("-device", f"{model},addr={slot:#x},romfile="))
    guest = bench.boot(Machine(machine="pc", nic="virtio-net-pci,addr=0x3", extra=plugged))
    driven = [model for slot, model in strangers.items() if not guest.console.find(
        rf"^pci 00:{slot:02x}\.0: network device .* is not supported")]
    assert not driven, f"{driven}: to be given a place in NICS"
    guest.serves()
