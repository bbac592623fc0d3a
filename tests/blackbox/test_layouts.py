"""Machines as hypervisors assemble them, with all the devices that Mote doesn't drive.

Proxmox VE: the output of its qemu-server for such machines (its test/cfg2cmd/*.conf.cmd, PCI.pm and
pve-q35-4.0.cfg). DigitalOcean: lspci's listing in a droplet. libvirt: virt-install's choice. VMware
and VirtualBox: their usual controllers and slots, as far as QEMU has them.
"""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

import dhcp
import frames
from conftest import Bench
from lab import Lab
from machine import MAC, Machine

MEMORY_MIB = 512
SECTOR = 2048


def devices(*words: str) -> tuple[str, ...]:
    """`-device` in front of each of these."""
    return tuple(part for word in words for part in ("-device", word))


def labelled(path: Path, label: str) -> Path:
    """A medium with the label by which cloud-init finds it: ISO 9660's volume descriptors."""
    head = struct.pack("<B5sBB", 1, b"CD001", 1, 0)
    primary = head + b" " * 32 + label.encode().ljust(32) + bytes(8) + struct.pack("<I", 32)
    end = struct.pack("<B5sB", 255, b"CD001", 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(16 * SECTOR) + primary.ljust(SECTOR, b"\0") + end.ljust(SECTOR, b"\0")
                     + bytes(14 * SECTOR))
    return path


def lives_well(bench: Bench, machine: Machine) -> None:
    """Boots, takes its address by DHCP as it will there, and complains of nothing."""
    tap = bench.lab.tap()
    dhcp.dnsmasq(bench.lab, bench.results, f"--dhcp-host={MAC},{Lab.GUEST}")
    guest = bench.boot(machine, wire=tap)
    guest.serves()
    for size in ("0", "1472", "8000"):
        bench.lab.run("ping", "-c", "2", "-i", "0.05", "-w", "20", "-s", size, Lab.GUEST)
    said = [line.split(" ")[0] for line in guest.console.lines]
    if "i6300esb" in (guest.results / "command.txt").read_text():
        said.remove("watchdog:")
    assert said == ["mote", "net0:", "net0:", "http:", f"http://{Lab.GUEST}/", "ready"], \
        guest.console.lines


# --- Proxmox VE ---

# menu=on waits for a key, as long as splash-time says.
PVE_START = ("-smp", "1,sockets=1,cores=1,maxcpus=1", "-machine", "hpet=off",
             "-boot", "menu=on,strict=on,reboot-timeout=1000,splash-time=1",
             "-smbios", "type=1,uuid=7b10d7af-b932-4c66-b2c3-3996152ec465")

PVE_I440FX = (
    *PVE_START, "-global", "PIIX4_PM.disable_s3=1", "-global", "PIIX4_PM.disable_s4=1",
    *devices("pci-bridge,id=pci.1,chassis_nr=1,bus=pci.0,addr=0x1e",
             "pci-bridge,id=pci.2,chassis_nr=2,bus=pci.0,addr=0x1f",
             "piix3-usb-uhci,id=uhci,bus=pci.0,addr=0x1.0x2", "usb-tablet,bus=uhci.0,port=1",
             "VGA,id=vga,bus=pci.0,addr=0x2"))


def ich9_usb() -> Iterator[str]:
    """Two EHCI controllers, each with three UHCI companions."""
    for ehci, slot, first in (("ehci", "0x1d", 1), ("ehci-2", "0x1a", 4)):
        yield f"ich9-usb-ehci{1 if first == 1 else 2},id={ehci},multifunction=on,bus=pcie.0," \
              f"addr={slot}.0x7"
        for index in range(3):
            yield f"ich9-usb-uhci{first + index},multifunction=on,bus=pcie.0," \
                  f"addr={slot}.{index:#x},masterbus={ehci}.0,firstport={2 * index}"


PVE_Q35 = (
    *PVE_START, "-global", "ICH9-LPC.disable_s3=1", "-global", "ICH9-LPC.disable_s4=1",
    "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
    *devices(*ich9_usb(), "ich9-intel-hda,bus=pcie.0,addr=0x1b",
             *(f"pcie-root-port,id=ich9-pcie-port-{port},x-speed=16,x-width=32,multifunction=on,"
               f"bus=pcie.0,addr=0x1c.{port - 1:#x},port={port},chassis={port}"
               for port in range(1, 5)),
             "i82801b11-bridge,id=pcidmi,bus=pcie.0,addr=0x1e",
             *(f"pci-bridge,id=pci.{bridge},bus=pcidmi,addr={bridge + 1},chassis_nr={bridge + 1}"
               for bridge in range(4)),
             "usb-tablet,bus=ehci.0,port=1", "VGA,id=vga,bus=pcie.0,addr=0x1"))

PVE_MACHINES = {"i440fx": ("pc", "kvm64,+lahf_lm,+sep", PVE_I440FX),
                "q35": ("q35", "qemu64,+aes,+popcnt,+pni,+sse4.1,+sse4.2,+ssse3", PVE_Q35)}

PVE_BESIDE = (
    *devices("vmgenid,guid=c773c261-d800-4348-9f5d-167fadd53cf8",
             "virtio-balloon-pci,id=balloon0,bus=pci.0,addr=0x3,free-page-reporting=on",
             "i6300esb,id=watchdog0,bus=pci.0,addr=0x4"), "-action", "watchdog=reset",
    "-chardev", "null,id=qga0",
    *devices("virtio-serial,id=qga0,bus=pci.0,addr=0x8",
             "virtserialport,chardev=qga0,name=org.qemu.guest_agent.0"),
    "-object", "rng-random,filename=/dev/urandom,id=rng0",
    *devices("virtio-rng-pci,rng=rng0,max-bytes=1024,period=1000,bus=pci.1,addr=0x1d"))

DRIVE = ("-drive", "{disk},if=none,id=d")
SCSI_DISK = "scsi-hd,bus=scsihw0.0,scsi-id=0,drive=d,bootindex=100"
PVE_DISKS = {
    "scsi": (*devices("virtio-scsi-pci,id=scsihw0,bus=pci.0,addr=0x5"), *DRIVE, *devices(
        "scsi-hd,bus=scsihw0.0,channel=0,scsi-id=0,lun=0,drive=d,bootindex=100")),
    "scsi, one controller each": (
        "-object", "iothread,id=iothread-virtioscsi0",
        *devices("virtio-scsi-pci,id=virtioscsi0,bus=pci.3,addr=0x1,iothread=iothread-virtioscsi0"),
        *DRIVE, *devices("scsi-hd,bus=virtioscsi0.0,channel=0,scsi-id=0,lun=0,drive=d,"
                         "bootindex=100")),
    "scsi on lsi": (*devices("lsi,id=scsihw0,bus=pci.0,addr=0x5"), *DRIVE, *devices(SCSI_DISK)),
    "scsi on megasas": (*devices("megasas,id=scsihw0,bus=pci.0,addr=0x5"), *DRIVE,
                        *devices(SCSI_DISK)),
    "scsi on pvscsi": (*devices("pvscsi,id=scsihw0,bus=pci.0,addr=0x5"), *DRIVE,
                       *devices(SCSI_DISK)),
    "virtio": (*DRIVE, *devices("virtio-blk-pci,drive=d,bus=pci.0,addr=0xa,bootindex=100")),
    "ide": (*DRIVE, *devices("ide-hd,bus=ide.0,unit=0,drive=d,bootindex=100")),
    "sata": (*devices("ahci,id=ahci0,multifunction=on,bus=pci.0,addr=0x7"), *DRIVE,
             *devices("ide-hd,bus=ahci0.0,drive=d,bootindex=100")),
}

PVE_NICS = {
    "virtio": "virtio-net-pci,rx_queue_size=1024,tx_queue_size=256,host_mtu=1500",
    "e1000": "e1000", "e1000e": "e1000e", "vmxnet3": "vmxnet3",
}


def proxmox(bench: Bench, kind: str, disk: str, nic: str) -> Machine:
    """Like its templates: an empty CD drive, and cloud-init's medium in another."""
    machine, cpu, board = PVE_MACHINES[kind]
    medium = labelled(bench.results / "cloudinit.iso", "cidata")
    drives = ("-drive", f"file={medium},format=raw,if=none,id=cloudinit,media=cdrom,readonly=on",
              *devices("ide-cd,bus=ide.1,unit=0,drive=cloudinit,bootindex=200",
                       f"ide-cd,bus=ide.{0 if kind == 'i440fx' else 2},"
                       f"unit={1 if kind == 'i440fx' else 0},bootindex=201"))
    own_bridge = devices("pci-bridge,id=pci.3,chassis_nr=3,bus=pci.0,addr=0x5") \
        if kind == "i440fx" and "bus=pci.3" in " ".join(PVE_DISKS[disk]) else ()
    return Machine(machine=machine, boot="bios", cpu=cpu, memory_mib=MEMORY_MIB, settings=None,
                   disk=PVE_DISKS[disk], nic_first=(*board, *own_bridge, *PVE_BESIDE, *drives),
                   nic=f"{PVE_NICS[nic]},bus=pci.0,addr=0x12,bootindex=300")


@pytest.mark.parametrize("kind", PVE_MACHINES)
@pytest.mark.parametrize("disk", PVE_DISKS)
def test_proxmox_disk(bench: Bench, kind: str, disk: str) -> None:
    lives_well(bench, proxmox(bench, kind, disk, "virtio"))


@pytest.mark.parametrize("kind", PVE_MACHINES)
@pytest.mark.parametrize("nic", [nic for nic in PVE_NICS if nic != "virtio"])
def test_proxmox_nic(bench: Bench, kind: str, nic: str) -> None:
    lives_well(bench, proxmox(bench, kind, "scsi", nic))


# --- libvirt ---

def root_ports(*slots: str) -> Iterator[str]:
    """Root ports as libvirt makes them: each slot's eight functions, numbered like its buses."""
    for index, (slot, function) in enumerate((s, f) for s in slots for f in range(8)):
        many = ",multifunction=on" if function == 0 else ""
        yield f"pcie-root-port,id=pci.{index + 1},port={16 + index},chassis={index + 1}," \
              f"bus=pcie.0,addr={slot}.{function:#x}{many}"


def libvirt_q35(nic: str) -> Machine:
    """Each device behind its own root port, where virtio is modern only."""
    board = ("-smp", "2", "-machine", "usb=off,dump-guest-core=off",
             "-rtc", "base=utc,driftfix=slew", "-global", "kvm-pit.lost_tick_policy=delay",
             "-boot", "strict=on", "-global", "ICH9-LPC.disable_s3=1",
             "-global", "ICH9-LPC.disable_s4=1",
             *devices(*root_ports("0x2", "0x3"), "pcie-pci-bridge,id=pci.17,bus=pci.16,addr=0x0",
                      "qemu-xhci,p2=15,p3=15,id=usb,bus=pci.2,addr=0x0",
                      "virtio-serial-pci,id=virtio-serial0,bus=pci.3,addr=0x0"),
             "-chardev", "null,id=charchannel0",
             *devices("virtserialport,bus=virtio-serial0.0,nr=1,chardev=charchannel0,"
                      "name=org.qemu.guest_agent.0",
                      "usb-tablet,bus=usb.0,port=1", "virtio-vga,bus=pcie.0,addr=0x1",
                      "ich9-intel-hda,bus=pcie.0,addr=0x1b",
                      "virtio-balloon-pci,bus=pci.5,addr=0x0"),
             "-object", "rng-random,id=objrng0,filename=/dev/urandom",
             *devices("virtio-rng-pci,rng=objrng0,bus=pci.6,addr=0x0",
                      "ide-cd,bus=ide.0,id=sata0-0-0"))
    disk = (*DRIVE, *devices("virtio-blk-pci,bus=pci.4,addr=0x0,drive=d,bootindex=1"))
    return Machine(machine="q35", boot="bios", cpu="max", memory_mib=MEMORY_MIB, settings=None,
                   nic_first=board, disk=disk, nic=nic)


def libvirt_i440fx(nic: str) -> Machine:
    """The default for older guests, and for virt-install without a known system."""
    board = ("-machine", "usb=off", "-boot", "strict=on", "-global", "PIIX4_PM.disable_s3=1",
             *devices("ich9-usb-ehci1,id=usb,bus=pci.0,addr=0x5.0x7", *(
                 f"ich9-usb-uhci{1 + index},masterbus=usb.0,firstport={2 * index},bus=pci.0,"
                 f"addr=0x5.{index:#x}{',multifunction=on' if index == 0 else ''}"
                 for index in range(3)),
                      "virtio-serial-pci,id=virtio-serial0,bus=pci.0,addr=0x6",
                      "qxl-vga,bus=pci.0,addr=0x2", "intel-hda,bus=pci.0,addr=0x4",
                      "virtio-balloon-pci,bus=pci.0,addr=0x8", "ide-cd,bus=ide.0,unit=1"))
    disk = (*DRIVE, *devices("ide-hd,bus=ide.0,unit=0,drive=d,bootindex=1"))
    return Machine(machine="pc", boot="bios", memory_mib=MEMORY_MIB, settings=None,
                   nic_first=board, disk=disk, nic=f"{nic},bus=pci.0,addr=0x3")


# --- VMware and VirtualBox ---

def vmware(nic: str) -> Machine:
    """Hardware version 7 and later: a PCI bridge in slot 0x11, root ports in 0x15 to 0x18."""
    board = ("-smp", "2,sockets=2,cores=1,threads=1", *devices(
        "i82801b11-bridge,id=dmi,bus=pcie.0,addr=0x11", "pci-bridge,id=pci2,bus=dmi,chassis_nr=9",
        *(f"pcie-root-port,id=port{slot:x}{function},chassis={slot},slot={8 * slot + function},"
          f"bus=pcie.0,addr={slot:#x}.{function:#x}{',multifunction=on' if function == 0 else ''}"
          for slot in range(0x15, 0x19) for function in range(4)),
        "vmware-svga,bus=pcie.0,addr=0xf", "ich9-usb-uhci1,bus=pci2,addr=0x1",
        "usb-ehci,bus=pci2,addr=0x3", "ES1370,bus=pci2,addr=0x4", "ahci,id=sata,bus=pci2,addr=0x5",
        "ide-cd,bus=sata.1"))
    disk = (*devices("pvscsi,id=scsihw0,bus=port150"), *DRIVE, *devices(SCSI_DISK)) \
        if nic.startswith("vmxnet3") else \
        (*devices("mptsas1068,id=scsihw0,bus=pcie.0,addr=0x10"), *DRIVE, *devices(SCSI_DISK))
    return Machine(machine="q35", boot="bios", memory_mib=MEMORY_MIB, settings=None,
                   nic_first=board, disk=disk, nic=nic)


def virtualbox(nic: str) -> Machine:
    """The PIIX3 board: NIC in slot 3, sound in 5, USB in 6, AHCI in 0xd, SCSI in 0x14."""
    board = devices("vmware-svga,bus=pci.0,addr=0x2", "AC97,bus=pci.0,addr=0x5",
                    "pci-ohci,bus=pci.0,addr=0x6", "usb-ehci,bus=pci.0,addr=0xb",
                    "ahci,id=sata,bus=pci.0,addr=0xd", "lsi53c895a,bus=pci.0,addr=0x14",
                    "ide-cd,bus=ide.1,unit=0")
    disk = (*DRIVE, *devices("ide-hd,bus=sata.0,drive=d,bootindex=1"))
    return Machine(machine="pc", boot="bios", memory_mib=MEMORY_MIB, settings=None,
                   nic_first=board, disk=disk, nic=f"{nic},bus=pci.0,addr=0x3")


OTHERS = {
    "libvirt q35, virtio": libvirt_q35("virtio-net-pci,bus=pci.1,addr=0x0"),
    "libvirt q35, e1000e": libvirt_q35("e1000e,bus=pci.1,addr=0x0"),
    "libvirt q35, e1000 behind its own bridge": libvirt_q35("e1000,bus=pci.17,addr=0x1"),
    "libvirt q35, vmxnet3": libvirt_q35("vmxnet3,bus=pci.1,addr=0x0"),
    "libvirt i440fx, virtio": libvirt_i440fx("virtio-net-pci"),
    "libvirt i440fx, e1000": libvirt_i440fx("e1000"),
    "VMware, vmxnet3": vmware("vmxnet3,bus=port160"),
    "VMware, e1000e": vmware("e1000e,bus=port160"),
    "VMware, 82545EM": vmware("e1000-82545em,bus=pci2,addr=0x2"),
    "VirtualBox, 82540EM": virtualbox("e1000"),
    "VirtualBox, 82545EM": virtualbox("e1000-82545em"),
    "VirtualBox, virtio": virtualbox("virtio-net-pci,disable-modern=on,disable-legacy=off"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_hypervisor(bench: Bench, name: str) -> None:
    lives_well(bench, OTHERS[name])


# --- DigitalOcean ---

VPC_HOST, VPC_GUEST, VPC_MAC = "10.110.0.1", "10.110.0.2", "52:54:00:4d:6f:75"
FAR_CLIENT = "203.0.113.7"  # somewhere on the internet
FAR_BALANCER = "10.120.0.9"  # in a VPC beside ours


def droplet(bench: Bench, private_wire: int) -> Machine:
    """Public NIC in slot 3, the VPC's in 4; the second disk is cloud-init's, labelled config-2."""
    medium = labelled(bench.results / "config.iso", "config-2")
    board = (
        "-smp", "1", "-smbios", "type=1,manufacturer=DigitalOcean,product=Droplet",
        *devices("piix3-usb-uhci,id=usb,bus=pci.0,addr=0x1.0x2", "usb-tablet,bus=usb.0,port=1",
                 "qxl-vga,bus=pci.0,addr=0x2", "virtio-scsi-pci,id=scsi0,bus=pci.0,addr=0x5",
                 "virtio-balloon-pci,bus=pci.0,addr=0x8", "virtio-serial-pci,bus=pci.0,addr=0x9"))
    disk = (*DRIVE, *devices("virtio-blk-pci,drive=d,bus=pci.0,addr=0x6,bootindex=1"),
            "-drive", f"file={medium},format=raw,if=none,id=config,readonly=on",
            *devices("virtio-blk-pci,drive=config,bus=pci.0,addr=0x7"))
    private = ("-netdev", f"tap,id=net1,fd={private_wire}", *devices(
        f"virtio-net-pci,netdev=net1,mac={VPC_MAC},bus=pci.0,addr=0x4,romfile="))
    return Machine(machine="pc", boot="bios", memory_mib=MEMORY_MIB, settings=None,
                   nic_first=board, disk=disk, nic="virtio-net-pci,bus=pci.0,addr=0x3",
                   extra=private)


def served_on(wire: socket.socket) -> set[tuple[str, str, str]]:
    """The addresses the machine has served from: its hardware address, its own IP, the client's."""
    seen = set()
    wire.settimeout(0)
    while True:
        try:
            frame, origin = wire.recvfrom(65536)
        except BlockingIOError:
            return seen
        packet = frames.read_ipv4(frame)
        if origin[2] != socket.PACKET_OUTGOING and packet and packet.protocol == frames.TCP and \
                packet.payload[:2] == (80).to_bytes(2, "big"):
            seen.add((origin[4].hex(":"), packet.sender, packet.to))


@pytest.mark.parametrize("vpc_router", [False, True])
def test_droplet_answers_each_side_on_its_own(bench: Bench, vpc_router: bool) -> None:
    """The default route is the public NIC's; a load balancer's check is answered on the VPC."""
    public, private = bench.lab.tap(), bench.lab.tap("mote1", address=f"{VPC_HOST}/20")
    for address in (FAR_CLIENT, FAR_BALANCER):
        bench.lab.run("ip", "addr", "add", f"{address}/32", "dev", "lo")
    dhcp.dnsmasq(bench.lab, bench.results, "--interface=mote1",
                 f"--dhcp-host={MAC},{Lab.GUEST}", f"--dhcp-host={VPC_MAC},{VPC_GUEST}",
                 "--dhcp-range=set:vpc,10.110.0.50,10.110.0.60,255.255.240.0,2m",
                 f"--dhcp-option=tag:vpc,3{f',{VPC_HOST}' if vpc_router else ''}")
    guest = bench.boot(droplet(bench, private), wire=public, more_wires=(private,))
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24 via 192\.0\.2\.1 \(dhcp")
    via = r"via 10\.110\.0\.1 " if vpc_router else ""
    guest.console.wait_for(rf"^net1: 10\.110\.0\.2/20 {via}\(dhcp")

    balancers = [VPC_HOST, FAR_BALANCER] if vpc_router else [VPC_HOST]
    clients = [Lab.HOST, FAR_CLIENT]
    with bench.lab.raw("mote0") as on_public, bench.lab.raw("mote1") as on_private:
        for server, from_there in ((VPC_GUEST, balancers), (Lab.GUEST, clients)):
            for client in from_there * 3:
                shown = bench.lab.run("curl", "-sf", "--interface", client, "-o", "/dev/null",
                                      "-w", "%{http_code}", f"http://{server}/").stdout
                assert shown == "200", client
        assert served_on(on_private) == {(VPC_MAC, VPC_GUEST, client) for client in balancers}
        assert served_on(on_public) == {(MAC, Lab.GUEST, client) for client in clients}
