"""Why the last run ended: told by the next one, after any kind of warm reset, however booted."""

from pathlib import Path

import pytest

import exposition
from conftest import Bench
from gdb_stub import GdbStub
from http_client import Client
from lab import until
from machine import STATIC, Guest, Machine

WAYS = [("pc", "bios"), ("q35", "bios"), ("pc", "pvh"), ("q35", "pvh"), ("microvm", "pvh"),
        ("microvm", "bios")]
SILENT = "last run ended without a word (reset or watchdog), "


def boot(bench: Bench, machine: str = "q35", way: str = "pvh", *extra: str) -> Guest:
    guest = bench.boot(Machine(machine=machine, boot=way, reboots=True, extra=extra,
                               settings=f"{STATIC}\nhttp.metrics=/metrics"))
    assert not guest.console.find("last run"), "there was none"
    return guest


def next_run(guest: Guest, start: int) -> str:
    """Waits until the run that begins after console line `start` is ready; returns what it says of
    the last."""
    guest.console.wait_for(r"^ready$", start=start)
    said = [line for line in guest.console.lines[start:] if line.startswith("last run ")]
    assert len(said) == 1, said
    return said[0]


def ended(guest: Guest, end: str) -> float:
    """How many runs ended so since power-on; the last of them must have."""
    with Client(guest.lab.connect()) as client:
        metrics = exposition.read(client.get("/metrics").body.decode())
    assert metrics.value("mote_last_run_info", end=end) == 1
    return metrics.value("mote_runs_ended_total", end=end)


def have_it_jump(stub_path: Path, address: int) -> None:
    """Has the machine go on where it has no code."""
    stub = GdbStub(stub_path)
    stub.set_registers(rip=address)
    stub.resume()
    stub.close()


@pytest.mark.parametrize(("machine", "way"), WAYS)
def test_a_panic_is_told_by_the_next_run(bench: Bench, stub_path: Path, machine: str,
                                         way: str) -> None:
    guest = boot(bench, machine, way, "-gdb", f"unix:{stub_path},server=on,wait=off")
    for count, address in ((1, 0x10), (2, 0x20)):
        start = len(guest.console.lines)
        have_it_jump(stub_path, address)
        said = next_run(guest, start)
        assert said.startswith(f"last run ended by a panic: page fault at {address:016x}, "), said
        assert said.endswith(" s after boot")
        assert ended(guest, "panic") == count


@pytest.mark.parametrize(("machine", "way"), WAYS)
def test_a_run_that_is_cut_off_is_told_by_the_next(bench: Bench, machine: str, way: str) -> None:
    guest = boot(bench, machine, way)
    start = len(guest.console.lines)
    guest.ask("system_reset")
    assert next_run(guest, start).startswith(SILENT)
    assert ended(guest, "silent") == 1


def test_a_machine_that_was_switched_off_says_so_if_its_memory_stays(bench: Bench) -> None:
    guest = boot(bench, "q35", "pvh", "-no-shutdown")
    start = len(guest.console.lines)
    guest.press_button()
    guest.console.wait_for(r"^power: off$", start=start)
    until(lambda: guest.ask("query-status")["status"] == "shutdown", "the machine is off")
    guest.ask("system_reset")
    guest.ask("cont")
    assert next_run(guest, start).startswith("last run ended as it should, switched off, ")
    assert ended(guest, "off") == 1
