"""Proxmox VE's guests: address from its cloud-init drive, agent, button, in its machine versions.

The command lines are those of test_layouts.py, with the guest agent's channel within reach.
"""

from pathlib import Path

import pytest

import proxmox
from agent_client import AgentClient
from conftest import Bench
from lab import Lab
from machine import MAC, Machine
from test_layouts import MEMORY_MIB, PVE_BESIDE, PVE_DISKS, PVE_MACHINES, PVE_NICS, devices

pytestmark = pytest.mark.needs("image")

SECOND_MAC = "BC:24:11:00:00:02"

# QEMU has machines up to its own version.
VERSIONS = {"i440fx": ["pc", *(f"pc-i440fx-{v}" for v in ("5.0", "5.2", "6.1", "6.2", "7.2"))],
            "q35": ["q35", *(f"pc-q35-{v}" for v in ("5.0", "5.2", "6.1", "6.2", "7.2"))]}
CELLS = [(kind, "nocloud", version) for kind in VERSIONS for version in VERSIONS[kind]] + \
        [(kind, "configdrive2", VERSIONS[kind][0]) for kind in VERSIONS]


def machine(folder: Path, kind: str, version: str, medium: Path, agent: Path) -> Machine:
    """A guest with two NICs, a cloud-init drive, agent, serial console, balloon and rng."""
    _, cpu, board = PVE_MACHINES[kind]
    beside = [word.replace("null,id=qga0", f"socket,path={agent},server=on,wait=off,id=qga0")
              for word in PVE_BESIDE]
    drives = ("-drive", f"file={medium},format=raw,if=none,id=drive-ide2,media=cdrom,readonly=on",
              *devices("ide-cd,bus=ide.1,unit=0,drive=drive-ide2,id=ide2,bootindex=200"))
    second = ("-netdev", "user,id=net1,restrict=on",
              *devices(f"virtio-net-pci,mac={SECOND_MAC},netdev=net1,bus=pci.0,addr=0x13,id=net1"))
    return Machine(machine=kind if kind == "q35" else "pc", boot="bios", cpu=cpu,
                   memory_mib=MEMORY_MIB, settings=None, disk=PVE_DISKS["scsi"],
                   nic_first=(*board, *beside, *drives),
                   nic=f"{PVE_NICS['virtio']},bus=pci.0,addr=0x12,bootindex=300",
                   extra=("-machine", f"type={version}", *second))


@pytest.mark.parametrize(("kind", "citype", "version"), CELLS)
def test_guest(bench: Bench, kind: str, citype: str, version: str) -> None:
    bench.results.mkdir(parents=True, exist_ok=True)
    agent_path = bench.results / "agent"
    nets = [proxmox.Net(MAC, f"{Lab.GUEST}/{Lab.PREFIX}", Lab.HOST),
            proxmox.Net(SECOND_MAC, "198.51.100.7/24")]
    medium = proxmox.medium(bench.results, citype, "web1", nets)
    guest = bench.boot(machine(bench.results, kind, version, medium, agent_path))
    guest.serves()
    assert "host: web1" in guest.console.lines
    assert guest.console.lines[-3:] == [f"http://{Lab.GUEST}/", "http://198.51.100.7/", "ready"]
    agent = AgentClient(agent_path)
    agent.synchronize()
    assert agent.ask("guest-ping") == {}
    assert agent.ask("guest-get-host-name") == {"host-name": "web1"}
    found = {nic["hardware-address"]: nic["ip-addresses"]
             for nic in agent.ask("guest-network-get-interfaces") if nic["name"] != "lo"}
    assert found == {
        MAC.lower(): [{"ip-address": Lab.GUEST, "ip-address-type": "ipv4", "prefix": Lab.PREFIX}],
        SECOND_MAC.lower(): [{"ip-address": "198.51.100.7", "ip-address-type": "ipv4",
                              "prefix": 24}]}
    agent.close()
    guest.ask("system_powerdown")
    guest.wait_for_end(30)
    assert guest.console.lines[-2:] == ["power: button pressed, 0 responses in delivery",
                                        "power: off"]
