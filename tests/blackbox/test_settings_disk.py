"""Settings disks: made by everybody's programs, on every device, good and bad."""

import random
from pathlib import Path

import pytest

import settings_disks
from conftest import Bench
from lab import Lab
from machine import MAC, Guest, Machine
from settings_disks import DEVICES, MAKERS, attached, machine_for

pytestmark = pytest.mark.needs("image")

META = "instance-id: iid-local01\nlocal-hostname: cloudimg\n"
NETWORK = f"""\
version: 2
ethernets:
  interface0:
    match:
      macaddress: "{MAC}"
    addresses:
      - {Lab.GUEST}/{Lab.PREFIX}
    gateway4: {Lab.HOST}
"""
USER = "#mote\n[http]\nport = 8080\n"
NOCLOUD = {"meta-data": META, "user-data": USER, "network-config": NETWORK}


def machine(device: str, disk: Path, settings: str | None = None) -> Machine:
    """One whose address comes from the disk, if from anywhere."""
    kind = machine_for(device)
    nic = "virtio-net-device" if kind == "microvm, no PCI" else "virtio-net-pci"
    return Machine(machine=kind, settings=settings, nic=nic, extra=attached(device, disk))


def reached(guest: Guest) -> None:
    """It has the address and the port that the disk says."""
    guest.console.wait_for(r"^http: port 8080,")
    guest.lab.connect(port=8080).close()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("maker", ["genisoimage, Joliet and Rock Ridge", "mtools, FAT16"])
def test_device(bench: Bench, device: str, maker: str) -> None:
    bench.results.mkdir(parents=True, exist_ok=True)
    disk = MAKERS[maker](bench.results, "cidata", NOCLOUD)
    if maker.startswith("mtools") and device == "virtio-blk of 4 KiB":
        disk = settings_disks.fat(16, 64, "-S", "4096")(bench.results, "cidata", NOCLOUD)
    reached(bench.boot(machine(device, disk)))


@pytest.mark.parametrize("maker", MAKERS)
def test_maker(bench: Bench, maker: str) -> None:
    bench.results.mkdir(parents=True, exist_ok=True)
    disk = MAKERS[maker](bench.results, "cidata", NOCLOUD)
    guest = bench.boot(machine("virtio-blk", disk))
    reached(guest)
    assert any("iid-local01" in line for line in guest.console.lines), guest.console.lines


def test_without_a_settings_disk_others_are_left_alone(bench: Bench) -> None:
    """A disk of noise, an empty drive and a disc without settings: not a word about them."""
    bench.results.mkdir(parents=True, exist_ok=True)
    noise = bench.results / "noise.img"
    noise.write_bytes(random.Random(1).randbytes(1 << 20))
    disc = settings_disks.iso("-R")(bench.results, "music", {"a.txt": "b"})
    usual = Machine(machine="pc", extra=(
        "-drive", f"file={noise},format=raw,if=virtio,snapshot=on",
        "-drive", f"file={disc},format=raw,if=ide,media=cdrom,readonly=on",
        "-device", "ide-cd,bus=ide.1,unit=1"))
    guest = bench.boot(usual)
    assert not [line for line in guest.console.lines if "settings" in line or "disk" in line]
    guest.serves()


# --- Bad disks ---

@pytest.mark.parametrize("kind, device", [
    ("q35", "virtio-blk-pci"), ("q35", "ide-hd,bus=ide.3"), ("pc", "ide-hd,bus=ide.1,unit=0")])
def test_disk_that_answers_too_late(bench: Bench, kind: str, device: str) -> None:
    """It is named, and its late answer finds no memory in use."""
    late = "driver=null-co,node-name=late,size=1048576,read-zeroes=on,latency-ns=7000000000"
    guest = bench.boot(Machine(machine=kind, extra=(
        "-blockdev", late, "-device", f"{device},drive=late")))
    assert [line for line in guest.console.lines
            if "does not answer" in line or "doesn't answer in time" in line], guest.console.lines
    guest.serves()


def damaged(whole: bytes, seed: int) -> bytes:
    """A medium with some bytes changed where its structures are."""
    chance = random.Random(seed)
    wrong = bytearray(whole)
    for _ in range(200):
        wrong[chance.randrange(min(len(wrong), 1 << 17))] = chance.randrange(256)
    return bytes(wrong)


BAD_NETWORKS = {
    "an anchor": "version: 2\nethernets: &a\n  eth0: {dhcp4: true}\n",
    "an alias": "version: 2\nethernets: *a\n",
    "a tab": "version: 2\nethernets:\n\teth0:\n\t\tdhcp4: true\n",
    "a tag": "version: !!int 2\nethernets: {}\n",
    "binary": b"\0\x01\x02\xff\xfeversion: 2\n",
    "UTF-16": "version: 2\n".encode("utf-16"),
    "random bytes": random.Random(3).randbytes(5000),
    "cut in a string": 'version: 2\nethernets:\n  eth0:\n    addresses: ["192.0.2',
    "cut in a map": "version: 2\nethernets: {eth0: {addresses: [192.0.2.9/24",
    "version 7": "version: 7\n",
    "a list": "- version: 2\n",
    "an address of letters": "version: 2\nethernets: {eth0: {addresses: [one.two.three/24]}}\n",
    "an octet of 300": "version: 2\nethernets: {eth0: {addresses: [192.0.2.300/24]}}\n",
    "a prefix of 33": "version: 2\nethernets: {eth0: {addresses: [192.0.2.9/33]}}\n",
    "the loopback address": "version: 2\nethernets: {eth0: {addresses: [127.0.0.1/8]}}\n",
    "a multicast address": "version: 2\nethernets: {eth0: {addresses: [224.0.0.1/4]}}\n",
    "the network's own address": "version: 2\nethernets: {eth0: {addresses: [192.0.2.0/24]}}\n",
    "a MAC of five octets": 'version: 2\nethernets: {eth0: {match: {macaddress: "1:2:3:4:5"}, '
                            "dhcp4: true}}\n",
    "a gateway of words": "version: 2\nethernets: {eth0: {gateway4: over there}}\n",
    "an MTU of 9": "version: 2\nethernets: {eth0: {mtu: 9}}\n",
    "an MTU of text": "version: 2\nethernets: {eth0: {mtu: big}}\n",
    "addresses as a map": "version: 2\nethernets: {eth0: {addresses: {a: b}}}\n",
    "ethernets as text": "version: 2\nethernets: all of them\n",
    "v1 without config": "version: 1\n",
    "v1 with config as a map": "version: 1\nconfig: {type: physical}\n",
    "v1 with a type of number": "version: 1\nconfig: [{type: 3}]\n",
    "v1 with a netmask with holes": "version: 1\nconfig: [{type: physical, name: eth0, subnets: "
                                    "[{type: static, address: 192.0.2.9, "
                                    "netmask: 255.0.255.0}]}]\n",
    "deep": "[" * 5000,
    "deep maps": "".join(f"{' ' * level}a:\n" for level in range(500)),
    "many keys": "version: 2\n" + "".join(f"k{n}: {n}\n" for n in range(5000)),
    "one long line": "a" * 60_000,
    "duplicate keys": "version: 2\nversion: 2\nethernets: {}\n",
    "a document too many": "version: 2\n---\nversion: 2\n",
}
BAD_DISKS = {
    "an empty file": lambda iso: b"",
    "an ISO of one sector": lambda iso: iso[:2048],
    "an ISO cut in its descriptor": lambda iso: iso[: 16 * 2048 + 100],
    "an ISO cut in its directory": lambda iso: iso[: 24 * 2048],
    "an ISO cut in its files": lambda iso: iso[: len(iso) * 3 // 4 & ~2047],
    **{f"an ISO damaged by seed {seed}": lambda iso, seed=seed: damaged(iso, seed)
       for seed in range(4)},
}
USUAL = ("an anchor", "binary", "an octet of 300", "deep", "an ISO cut in its directory",
         "an ISO damaged by seed 0")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fault" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--matrix")
        metafunc.parametrize("fault", [*BAD_NETWORKS, *BAD_DISKS] if whole else USUAL)


def test_bad_disk_keeps_nobody_from_serving(bench: Bench, fault: str) -> None:
    """Whatever is on it, the machine serves with the rest of its settings."""
    bench.results.mkdir(parents=True, exist_ok=True)
    files = NOCLOUD | {"user-data": "", "network-config": BAD_NETWORKS.get(fault, NETWORK)}
    disk = MAKERS["genisoimage, Joliet and Rock Ridge"](bench.results, "cidata", files)
    if fault in BAD_DISKS:
        disk.write_bytes(BAD_DISKS[fault](disk.read_bytes()).ljust(2048, b"\0"))
    usual = f"network.0.address={Lab.GUEST}/{Lab.PREFIX}"
    guest = bench.boot(machine("virtio-blk", disk, settings=usual))
    guest.serves()
    if fault in BAD_NETWORKS:
        assert any("network-config" in line for line in guest.console.lines), guest.console.lines
