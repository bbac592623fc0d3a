"""NICs that are plugged in while the machine runs."""

import pytest

from conftest import Bench
from http_client import Client
from lab import Lab
from machine import MAC, Machine

PORT = ("-device", "pcie-root-port,id=pci.0,chassis=1,slot=1")
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


@pytest.mark.parametrize("nic", NICS)
def test_request_to_give_up_a_nic_is_survived(bench: Bench, nic: str) -> None:
    """QEMU removes a device only once the guest's ACPI releases it, which Mote never does."""
    guest = bench.boot(Machine(machine="pc", nic=f"{nic},id=late"))
    guest.ask("device_del", id="late")
    guest.serves()


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
