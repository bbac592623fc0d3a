"""NICs that come while the machine runs."""

import pytest

from conftest import Bench
from lab import Lab
from machine import MAC, Machine

PORT = ("-device", "pcie-root-port,id=pci.0,chassis=1,slot=1")
NICS = ("virtio-net-pci", "e1000", "vmxnet3")


@pytest.mark.parametrize("boot", ["bios", "pvh"])
@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("nic", NICS)
def test_first_nic_comes_late(bench: Bench, nic: str, machine: str, boot: str) -> None:
    """One line says that there is none; the one that comes is brought up as at boot."""
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
