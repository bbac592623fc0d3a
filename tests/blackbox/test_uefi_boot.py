"""Booting by UEFI, on Debian's OVMF: from disks, sticks and a single file; what the kernel is told;
the screen; and what is said where something is wrong. OVMF takes seconds to start, so a boot shows
several things."""

import re
import struct
from pathlib import Path

import pytest

import screens
import uefi_disks
from conftest import ROOT, Bench
from kernel_map import symbol_like
from machine import UEFI_CODE, UEFI_VARIABLES, Guest, Machine
from running import Running, free_port

pytestmark = pytest.mark.needs("image")

UEFI = {"boot": "uefi", "memory_mib": 128}
PATIENCE_S = 240  # OVMF takes ten times as long as SeaBIOS, and more on a busy host
SECURE_CODE = UEFI_CODE.with_name("OVMF_CODE_4M.secboot.fd")
FOUR_KIB = ("-drive", "{disk},if=none,id=d", "-device",
            "virtio-blk-pci,drive=d,logical_block_size=4096,physical_block_size=4096")
STICK = ("-device", "qemu-xhci", "-drive", "{disk},if=none,id=d", "-device",
         "usb-storage,drive=d,removable=on")
# kernel/boot_info.hpp: way, memory map, pack, root pointer, command line, SMBIOS, screen, seed.
BOOT_INFO = struct.Struct("<IIQQQQQQ QIIII Q64s")


def boot_info(guest: Guest) -> tuple:
    """What the loader has told the kernel, from the kernel's memory."""
    kept = symbol_like("kernel_main::kept")
    words = guest.monitor(f"xp /{BOOT_INFO.size // 4}wx {kept.address:#x}")
    numbers = [int(word, 16) for word in re.findall(r"0x([0-9a-f]{8})\b", words)]
    return BOOT_INFO.unpack(struct.pack(f"<{len(numbers)}I", *numbers))


def said(guest: Guest, pattern: str) -> None:
    assert guest.console.find(pattern), guest.console.lines[-20:]


def test_partition_on_q35_with_screen_and_random_numbers(bench: Bench, tmp_path: Path) -> None:
    pack = bench.images.pack(bench.site).read_bytes()
    guest = bench.boot(Machine(**UEFI, extra=("-vga", "std", "-device", "virtio-rng-pci")),
                       image=uefi_disks.partitioned(tmp_path / "disk", pack), deadline_s=PATIENCE_S)
    said(guest, r"^mote .*, booted by uefi, 1\d\d MiB")
    guest.serves()
    assert re.search(r"Ethernet(.|\n)*?64 bit prefetchable memory at 0x[0-9a-f]{9,}",
                     guest.monitor("info pci"))  # above 4 GiB

    way, _, _, ranges, at, root, line, smbios, screen, width, height, pixels, _, seed_bytes, \
        seed = boot_info(guest)
    assert way == 3 and 0 < ranges < 64
    assert 0x100000 <= at < 1 << 32 and at % 4096 == 0
    assert root and smbios and line == 0
    assert screen and width <= pixels and height >= 480
    assert seed_bytes == 64 and len(set(seed)) > 16

    picture = tmp_path / "screen.ppm"
    guest.ask("screendump", filename=str(picture))
    shown = [row for row in screens.read(picture) if row]
    log = [row for row in guest.console.lines if re.match(r"mote \d|net0|http|ready", row)]
    assert shown[-1] == "ready" and shown[-len(log):] == log


def test_partition_of_4_kib_blocks_on_pc_with_8_gib(bench: Bench, tmp_path: Path) -> None:
    pack = bench.images.pack(bench.site).read_bytes()
    disk = uefi_disks.partitioned(tmp_path / "disk", pack, block=4096)
    guest = bench.boot(Machine("pc", "uefi", memory_mib=8192, disk=FOUR_KIB), image=disk,
                       deadline_s=PATIENCE_S)
    said(guest, r"booted by uefi, 81\d\d MiB")
    guest.serves()


def test_one_file_with_command_line_in_little_memory(bench: Bench) -> None:
    settings = "mote.network.0.address=192.0.2.2/24 mote.http.headers_ms=9000"
    guest = bench.boot(Machine(boot="uefi", memory_mib=64, settings=None, command_line=settings),
                       deadline_s=PATIENCE_S)
    said(guest, r"^net0: 192\.0\.2\.2/24 \(static\)")
    guest.serves()


def test_stick_whose_partition_is_damaged(bench: Bench, tmp_path: Path) -> None:
    """A pack whose header can't be right is passed over for the file."""
    pack = bench.images.pack(bench.site).read_bytes()
    damaged = pack[:16] + struct.pack("<Q", len(pack) << 20) + pack[24:]
    disk = uefi_disks.partitioned(tmp_path / "disk", damaged, files={"mote/site.pack": pack})
    guest = bench.boot(Machine(**UEFI, disk=STICK), image=disk, deadline_s=PATIENCE_S)
    said(guest, rf"mote: the site pack is damaged: by its header it has {len(pack) << 20} bytes")
    guest.serves()


def test_no_site_and_no_nic(bench: Bench) -> None:
    guest = bench.start(Machine(**UEFI, nic=None, extra=("-vga", "std")),
                        image=uefi_disks.LOADER)
    guest.console.wait_for(r"^site: the loader found no site pack, make one with \./mote image$",
                           PATIENCE_S)
    guest.console.wait_for(r"booted by uefi", PATIENCE_S)
    guest.is_alive()


def test_damaged_kernel(bench: Bench, tmp_path: Path) -> None:
    loader = bytearray(uefi_disks.LOADER.read_bytes())
    at = loader.index(b"MTKL") + 100_000
    loader[at] ^= 1
    broken = tmp_path / "broken.efi"
    broken.write_bytes(loader)
    guest = bench.start(Machine(**UEFI, nic=None), image=broken)
    guest.console.wait_for(r"mote: the kernel is damaged", PATIENCE_S)


def test_secure_boot(bench: Bench, tmp_path: Path) -> None:
    key, certificate = uefi_disks.key_pair(tmp_path)
    variables = uefi_disks.enrolled(UEFI_VARIABLES, certificate, tmp_path / "variables.fd")
    loader = bench.images.bootable(bench.site, "uefi")
    machine = Machine(**UEFI, firmware=(SECURE_CODE, variables), extra=(
        "-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"))
    signed = uefi_disks.signed(loader, key, certificate, tmp_path / "signed.efi")

    def disk(name: str, file: Path) -> Path:
        (tmp_path / name).mkdir()
        return uefi_disks.fat(tmp_path / name / "disk", {uefi_disks.REMOVABLE: file.read_bytes()})

    refused = bench.start(machine, image=disk("refused", loader))
    refused.console.wait_for(r"Access Denied|Security Violation", PATIENCE_S)
    assert not refused.console.find("booted by uefi")
    refused.stop()
    bench.boot(machine, image=disk("accepted", signed), deadline_s=PATIENCE_S).serves()


def test_run(running: list[Running]) -> None:
    port = free_port()
    run = Running("--boot", "uefi", str(ROOT / "www"), port=port)
    running.append(run)
    run.line("booted by uefi")
    run.line("^ready$")
