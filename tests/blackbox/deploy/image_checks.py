"""Checks that a file is what a platform's document asks for, as far as its own header tells."""

import gzip
import hashlib
import json
import re
import struct
import tarfile
import xml.etree.ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

GIBIBYTE = 1 << 30


class Wrong(Exception):
    """What is wrong, in words."""


def check(path: Path, formats: list[str]) -> None:
    """Passes a file in any of these formats."""
    if not path.is_file():
        raise Wrong(f"{path}: is not there")
    reasons = []
    for name in formats:
        try:
            FORMATS[name](path)
            return
        except (Wrong, OSError, EOFError, tarfile.TarError, struct.error, ValueError) as error:
            reasons.append(f"no {name}: {error}")
    raise Wrong(f"{path}: {'; '.join(reasons)}")


def expect(condition: object, what: str) -> None:
    if not condition:
        raise Wrong(what)


def head(path: Path, size: int = 4096) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def is_bootable(sector: bytes) -> bool:
    """Whether it is a boot sector with a partition table: an MBR, or GPT's protective one."""
    return sector[510:512] == b"\x55\xaa" and any(sector[446:510])


def raw(path: Path) -> None:
    expect(path.stat().st_size % 512 == 0, "whole sectors")
    expect(is_bootable(head(path)), "a boot sector")


def gzipped(path: Path) -> None:
    with gzip.open(path) as disk:
        expect(is_bootable(disk.read(512)), "a boot sector")


def qcow2(path: Path) -> None:
    expect(head(path)[:4] == b"QFI\xfb", "its magic")


def vmdk(path: Path) -> None:
    """Virtual Disk Format 5.0: compressed grains with markers, as streams have them."""
    magic, _, flags = struct.unpack_from("<4sII", head(path))
    expect(magic == b"KDMV" and flags >> 16 == 3, "compressed grains and markers")
    expect(b'createType="streamOptimized"' in head(path, 64 * 1024), "streamOptimized")


def vdi(path: Path) -> None:
    expect(head(path)[0x40:0x44] == b"\x7f\x10\xda\xbe", "its signature")


def google(path: Path) -> None:
    """Manually import virtual disks: disk.raw of whole GiB in an oldgnu tar, in gzip."""
    with gzip.open(path) as archive:
        header = archive.read(512)
        expect(header[257:265] == b"ustar  \0", "an oldgnu tar")
        member = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
        expect(member.name == "disk.raw", "disk.raw first")
        # A sparse file's own size is in GNU's realsize field (tar's manual, Basic Tar Format).
        size = int(header[483:494], 8) if header[156:157] == b"S" else member.size
        expect(size and size % GIBIBYTE == 0, f"whole GiB, not {size} bytes")


def ova(path: Path) -> None:
    """OVF 1.1, section 4: the descriptor first, then what it refers to, with their sums."""
    with tarfile.open(path) as archive:
        names = archive.getnames()
        expect(names[0].endswith(".ovf"), "the descriptor first")
        files = {name: archive.extractfile(name).read() for name in names}
    root = xml.etree.ElementTree.fromstring(files[names[0]])
    namespace = "{http://schemas.dmtf.org/ovf/envelope/1}"
    for file in root.iter(f"{namespace}File"):
        name, size = file.get(f"{namespace}href"), file.get(f"{namespace}size")
        expect(name in files, f"{name} inside")
        expect(size is None or int(size) == len(files[name]), f"{name} of {size} bytes")
    for name in [name for name in names if name.endswith(".mf")]:
        lines = files[name].decode().split("\n")
        sums = [re.fullmatch(r"(SHA1|SHA256)\(([^)]+)\)= *([0-9a-f]+)", line)
                for line in lines if line]
        expect(all(sums) and sums, "sums in the manifest")
        for one in sums:
            made = hashlib.new(one[1].lower(), files[one[2]]).hexdigest()
            expect(made == one[3], f"{one[2]} with its sum")


def oci(path: Path) -> None:
    """OCI Image Layout 1.0, with KubeVirt's /disk/ in its last layer."""
    with tarfile.open(path) as archive:
        def blob(digest: str) -> bytes:
            name = f"blobs/{digest.replace(':', '/')}"
            found = [one for one in archive.getnames() if one.removeprefix("./") == name]
            data = archive.extractfile(found[0]).read()
            expect(hashlib.sha256(data).hexdigest() == digest.split(":")[1], f"{digest}'s content")
            return data
        index = json.load(archive.extractfile("index.json"))
        expect(json.load(archive.extractfile("oci-layout")), "oci-layout")
        manifest = json.loads(blob(index["manifests"][0]["digest"]))
        layer = blob(manifest["layers"][-1]["digest"])
    data = gzip.decompress(layer) if layer[:2] == b"\x1f\x8b" else layer
    expect(b"disk/" in data[:1024], "disk/ first in the layer")


def elf(path: Path) -> None:
    start = head(path, 64 * 1024)
    expect(start[:4] == b"\x7fELF", "its magic")
    note = struct.pack("<III", 4, 4, 18) + b"Xen\0"  # XEN_ELFNOTE_PHYS32_ENTRY
    wide = struct.pack("<III", 4, 8, 18) + b"Xen\0"
    expect(note in path.read_bytes() or wide in path.read_bytes(), "PVH's note")


# --- Files of settings ---

# Firecracker's API (firecracker.yaml): what a file for --config-file may have, and must have.
FIRECRACKER: dict[str, Any] = {
    "boot-source": ({"kernel_image_path", "boot_args"}, {"kernel_image_path"}),
    "machine-config": ({"vcpu_count", "mem_size_mib", "smt"}, {"vcpu_count", "mem_size_mib"}),
    "network-interfaces": ({"iface_id", "guest_mac", "host_dev_name"},
                           {"iface_id", "host_dev_name"}),
    "drives": ({"drive_id", "path_on_host", "is_root_device", "is_read_only"},
               {"drive_id", "is_root_device"}),
}


def firecracker(path: Path) -> None:
    document = json.loads(path.read_text())
    expect({"boot-source", "machine-config"} <= document.keys(), "boot-source, machine-config")
    for name, section in document.items():
        expect(name in FIRECRACKER, f"{name} is unknown")
        known, needed = FIRECRACKER[name]
        for one in section if isinstance(section, list) else [section]:
            expect(needed <= one.keys() <= known, f"{name}: {sorted(one)}")
    check(Path(document["boot-source"]["kernel_image_path"]), ["elf"])


FORMATS: dict[str, Callable[[Path], None]] = {
    "any": lambda path: None, "raw": raw, "gz": gzipped, "qcow2": qcow2, "vmdk": vmdk, "vdi": vdi,
    "google": google, "ova": ova, "oci": oci, "elf": elf, "firecracker": firecracker}
