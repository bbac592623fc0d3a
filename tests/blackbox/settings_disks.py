"""Settings disks as other people's programs make them, and the ways to attach one."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from lab import ENVIRONMENT

Files = Mapping[str, str | bytes]

# How a disk, {file}, is attached. The first word tells which machines can have it.
DEVICES = {
    "virtio-blk": ("-device", "virtio-blk-pci,drive=seed"),
    "virtio-blk legacy": ("-device", "virtio-blk-pci,drive=seed,disable-modern=on,"
                                     "disable-legacy=off"),
    "virtio-blk of 4 KiB": ("-device", "virtio-blk-pci,drive=seed,logical_block_size=4096,"
                                       "physical_block_size=4096"),
    "virtio-scsi disk": ("-device", "virtio-scsi-pci,id=seeds", "-device",
                         "scsi-hd,bus=seeds.0,scsi-id=5,lun=2,drive=seed"),
    "virtio-scsi cd": ("-device", "virtio-scsi-pci,id=seeds", "-device",
                       "scsi-cd,bus=seeds.0,drive=seed"),
    "ahci disk": ("-device", "ahci,id=seeds", "-device", "ide-hd,bus=seeds.3,drive=seed"),
    "ahci cd": ("-device", "ahci,id=seeds", "-device", "ide-cd,bus=seeds.0,drive=seed"),
    "ide disk": ("-device", "ide-hd,bus=ide.1,unit=0,drive=seed"),
    "ide cd": ("-device", "ide-cd,bus=ide.0,unit=1,drive=seed"),
    "virtio-blk in a window": ("-device", "virtio-blk-device,drive=seed"),
    "virtio-scsi in a window": ("-device", "virtio-scsi-device,id=seeds", "-device",
                                "scsi-cd,bus=seeds.0,drive=seed"),
}
MACHINE_FOR = {"ide": "pc", "virtio-blk in": "microvm, no PCI",
               "virtio-scsi in": "microvm, no PCI"}  # by the device's first words; else q35


def machine_for(device: str) -> str:
    found = [machine for words, machine in MACHINE_FOR.items() if device.startswith(words)]
    return found[0] if found else "q35"


def attached(device: str, disk: Path) -> tuple[str, ...]:
    """QEMU's arguments. IDE has no disks that are read-only: what is written there is forgotten."""
    return ("-drive", f"file={disk},format=raw,if=none,id=seed,snapshot=on", *DEVICES[device])


def run(*command: str) -> None:
    done = subprocess.run(command, env=ENVIRONMENT, text=True, capture_output=True, timeout=60,
                          check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"


def tree(folder: Path, files: Files) -> Path:
    """The files in a folder of their own."""
    root = folder / "tree"
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def iso(*options: str) -> "Maker":
    def make(folder: Path, label: str, files: Files) -> Path:
        disk = folder / "seed.iso"
        run("genisoimage", "-quiet", *options, "-V", label, "-o", str(disk),
            str(tree(folder, files)))
        return disk
    return make


def xorriso(folder: Path, label: str, files: Files) -> Path:
    disk = folder / "seed.iso"
    run("xorriso", "-as", "mkisofs", "-J", "-R", "-V", label, "-o", str(disk),
        str(tree(folder, files)))
    return disk


def fat(bits: int, mib: int, *options: str) -> "Maker":
    def make(folder: Path, label: str, files: Files) -> Path:
        disk = folder / "seed.img"
        disk.write_bytes(b"")
        os.truncate(disk, mib << 20)
        run("mkfs.fat", "-F", str(bits), "-n", label, *options, str(disk))
        root = tree(folder, files)
        run("mcopy", "-s", "-i", str(disk), *(str(path) for path in sorted(root.iterdir())), "::")
        return disk
    return make


def localds(*options: str) -> "Maker":
    def make(folder: Path, label: str, files: Files) -> Path:
        assert label == "cidata"
        root, disk = tree(folder, files), folder / "seed.img"
        network = [f"--network-config={root / 'network-config'}"] if "network-config" in files \
            else []
        run("cloud-localds", *options, *network, str(disk), str(root / "user-data"),
            str(root / "meta-data"))
        return disk
    return make


Maker = Callable[[Path, str, Files], Path]

# By the name of whoever makes such a disk.
MAKERS: dict[str, Maker] = {
    "cloud-localds": localds(),
    "cloud-localds, vfat": localds("--filesystem", "vfat"),
    "genisoimage, Joliet and Rock Ridge": iso("-J", "-R"),
    "genisoimage, Rock Ridge": iso("-R"),
    "genisoimage, Joliet": iso("-J"),
    "genisoimage, level 4": iso("-iso-level", "4"),
    "genisoimage, plain": iso("-iso-level", "1"),
    "xorriso": xorriso,
    "mtools, FAT12": fat(12, 2),
    "mtools, FAT16": fat(16, 16),
    "mtools, FAT32": fat(32, 40),
    "mtools, FAT with sectors of 4 KiB": fat(16, 64, "-S", "4096"),
}
