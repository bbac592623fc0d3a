"""NICs that are plugged in while the machine runs."""

import re

import pytest

from conftest import Bench
from http_client import Client
from lab import Lab, until
from machine import MAC, Guest, Machine

PORT = ("-device", "pcie-root-port,id=pci.0,chassis=1,slot=1")
SLOT = ("-device", "pcie-root-port,id=rp1,chassis=1,slot=1")
CYCLES = 20
NICS = ("virtio-net-pci", "e1000", "vmxnet3")


@pytest.mark.parametrize("boot", ["bios", "pvh"])
@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("nic", NICS)
def test_first_nic_comes_late(bench: Bench, nic: str, machine: str, boot: str) -> None:
    """The console says once that there is none; the late one is brought up as at boot."""
    wire = bench.lab.tap()
    extra = ("-netdev", f"tap,id=net0,fd={wire}", *(PORT if machine == "q35" else ()))
    guest = bench.start(Machine(machine=machine, boot=boot, nic=None, extra=extra),
                        more_wires=(wire,))
    guest.console.wait_for(r"^no network: .*, still looking$")
    guest.ask("device_add", driver=nic, id="late", bus="pci.0", netdev="net0", mac=MAC,
              romfile="")
    guest.ready()
    assert len([line for line in guest.console.lines if "no network" in line]) == 1
    guest.console.wait_for(rf"^net0: {Lab.GUEST}/24 \(static\)$")
    guest.serves()


def test_metrics_are_bound_to_a_nic_that_comes_late(bench: Bench) -> None:
    """Served once it is there; until then the console doesn't say their interface is missing."""
    wire = bench.lab.tap()
    settings = (f"network.0.address={Lab.GUEST}/{Lab.PREFIX}\nhttp.metrics=/metrics\n"
                f"http.metrics_interface={MAC}")
    guest = bench.start(Machine(machine="pc", nic=None, settings=settings,
                                extra=("-netdev", f"tap,id=net0,fd={wire}")), more_wires=(wire,))
    guest.console.wait_for(r"^no network: .*, still looking$")
    guest.ask("device_add", driver=NICS[0], id="late", bus="pci.0", netdev="net0", mac=MAC,
              romfile="")
    guest.ready()
    assert not guest.console.find("^http: the interface for metrics")
    with Client(guest.lab.connect()) as client:
        client.socket.sendall(b"GET /metrics HTTP/1.1\r\nHost: mote\r\n\r\n")
        assert client.response().status == 200


# Ways to plug: a machine, the bus that takes a device, and what QEMU needs for it.
NATIVE = ("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off")
WAYS = {"pc": ("pc", "pci.0", ()), "q35, ACPI": ("q35", "rp1", SLOT),
        "q35, native": ("q35", "rp1", (*NATIVE, *SLOT))}


def pools_in_use(guest: Guest) -> dict[str, int]:
    """What is in use of each pool, by the metrics, while nothing else is going on."""
    with Client(guest.lab.connect()) as client:
        client.socket.sendall(b"GET /metrics HTTP/1.1\r\nHost: mote\r\n\r\n")
        body = client.response().body.decode()
    used = re.findall(r'^mote_pool_elements_used\{pool="(.*)"\} (\d+)$', body, re.M)
    return {pool: int(count) for pool, count in used}


def unplug(guest: Guest, number: int) -> None:
    told = len(guest.console.lines)
    guest.ask("device_del", id="late")
    guest.console.wait_for(rf"^net{number}: unplugged$", start=told)
    until(lambda: 'id "late"' not in guest.monitor("info qtree"), "QEMU lets the device go")


@pytest.mark.parametrize("nic", NICS)
@pytest.mark.parametrize("way", WAYS)
def test_second_nic_comes_and_goes(bench: Bench, way: str, nic: str) -> None:
    """Time and again, while the first one serves; it keeps its number, and nothing leaks."""
    machine, bus, extra = WAYS[way]
    settings = f"{Machine().settings}\nhttp.metrics=/metrics\nnetwork.1.address=198.51.100.2/24"
    guest = bench.boot(Machine(machine=machine, settings=settings, extra=(
        *extra, "-netdev", "hubport,id=net1,hubid=1")))
    before = pools_in_use(guest)
    for turn in range(CYCLES):
        told = len(guest.console.lines)
        guest.ask("device_add", driver=nic, id="late", bus=bus, netdev="net1",
                  mac="52:54:00:00:00:99")
        guest.console.wait_for(r"^net1: \S+ 52:54:00:00:00:99, link up", start=told)
        guest.http_answers()
        unplug(guest, 1)
        assert not guest.console.find("does not work|no memory", start=told), turn
    guest.serves()
    assert guest.console.lines.count("http://198.51.100.2/") == 1  # when it came first
    after = pools_in_use(guest)
    # Closed connections linger, and the first one's ring is refilled in batches.
    assert abs(after.pop("packets") - before.pop("packets")) < CYCLES
    assert after.pop("tcp_pcbs") <= before.pop("tcp_pcbs") + CYCLES + 1
    assert after == before


def test_unsupported_nic_is_named_once(bench: Bench) -> None:
    """Once, however often the scan finds it; a NIC that works and comes later is driven."""
    wire = bench.lab.tap()
    guest = bench.start(Machine(machine="pc", nic=None, extra=(
        "-netdev", f"tap,id=net0,fd={wire}", "-device", "rtl8139,romfile=")), more_wires=(wire,))
    guest.console.wait_for(r"still looking$")
    guest.ask("device_add", driver="e1000", id="late", bus="pci.0", netdev="net0", mac=MAC,
              romfile="")
    guest.ready()
    assert len([line for line in guest.console.lines if "not supported" in line]) == 1
    guest.serves()
