"""Every NIC that is driven, on the machines that have it: address, echo, files, bursts, link."""

import hashlib
from pathlib import Path

import pytest

import dhcp
import frames
import sites
from cables import boot_on_cable
from conftest import Bench
from images import Images
from lab import Lab
from machine import MAC, Machine
from wire import Wire

MODERN_WINDOWS = ("-global", "virtio-mmio.force-legacy=false")

# (NIC, machine, boot way, arguments in front). Each NIC is on each of its machines, each boot way
# with each family.
CELLS = {
    "virtio-mmio 1": ("virtio-net-device", "microvm, no PCI", "pvh", ()),
    "virtio-mmio 2": ("virtio-net-device", "microvm, no PCI", "pvh", MODERN_WINDOWS),
    "e1000, pc, bios": ("e1000", "pc", "bios", ()),
    "e1000, q35, pvh": ("e1000", "q35", "pvh", ()),
    "82544gc, pc, pvh": ("e1000-82544gc", "pc", "pvh", ()),
    "82545em, q35, bios": ("e1000-82545em", "q35", "bios", ()),
    "e1000e, q35, pvh": ("e1000e", "q35", "pvh", ()),
    "e1000e, pc, bios": ("e1000e", "pc", "bios", ()),
    "vmxnet3, q35, pvh": ("vmxnet3", "q35", "pvh", ()),
    "vmxnet3, pc, bios": ("vmxnet3", "pc", "bios", ()),
}


def machine_of(cell: str, **more: object) -> Machine:
    nic, machine, boot, first = CELLS[cell]
    return Machine(nic=nic, machine=machine, boot=boot, nic_first=first, **more)


@pytest.mark.parametrize("cell", CELLS)
def test_address_echo_burst_and_link(bench: Bench, cell: str) -> None:
    """A life: DHCP, pings of many sizes, 10,000 frames at once, a link that goes and comes."""
    tap = bench.lab.tap()
    dhcp.dnsmasq(bench.lab, bench.results, f"--dhcp-host={MAC},{Lab.GUEST}")
    guest = bench.boot(machine_of(cell, settings=None), wire=tap)
    guest.serves()
    for size in ("0", "1", "56", "1472", "1473", "8000"):
        bench.lab.run("ping", "-c", "2", "-i", "0.05", "-w", "20", "-s", size, Lab.GUEST)

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


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lost", [0, 0.02])
def test_file_arrives_whole(bench: Bench, images: Images, cell: str, lost: float) -> None:
    """QEMU's own end of this cable needs whole checksums: what the NIC filled in is checked."""
    site: Path = images.once("large-4", lambda out: sites.large(out, 4))
    guest = boot_on_cable(bench, site, machine_of(cell, memory_mib=32), (lost, 0, 0))
    out = bench.results / "large.bin"
    bench.lab.run("curl", "-sf", "-o", str(out), f"http://{Lab.GUEST}/large.bin", timeout=300)
    got = hashlib.sha256(out.read_bytes()).hexdigest()
    assert got == hashlib.sha256((site / "large.bin").read_bytes()).hexdigest()
    guest.http_answers()


def test_three_models_in_three_subnets(bench: Bench) -> None:
    """Each is pinged and fetched from its own side, and answers there."""
    settings, extra, wires = Machine().settings, [], []
    for number, model in ((1, "e1000"), (2, "vmxnet3")):
        wires.append(bench.lab.tap(f"mote{number}", address=f"198.51.{100 + number}.1/24"))
        settings += f"\nnetwork.{number}.address=198.51.{100 + number}.2/24"
        extra += ["-netdev", f"tap,id=net{number},fd={wires[-1]}", "-device",
                  f"{model},netdev=net{number},mac=52:54:00:4d:6f:0{number},romfile="]
    guest = bench.boot(Machine(settings=settings, extra=tuple(extra)), more_wires=tuple(wires))
    for line in (r"net0: virtio-net", r"net1: e1000 ", r"net2: vmxnet3 "):
        guest.console.wait_for("^" + line)
    for address in (Lab.GUEST, "198.51.101.2", "198.51.102.2"):
        guest.lab.run("ping", "-c", "3", "-i", "0.05", "-w", "20", address)
        shown = guest.lab.run("curl", "-sf", "-o", "/dev/null", "-w", "%{http_code}",
                              f"http://{address}/").stdout
        assert shown == "200"
