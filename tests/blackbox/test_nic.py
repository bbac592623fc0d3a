"""virtio-net in every form that QEMU and Proxmox VE give it, anywhere on the bus."""

from pathlib import Path

import pytest

import captures
from cables import boot_on_cutting_cable
from conftest import Bench
from lab import Lab
from machine import Guest, Machine

NIC = "virtio-net-pci"
SHAPES = {
    "transitional": NIC,
    "legacy only": f"{NIC},disable-modern=on,disable-legacy=off",
    "modern only": f"{NIC},disable-legacy=on,disable-modern=off",
    "non-transitional": f"{NIC}-non-transitional",
    "receive queue of 256": f"{NIC},rx_queue_size=256",
    "receive queue of 512": f"{NIC},rx_queue_size=512",
    "receive queue of 1024": f"{NIC},rx_queue_size=1024",
    "as Proxmox has it": f"{NIC},rx_queue_size=1024,tx_queue_size=256,host_mtu=1500",
    "no merged buffers": f"{NIC},mrg_rxbuf=off",
    "no merged buffers, legacy only": f"{NIC},mrg_rxbuf=off,disable-modern=on,disable-legacy=off",
    "no transmit checksums": f"{NIC},csum=off",
    "no receive checksums": f"{NIC},guest_csum=off",
    "no checksums at all": f"{NIC},csum=off,guest_csum=off",
    "no event index": f"{NIC},event_idx=off",
    "no indirect descriptors": f"{NIC},indirect_desc=off",
    "packed ring": f"{NIC},packed=on",
    "buffers in one layout only": f"{NIC},any_layout=off,disable-modern=on,disable-legacy=off",
    "MTU of 1400": f"{NIC},host_mtu=1400",
    "MTU of 9000": f"{NIC},host_mtu=9000",
    "no link status": f"{NIC},status=off",
    "no control queue": f"{NIC},ctrl_vq=off",
    "several queue pairs": f"{NIC},mq=on,vectors=10",
    "IOMMU platform": f"{NIC},iommu_platform=on,disable-legacy=on,disable-modern=off",
    "no message interrupts": f"{NIC},vectors=0",
    "bare": f"{NIC},csum=off,guest_csum=off,mrg_rxbuf=off,event_idx=off,indirect_desc=off,"
            "status=off,ctrl_vq=off,gso=off,any_layout=off,disable-modern=on,disable-legacy=off",
}


def works_well(guest: Guest) -> None:
    """Pings that take one frame and several, and files of several segments."""
    guest.serves()
    for size in ("0", "1472", "8000"):
        guest.lab.run("ping", "-c", "2", "-i", "0.05", "-w", "20", "-s", size, Lab.GUEST)
    urls = [f"http://{Lab.GUEST}/{name}" for name in ("index.html", "guide/frame.html")] * 20
    shown = guest.lab.run("curl", "-s", "-f", "-o", "/dev/null", *urls[:1], *[
        word for url in urls[1:] for word in ("-o", "/dev/null", url)],
        "-w", "%{http_code} ").stdout
    assert shown.split() == ["200"] * len(urls)


@pytest.mark.parametrize("shape", SHAPES)
def test_shape(bench: Bench, shape: str) -> None:
    works_well(bench.boot(Machine(nic=SHAPES[shape])))


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("slot", ["0x3", "0x12", "0x1e"])
def test_slot(bench: Bench, machine: str, slot: str) -> None:
    works_well(bench.boot(Machine(machine=machine, nic=f"{NIC},addr={slot}")))


BRIDGES = {
    "as Proxmox has it on q35": (
        "q35", "b2", ("-device", "i82801b11-bridge,id=b1,bus=pcie.0,addr=0x1e",
                      "-device", "pci-bridge,id=b2,bus=b1,chassis_nr=2,addr=0x1")),
    "one bridge on pc": ("pc", "b1", ("-device", "pci-bridge,id=b1,chassis_nr=1")),
    "three bridges on pc": (
        "pc", "b3", ("-device", "pci-bridge,id=b1,chassis_nr=1",
                     "-device", "pci-bridge,id=b2,bus=b1,chassis_nr=2,addr=0x4",
                     "-device", "pci-bridge,id=b3,bus=b2,chassis_nr=3,addr=0x5")),
    "root port on q35": ("q35", "p1", ("-device", "pcie-root-port,id=p1,chassis=1,slot=1")),
}


@pytest.mark.parametrize("boot", ["bios", "pvh"])
@pytest.mark.parametrize("bridge", BRIDGES)
def test_behind_bridges(bench: Bench, bridge: str, boot: str) -> None:
    machine, bus, first = BRIDGES[bridge]
    works_well(bench.boot(Machine(machine=machine, boot=boot, nic=f"{NIC},bus={bus}",
                                  nic_first=first)))


def test_mtu_of_the_device_bounds_segments(bench: Bench, site: Path) -> None:
    """The device says 1400: the machine announces and sends TCP segments that fit."""
    bench.results.mkdir(parents=True, exist_ok=True)
    capture = bench.results / "wire.pcap"
    guest = boot_on_cutting_cable(bench, site, Machine(nic=f"{NIC},host_mtu=1400"), (0, 0, 0),
                                  capture)
    guest.lab.run("curl", "-sf", "-o", "/dev/null", f"http://{Lab.GUEST}/size/200000.bin")
    sizes = [len(frame) - 14 for _, frame in captures.frames(capture)]
    assert max(sizes) == 1400, sizes


def test_link_down_and_up_again(bench: Bench) -> None:
    guest = bench.boot()
    said = len(guest.console.lines)
    guest.ask("set_link", name="net0", up=False)
    guest.console.wait_for(r"^net0: link down$", start=said)
    guest.ask("set_link", name="net0", up=True)
    guest.console.wait_for(r"^net0: link up$", start=said)
    guest.serves()


def test_two_nics(bench: Bench) -> None:
    """Both are driven; each has its own address and answers on its own wire."""
    second = bench.lab.tap("mote1", address="198.51.100.1/24")
    settings = Machine().settings + "\nnetwork.1.address=198.51.100.2/24"
    guest = bench.boot(Machine(settings=settings, extra=(
        "-netdev", f"tap,id=net1,fd={second}", "-device",
        f"{NIC},netdev=net1,mac=52:54:00:4d:6f:75,romfile=")), more_wires=(second,))
    guest.console.wait_for(r"^net1: 198\.51\.100\.2/24 \(static\)$")
    guest.serves()
    for address in (Lab.GUEST, "198.51.100.2"):
        guest.lab.run("ping", "-c", "3", "-i", "0.05", "-w", "20", address)
        shown = guest.lab.run("curl", "-sf", "-o", "/dev/null", "-w", "%{http_code}",
                              f"http://{address}/").stdout
        assert shown == "200"


def test_three_models_in_three_subnets(bench: Bench) -> None:
    """Each is pinged and fetched from, and answers, on its own side."""
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


def test_no_nic(bench: Bench) -> None:
    guest = bench.start(Machine(nic=None))
    guest.console.wait_for(r"no network")
    guest.is_alive()


UNSUPPORTED = {"rtl8139": "10ec:8139", "ne2k_pci": "10ec:8029", "pcnet": "1022:2000",
               "i82559er": "8086:1209"}


@pytest.mark.parametrize("nic", UNSUPPORTED)
def test_unsupported_nic_is_named(bench: Bench, nic: str) -> None:
    """By vendor and device; a supported NIC beside it works."""
    second = bench.lab.tap("mote1", address=None)
    guest = bench.boot(Machine(machine="pc", extra=(
        "-netdev", f"tap,id=net1,fd={second}", "-device", f"{nic},netdev=net1,romfile=")),
        more_wires=(second,))
    guest.console.wait_for(rf"{UNSUPPORTED[nic]}.*not supported")
    guest.serves()


def test_nine_nics(bench: Bench) -> None:
    """Eight are driven; the ninth is named and left alone."""
    more = tuple(word for index in range(1, 9) for word in (
        "-netdev", f"socket,id=net{index},udp=127.0.0.1:9,localaddr=127.0.0.1:0",
        "-device", f"{NIC},netdev=net{index},romfile="))
    guest = bench.boot(Machine(machine="pc", memory_mib=16, extra=more))
    guest.console.wait_for(r"1af4:1000 left alone")
    guest.serves()
