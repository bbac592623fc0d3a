"""Protection against Mote's own faults: read-only and absent pages, and the stack protector. Read
from a running machine's page tables, and provoked."""

import re
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import Bench
from gdb_stub import GdbStub
from images import ROOT
from kernel_map import symbol_like, symbols
from machine import Guest, Machine

pytestmark = pytest.mark.needs("image")
PAGE = 4096
PROTECTED = ("tcp_listen_input", "etharp_input", "dhcp_recv", "mote::http::Connection::serve(",
             "mote::http::RangeSet::read(", "mote::acpi::memory_of(", "mote::parse_mac(")


@dataclass(frozen=True)
class Mapped:
    """A part of the address space, from QEMU's `info mem`."""

    start: int
    end: int
    writable: bool


def mapped(guest: Guest) -> list[Mapped]:
    row = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16}) [0-9a-f]{16} .(.)(.)$")
    found = [row.match(line.strip()) for line in guest.monitor("info mem").splitlines()]
    return [Mapped(int(match[1], 16), int(match[2], 16), match[3] + match[4] == "rw")
            for match in found if match]


def rights(parts: list[Mapped], address: int) -> str:
    for part in parts:
        if part.start <= address < part.end:
            return "rw" if part.writable else "r"
    return ""


def guards(parts: list[Mapped], above: int) -> list[int]:
    """Single unmapped pages above `above` with mapped RAM on both sides."""
    return [before.end for before, behind in zip(parts, parts[1:])
            if before.end >= above and behind.start - before.end == PAGE]


@pytest.mark.parametrize("memory_mib", [3, 8, 64])
def test_tables_are_read_only_and_pools_have_guards(bench: Bench, memory_mib: int) -> None:
    """Also in the smallest machine, and with pools that otherwise lie in large pages."""
    guest = bench.boot(Machine(machine="pc", memory_mib=memory_mib))
    parts = mapped(guest)
    names = symbols()
    root = int(re.search(r"CR3=([0-9a-f]+)", guest.monitor("info registers"))[1], 16)
    for name in ("idt", "gdt", "__boot_pml4", "__stack_chk_guard"):
        assert rights(parts, names[name].address) == "r", name
    assert root == names["__boot_pml4"].address
    for name in ("__stack_guard", "__page_fault_guard", "__urgent_guard"):
        assert rights(parts, names[name].address) == "", name
        assert rights(parts, names[name].address + PAGE) == "rw", name
    assert rights(parts, names["__stack_top"].address - 1) == "rw"
    assert rights(parts, 0) == ""
    stacks, pools = 3, 17
    assert len(guards(parts, 0)) >= stacks + pools
    for table in tables_in_use(guest, root):
        assert rights(parts, table) == "r", hex(table)
    guest.serves()


def tables_in_use(guest: Guest, root: int) -> list[int]:
    """Every page table that the CPU can reach."""
    tables = [root]
    at_level = [root]
    for level in (4, 3, 2):
        entries = [entry for table in at_level for entry in words(guest, table)]
        at_level = [entry & 0x000F_FFFF_FFFF_F000 for entry in entries
                    if entry & 1 and not (level < 4 and entry & 0x80)]
        tables += at_level
    return tables


def words(guest: Guest, table: int) -> list[int]:
    dump = guest.monitor(f"xp /512gx {table:#x}")
    return [int(word, 16) for line in dump.splitlines() for word in line.split(":")[1].split()]


def boot_with_stub(bench: Bench, path: Path) -> tuple[Guest, GdbStub]:
    guest = bench.boot(Machine(extra=("-gdb", f"unix:{path},server=on,wait=off")))
    stub = GdbStub(path)
    bench.on_close(stub.close)
    return guest, stub


def have_it_write(stub: GdbStub, address: int) -> None:
    """Makes Mote's own memset store a byte there."""
    stub.set_registers(rip=symbols()["memset"].address, rdi=address, rsi=0, rdx=1,
                       rsp=(stub.register("rsp") - PAGE // 2) & ~15)
    stub.resume()


@pytest.mark.parametrize("target", ["idt", "gdt", "__boot_pml4", "__stack_chk_guard",
                                    "__text_start"])
def test_store_to_what_is_read_only_faults(bench: Bench, stub_path: Path, target: str) -> None:
    """An attacker with a stray write in Mote finds no table there to change."""
    guest, stub = boot_with_stub(bench, stub_path)
    address = symbols()[target].address
    have_it_write(stub, address)
    guest.console.wait_for(rf"^panic: page fault, vector 14, error 3, address {address:016x}$")


@pytest.mark.parametrize("which", [0, -1])
def test_store_to_a_guard_between_pools_faults(bench: Bench, stub_path: Path, which: int) -> None:
    guest, stub = boot_with_stub(bench, stub_path)
    address = guards(mapped(guest), symbols()["__image_end"].address)[which]
    have_it_write(stub, address)
    guest.console.wait_for(rf"^panic: page fault, vector 14, error 2, address {address:016x}$")


def test_a_smashed_stack_is_a_panic_that_names_the_function(bench: Bench, stub_path: Path) -> None:
    """The guard changes while the function that looks at the links runs."""
    guest, stub = boot_with_stub(bench, stub_path)
    function = symbol_like("mote::netstack::Attachment::tend(")
    prologue_steps = 16
    stub.run_to(function.address)
    for _ in range(prologue_steps):
        stub.step()
    guard = symbols()["__stack_chk_guard"].address
    stub.write(guard, bytes(byte ^ 0xFF for byte in stub.read(guard, 8)))
    stub.resume()
    guest.console.wait_for(r"^panic: stack smashed$")
    callers = guest.console.wait_for(r"^callers((?: [0-9a-f]{16})+)$")[1].split()
    assert any(function.address < int(caller, 16) <= function.end for caller in callers)
    guest.console.wait_for(r"^resetting$")


def test_the_guard_is_another_one_each_boot(bench: Bench, stub_path: Path) -> None:
    """And its first byte is zero, which ends a string that overruns."""
    found = set()
    for name in ("one", "two"):
        guest, stub = boot_with_stub(bench, stub_path.with_name(name))
        guard = stub.read(symbols()["__stack_chk_guard"].address, 8)
        assert guard[0] == 0 and any(guard[1:])
        found.add(guard)
        guest.stop()
    assert len(found) == 2


def test_what_reads_from_the_wire_is_protected() -> None:
    """Functions of each floor, lwIP included, compare the guard; tools/build/sources.py names those
    without a protector."""
    names = symbols()
    start, end = names["__text_start"].address, names["__text_end"].address
    guard = names["__stack_chk_guard"].address
    text = text_of(ROOT / "build/kernel.elf", start, end)
    uses = [start + at for at in range(len(text) - 4)
            if start + at + 4 + struct.unpack_from("<i", text, at)[0] == guard
            or struct.unpack_from("<I", text, at)[0] == guard]
    protected = {name for name, symbol in names.items() if ":(" not in name
                 and any(symbol.address <= use < symbol.end for use in uses)}
    assert len(protected) > 100
    for beginning in PROTECTED:
        assert any(name.startswith(beginning) for name in protected), beginning


def text_of(elf: Path, start: int, end: int) -> bytes:
    """The code, found by the program headers (ELF-64 object file format 1.5)."""
    data = elf.read_bytes()
    at, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for header in range(at, at + size * count, size):
        kind, _, offset, address = struct.unpack_from("<IIQQ", data, header)
        if kind == 1 and address == start:
            return data[offset:offset + end - start]
    raise AssertionError("no code in the kernel")
