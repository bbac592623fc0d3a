"""The console when something is wrong, and the functions that still work then."""

import filecmp
from collections.abc import Callable
from pathlib import Path

import pytest

import sites
from conftest import Bench
from images import Images
from lab import Lab
from machine import Guest, Machine

PACK_MAGIC = b"MOTEPACK"


def altered(source: Path, target: Path, change: Callable[[bytearray, int], None]) -> Path:
    """A copy of an image whose site pack, found by its magic, is changed."""
    data = bytearray(source.read_bytes())
    at = data.rindex(PACK_MAGIC)
    change(data, at)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


def flip(offset: int) -> Callable[[bytearray, int], None]:
    def change(data: bytearray, at: int) -> None:
        data[at + offset] ^= 0x20
    return change


def check_pings_only(guest: Guest) -> None:
    """Without a site the console says so, ping answers, and port 80 is closed."""
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24")
    guest.ping_answers()
    with pytest.raises(ConnectionRefusedError):
        guest.lab.connect()
    assert not guest.console.find("^ready$")


def size(value: int) -> Callable[[bytearray, int], None]:
    """Makes the header state another length of the pack."""
    def change(data: bytearray, at: int) -> None:
        data[at + 16:at + 24] = value.to_bytes(8, "little")
    return change


CORRUPT = {"magic": flip(0), "version": flip(8), "checksum": flip(24), "tables": flip(200),
           "content": flip(6000), "size": flip(17), "size 0": size(0),
           "size of a GiB": size(1 << 30), "size to 4 GiB": size((1 << 32) - 4096),
           "size beyond all": size((1 << 64) - 4096)}


@pytest.mark.parametrize("boot", ["pvh", "bios"])
@pytest.mark.parametrize("part", CORRUPT)
def test_corrupt_pack(bench: Bench, part: str, boot: str) -> None:
    image = altered(bench.images.bootable(bench.site, boot), bench.results / "bad", CORRUPT[part])
    guest = bench.start(Machine(boot=boot), image=image)
    guest.console.wait_for(r"^site: ")
    check_pings_only(guest)


def test_truncated_disk(bench: Bench, images: Images) -> None:
    """An image of which only the beginning was copied: the console says what can't be read."""
    site = images.once("large-2", lambda out: sites.large(out, 2))
    whole = images.bootable(site, "bios").read_bytes()
    bench.results.mkdir(parents=True, exist_ok=True)
    (bench.results / "half.img").write_bytes(whole[:1 << 20])
    guest = bench.start(Machine(boot="bios", memory_mib=16), image=bench.results / "half.img")
    guest.console.wait_for(r"^mote: the disk cannot be read at sector \d+")
    assert not guest.console.find("^ready$")


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_too_little_memory_for_the_site(bench: Bench, images: Images, machine: str) -> None:
    """The console says how much is missing."""
    site = images.once("large-24", lambda out: sites.large(out, 24))
    guest = bench.start(Machine(machine=machine, boot="bios", memory_mib=16), site=site)
    said = guest.console.wait_for(r"(?i)\b(\d+) MiB.*(missing|more|need)")
    assert int(said[1]) > 0
    guest.is_alive()


def test_large_site_on_a_disk(bench: Bench, images: Images, full: bool) -> None:
    """Only as much memory above the site's size as Mote itself takes; `--full`: 512 MiB."""
    mib = 512 if full else 64
    site = images.once(f"large-{mib}", lambda out: sites.large(out, mib))
    guest = bench.boot(Machine(boot="bios", memory_mib=mib + 8), site=site, deadline_s=300)
    out = bench.results / "large.bin"
    bench.lab.run("curl", "-sf", "-o", str(out), f"http://{Lab.GUEST}/large.bin", timeout=600)
    assert filecmp.cmp(out, site / "large.bin", shallow=False)
    out.unlink()
    guest.serves()


def test_screen_says_the_same(bench: Bench) -> None:
    """VGA text shows the boot lines if there is a screen."""
    guest = bench.boot(Machine(machine="pc", boot="bios", extra=("-vga", "std")))
    dump = guest.monitor("xp /4000xb 0xb8000")
    cells = [int(byte, 16) for line in dump.splitlines()
             for byte in line.partition(":")[2].split()]
    text = bytes(cells[::2]).decode("cp437")
    rows = [text[at:at + 80].rstrip() for at in range(0, len(text), 80)]
    assert "ready" in rows, rows
    assert any(row.startswith("http: port 80") for row in rows), rows


def test_without_a_serial_port_lines_are_lost_and_nothing_else(bench: Bench) -> None:
    guest = bench.start(Machine(serial=False))
    bench.lab.run("ping", "-c", "1", "-w", "60", Lab.GUEST)
    guest.serves()


def inject_fault(guest: Guest) -> None:
    """Injects a non-maskable interrupt, which nothing on this machine should ever raise."""
    guest.ask("inject-nmi")
    guest.console.wait_for(r"^panic: .+ vector 2\b")
    guest.console.wait_for(r"^rip [0-9a-f]{16}  rsp [0-9a-f]{16}")
    guest.console.wait_for(r"^callers( +[0-9a-f]{16})+$")


def test_fault_resets(bench: Bench) -> None:
    """Exception, registers and backtrace, then a reset, which ends QEMU under -no-reboot."""
    guest = bench.boot()
    inject_fault(guest)
    guest.console.wait_for(r"^resetting$")
    guest.wait_for_end()


def test_fault_halts_where_that_is_set(bench: Bench) -> None:
    guest = bench.boot(Machine(settings=Machine().settings + "\npanic=halt"))
    inject_fault(guest)
    guest.console.wait_for(r"^halted$")
    guest.is_alive()
