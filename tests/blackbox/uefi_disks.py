"""Disks from which UEFI boots, and the firmware's variables with keys for Secure Boot."""

import struct
import subprocess
import uuid
import zlib
from pathlib import Path

from images import ROOT
from settings_disks import run, tree

LOADER = ROOT / "build/mote.efi"
REMOVABLE = "EFI/BOOT/BOOTX64.EFI"  # UEFI 2.10, 3.5.1.1

MIB = 1 << 20
ESP_TYPE = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")  # UEFI 2.10, table 5.7
DATA_TYPE = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")  # Linux's, for whatever it may be
ENTRIES, ENTRY_BYTES = 128, 128


def fat(out: Path, files: dict[str, bytes], block: int = 512, mib: int = 34) -> Path:
    """A FAT volume with these files."""
    out.write_bytes(b"")
    with out.open("r+b") as volume:
        volume.truncate(mib * MIB)
    run("mkfs.fat", "-F", "16", "-S", str(block), "-s", str(4096 // block), str(out))
    root = tree(out.parent, files)
    run("mcopy", "-i", str(out), "-s", *map(str, sorted(root.iterdir())), "::")
    return out


def gpt(out: Path, partitions: list[tuple[uuid.UUID, bytes]], block: int = 512) -> Path:
    """A disk with these partitions, each on a multiple of 1 MiB (UEFI 2.10, 5.3)."""
    starts, at = [], MIB
    for _, content in partitions:
        starts.append(at)
        at += -(-len(content) // MIB) * MIB
    blocks = (at + MIB) // block
    entries = b"".join(
        kind.bytes_le + uuid.uuid5(kind, str(index)).bytes_le
        + struct.pack("<QQQ", start // block, (start + len(content) - 1) // block, 0) + bytes(72)
        for index, ((kind, content), start) in enumerate(zip(partitions, starts)))
    entries = entries.ljust(ENTRIES * ENTRY_BYTES, b"\0")
    reach = len(entries) // block

    def header(mine: int, other: int, table: int) -> bytes:
        fields = [b"EFI PART", 0x10000, 92, 0, 0, mine, other, 2 + reach, blocks - 2 - reach,
                  uuid.uuid5(ESP_TYPE, "disk").bytes_le, table, ENTRIES, ENTRY_BYTES,
                  zlib.crc32(entries)]
        layout = struct.Struct("<8sIIIIQQQQ16sQIII")
        fields[3] = zlib.crc32(layout.pack(*fields))
        return layout.pack(*fields)

    protective = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, blocks - 1)
    with out.open("wb") as disk:
        disk.write((bytes(446) + protective).ljust(510, b"\0") + b"\x55\xaa")
        disk.seek(block)
        disk.write(header(1, blocks - 1, 2))
        disk.seek(2 * block)
        disk.write(entries)
        for (_, content), start in zip(partitions, starts):
            disk.seek(start)
            disk.write(content)
        disk.seek((blocks - 1 - reach) * block)
        disk.write(entries + header(blocks - 1, 1, blocks - 1 - reach))
        disk.truncate(blocks * block)
    return out


def partitioned(folder: Path, pack: bytes, block: int = 512,
                files: dict[str, bytes] | None = None) -> Path:
    """A disk with the loader in a system partition, and a pack in one of its own behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    system = fat(folder / "esp", {REMOVABLE: LOADER.read_bytes()} | (files or {}), block)
    return gpt(folder / "disk", [(ESP_TYPE, system.read_bytes()), (DATA_TYPE, pack)], block)


# Secure Boot: variables as EDK2's firmware keeps them in its second flash chip.

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")  # UEFI 2.10, 3.3
IMAGE_SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")  # 32.6.1
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")  # 32.4.1
OWNER = uuid.UUID("6d6f7465-7465-7374-8000-000000000000")
NON_VOLATILE_AUTHENTICATED = 0x27  # 8.2: kept, for boot and runtime, with time-based authentication
# EDK2's MdeModulePkg/Include/Guid/VariableFormat.h: the store's header, and a variable's.
STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le
STORE_HEADER_BYTES = 28
VARIABLE = struct.Struct("<HBBIQ16sIII16s")
VARIABLE_START, VARIABLE_ADDED = 0x55AA, 0x3F


def key_pair(folder: Path) -> tuple[Path, Path]:
    """A key, and its certificate, made for the test."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2",
        "-subj", "/CN=a test of Mote/", "-keyout", str(key), "-out", str(certificate))
    return key, certificate


def signed(loader: Path, key: Path, certificate: Path, out: Path) -> Path:
    run("sbsign", "--key", str(key), "--cert", str(certificate), "--output", str(out), str(loader))
    return out


def enrolled(variables: Path, certificate: Path, out: Path) -> Path:
    """A copy of empty variables with the certificate as platform key, exchange key and the only
    signer of images."""
    der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"],
                         capture_output=True, check=True, timeout=60).stdout
    signers = CERT_X509.bytes_le + struct.pack("<III", 28 + 16 + len(der), 0, 16 + len(der)) \
        + OWNER.bytes_le + der
    store = bytearray(variables.read_bytes())
    at = store.index(STORE) + STORE_HEADER_BYTES
    for name, vendor in (("PK", GLOBAL), ("KEK", GLOBAL), ("db", IMAGE_SECURITY)):
        title = name.encode("utf-16-le") + b"\0\0"
        variable = VARIABLE.pack(VARIABLE_START, VARIABLE_ADDED, 0, NON_VOLATILE_AUTHENTICATED, 0,
                                 struct.pack("<HBBBBBBIhBB", 2024, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0),
                                 0, len(title), len(signers), vendor.bytes_le) + title + signers
        assert not store[at:at + len(variable)].strip(b"\xff"), "the variables are not empty"
        store[at:at + len(variable)] = variable
        at += len(variable) + -len(variable) % 4
    out.write_bytes(store)
    return out
