"""Images in every format: somebody else's program makes a disk of each again, and that boots.

Discs, sticks, enlarged disks and disks with sectors of 4 KiB boot from BIOS and from UEFI.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Bench
from machine import Machine
from running import MOTE

pytestmark = pytest.mark.needs("image")

MEMORY_MIB = {"bios": 16, "uefi": 128}
DISC = {"pc": ("-drive", "{disk},if=ide,media=cdrom,readonly=on"),
        "q35": ("-drive", "{disk},if=none,id=d,media=cdrom,readonly=on",
                "-device", "ide-cd,drive=d,bus=ide.0")}  # on q35 that is AHCI's
STICK = ("-device", "qemu-xhci", "-drive", "{disk},if=none,id=d", "-device",
         "usb-storage,drive=d,removable=on")
SECTORS = "logical_block_size=4096,physical_block_size=4096"
FOUR_KIB = {
    "virtio-blk": ("-drive", "{disk},if=none,id=d", "-device", f"virtio-blk-pci,drive=d,{SECTORS}"),
    "virtio-scsi": ("-device", "virtio-scsi-pci", "-drive", "{disk},if=none,id=d", "-device",
                    f"scsi-hd,drive=d,{SECTORS}"),
    "nvme": ("-drive", "{disk},if=none,id=d", "-device", f"nvme,drive=d,serial=mote,{SECTORS}")}


def run(*command: str | Path, out: Path | None = None) -> None:
    """Runs a program, whose output goes into a file if one is named."""
    shown = subprocess.run(command, capture_output=True, check=False, timeout=300)
    assert shown.returncode == 0, shown.stderr.decode()
    if out:
        out.write_bytes(shown.stdout)


def image(folder: Path, name: str, *more: str) -> Path:
    """The example site in the format of the name's ending."""
    folder.mkdir(parents=True, exist_ok=True)
    run(MOTE, "image", "-o", folder / name, *more)
    return folder / name


def by_qemu(made: Path, back: Path) -> None:
    run("qemu-img", "convert", "-O", "raw", made, back)


def from_google(made: Path, back: Path) -> None:
    run("tar", "-xzf", made, "-C", back.parent)
    (back.parent / "disk.raw").rename(back)


def from_ova(made: Path, back: Path) -> None:
    run("tar", "-xf", made, "-C", back.parent)
    by_qemu(back.parent / "mote-disk1.vmdk", back)


def from_container(made: Path, back: Path) -> None:
    plain = back.parent / "plain"
    run("skopeo", "copy", f"oci-archive:{made}:latest", f"dir:{plain}")
    layer = max(plain.iterdir(), key=lambda path: path.stat().st_size)
    run("tar", "-xzf", layer, "-C", back.parent)
    (back.parent / "disk/disk.img").rename(back)


RESTORED: dict[str, Callable[[Path, Path], None]] = {
    "img.gz": lambda made, back: run("gzip", "-dc", made, out=back),
    "img.xz": lambda made, back: run("xz", "-dc", made, out=back),
    "img.zst": lambda made, back: run("zstd", "-dc", made, out=back),
    "qcow2": by_qemu, "vmdk": by_qemu, "vhd": by_qemu, "vhdx": by_qemu, "vdi": by_qemu,
    "tar.gz": from_google, "ova": from_ova, "oci.tar": from_container,
}


@pytest.mark.parametrize("ending", RESTORED)
def test_turned_back_into_a_disk_it_boots(bench: Bench, ending: str) -> None:
    made = image(bench.results, f"site.{ending}")
    back = bench.results / "back.img"
    RESTORED[ending](made, back)
    run("sgdisk", "-v", back)
    bench.boot(Machine(boot="bios", memory_mib=16), image=back).serves()


@pytest.mark.parametrize(("machine", "boot"), [("pc", "bios"), ("q35", "bios"), ("q35", "uefi")])
def test_disc(bench: Bench, machine: str, boot: str) -> None:
    made = image(bench.results, "site.iso")
    bench.boot(Machine(machine, boot, memory_mib=MEMORY_MIB[boot], disk=DISC[machine]),
               image=made).serves()


@pytest.mark.parametrize("boot", MEMORY_MIB)
def test_disc_on_a_stick(bench: Bench, boot: str) -> None:
    made = image(bench.results, "site.iso")
    bench.boot(Machine(boot=boot, memory_mib=MEMORY_MIB[boot], disk=STICK), image=made).serves()


@pytest.mark.parametrize("boot", MEMORY_MIB)
def test_disk_enlarged_after_it_was_written(bench: Bench, boot: str) -> None:
    """As clouds do: the backup of the partition table is no longer at the end. NVMe, because
    SeaBIOS asks most of that."""
    large = image(bench.results, "site.qcow2")
    run("qemu-img", "resize", "-q", large, "+1G")
    raw = bench.results / "large.img"
    by_qemu(large, raw)
    assert raw.stat().st_size > 1 << 30
    bench.boot(Machine(boot=boot, memory_mib=MEMORY_MIB[boot], disk="nvme"), image=raw).serves()


@pytest.mark.parametrize("disk", FOUR_KIB)
def test_sectors_of_4_kib(bench: Bench, disk: str) -> None:
    made = image(bench.results, "site.img", "--sector-size", "4096")
    bench.boot(Machine(boot="uefi", memory_mib=128, disk=FOUR_KIB[disk]), image=made).serves()


def test_site_that_fills_more_than_el_torito_can_tell(bench: Bench) -> None:
    """33 MiB: a catalog's entry counts up to 65,535 sectors of 512 bytes."""
    site = bench.results / "large"
    shutil.copytree(bench.site, site)
    (site / "large.bin").write_bytes(os.urandom(1 << 20) * 33)
    made = bench.results / "site.iso"
    run(MOTE, "image", site, "-o", made)
    for boot in MEMORY_MIB:
        guest = bench.boot(Machine(boot=boot, memory_mib=256, disk=DISC["q35"]), image=made)
        guest.serves()
        guest.stop()
