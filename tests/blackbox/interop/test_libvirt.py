"""libvirt: a guest is defined, found, shut down by button and by agent, reset, and installed."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import RESULTS
from images import Images
from lab import ENVIRONMENT, die_with_parent, end, until
from libvirt import Libvirt
from programs import needed, the_site

pytestmark = pytest.mark.interop

DOMAIN = """
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='{machine}'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='{image}'/><target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <source network='lab'/><model type='virtio'/>
    </interface>
    <serial type='pty'><log file='{log}'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""


@pytest.fixture(scope="module")
def libvirt() -> Iterator[Libvirt]:
    # Workers may have guests of one name at a time.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    daemon = Libvirt(RESULTS / "test_libvirt" / worker)
    yield daemon
    daemon.close()


@pytest.fixture(scope="module")
def disk(images: Images) -> Path:
    return images.bootable(the_site(images), "bios")


def domain(libvirt: Libvirt, disk: Path, name: str, machine: str = "pc") -> str:
    """Defines a guest with its own copy of the disk, and starts it."""
    own = libvirt.folder / f"{name}.img"
    own.write_bytes(disk.read_bytes())
    log = libvirt.folder / f"{name}.console"
    libvirt.write(f"{name}.xml", DOMAIN.format(name=name, machine=machine, image=own, log=log))
    libvirt.virsh("define", str(libvirt.folder / f"{name}.xml"))
    libvirt.virsh("start", name)
    return name


def address_from(libvirt: Libvirt, name: str, source: str) -> str:
    """The guest's address, as libvirt has it from its DHCP server or from the agent."""
    def found() -> str | None:
        said = libvirt.virsh("domifaddr", name, "--source", source, check=False)
        match = re.search(r"192\.0\.2\.\d+(?=/24)", said)
        return match[0] if match else None
    return until(found, f"{name}'s address by {source}", 90)


def serves(libvirt: Libvirt, address: str) -> None:
    said = libvirt.run("curl", "-sS", "--max-time", "20", "--retry", "20", "--retry-all-errors",
                       f"http://{address}/data/small.json")
    assert said.stdout == '{"mote": true}\n'


@pytest.fixture(scope="module", params=["pc", "q35"])
def guest(request: pytest.FixtureRequest, libvirt: Libvirt, disk: Path) -> Iterator[str]:
    name = domain(libvirt, disk, f"mote-{request.param}", request.param)
    yield name
    libvirt.virsh("destroy", name, check=False)
    libvirt.virsh("undefine", name)


def running(libvirt: Libvirt, name: str) -> str:
    """Starts the guest if it is off; returns its address once it serves."""
    if libvirt.state(name) != "running":
        libvirt.virsh("start", name)
    address = address_from(libvirt, name, "agent")
    serves(libvirt, address)
    return address


def test_the_address_is_told_by_agent_and_lease(libvirt: Libvirt, guest: str) -> None:
    address = running(libvirt, guest)
    assert address_from(libvirt, guest, "lease") == address
    assert f"http://{address}/" in libvirt.console(guest)
    host = json.loads(libvirt.virsh("qemu-agent-command", guest,
                                    '{"execute":"guest-get-host-name"}'))
    assert host["return"]["host-name"] == "mote"
    assert libvirt.virsh("guestinfo", guest)
    assert libvirt.virsh("domtime", guest).startswith("Time: ")
    assert "0" in libvirt.virsh("domfsfreeze", guest)
    assert "0" in libvirt.virsh("domfsthaw", guest)


@pytest.mark.parametrize("mode", ["acpi", "agent"])
def test_shutdown(libvirt: Libvirt, guest: str, mode: str) -> None:
    address = running(libvirt, guest)
    libvirt.virsh("shutdown", guest, "--mode", mode)
    libvirt.wait_for(guest, "shut off", 30)
    assert "(shutdown)" in libvirt.virsh("domstate", guest, "--reason")
    assert address


@pytest.mark.parametrize("command", [["reboot", "--mode", "acpi"], ["reboot", "--mode", "agent"],
                                     ["reset"]])
def test_reboot(libvirt: Libvirt, guest: str, command: list[str]) -> None:
    """The console shows another boot, and the guest serves again."""
    running(libvirt, guest)
    boots = libvirt.console(guest).count("booted by")
    libvirt.virsh(command[0], guest, *command[1:])
    until(lambda: libvirt.console(guest).count("booted by") > boots, "another boot", 60)
    running(libvirt, guest)


def test_autostart(libvirt: Libvirt, guest: str) -> None:
    running(libvirt, guest)
    libvirt.virsh("autostart", guest)
    libvirt.virsh("shutdown", guest)
    libvirt.wait_for(guest, "shut off", 30)
    libvirt.restart()
    libvirt.virsh("net-start", "lab", check=False)
    libvirt.wait_for(guest, "running")
    running(libvirt, guest)
    libvirt.virsh("autostart", guest, "--disable")


def test_console(libvirt: Libvirt, guest: str) -> None:
    """`virsh console` shows what the guest prints."""
    running(libvirt, guest)
    ours, theirs = pty.openpty()
    console = subprocess.Popen(libvirt.enter(["virsh", "console", guest, "--force"]), stdin=theirs,
                               stdout=theirs, stderr=theirs, env=ENVIRONMENT,
                               preexec_fn=die_with_parent)
    os.close(theirs)
    os.set_blocking(ours, False)
    said = b""

    def shows(words: bytes) -> bool:
        nonlocal said
        try:
            said += os.read(ours, 65536)
        except BlockingIOError:
            assert console.poll() is None, said
        return words in said

    try:
        until(lambda: shows(b"Escape character"), "the console is connected")
        libvirt.virsh("reset", guest)
        until(lambda: shows(b"\nready"), "the guest's last boot line", 60)
    finally:
        end(console)
        os.close(ours)
    (libvirt.folder / "virsh-console.txt").write_bytes(said)


def test_virt_install_imports_with_cloud_init(libvirt: Libvirt, disk: Path) -> None:
    """The settings disk that virt-install makes gives name, address and port."""
    needed("virt-install")
    own = libvirt.folder / "installed.img"
    own.write_bytes(disk.read_bytes())
    meta = libvirt.write("meta-data", "instance-id: installed-1\nlocal-hostname: installed\n")
    user = libvirt.write("user-data", "#mote\n[http]\nport = 8080\n")
    network = libvirt.write("network-config", "version: 2\nethernets:\n  eth0:\n    addresses: "
                            "[192.0.2.77/24]\n    gateway4: 192.0.2.1\n")
    libvirt.run("virt-install", "--import", "--name", "installed", "--memory", "32", "--osinfo",
                "detect=on,require=off", "--virt-type", "qemu", "--disk",
                f"path={own},format=raw,bus=virtio", "--network", "network=lab,model=virtio",
                "--graphics", "none", "--noautoconsole", "--channel",
                "unix,target.type=virtio,target.name=org.qemu.guest_agent.0", "--cloud-init",
                f"meta-data={meta},user-data={user},network-config={network}")
    try:
        assert address_from(libvirt, "installed", "agent") == "192.0.2.77"
        serves(libvirt, "192.0.2.77:8080")
        name = libvirt.virsh("guestinfo", "installed", "--hostname")
        assert "installed" in name
        libvirt.virsh("shutdown", "installed")
        libvirt.wait_for("installed", "shut off", 30)
    finally:
        libvirt.virsh("destroy", "installed", check=False)
        libvirt.virsh("undefine", "installed", check=False)
