"""A machine whose run loop stands still is reset, and the next run says so; one that is paused by
its host is not."""

import select
from pathlib import Path

import pytest

from conftest import Bench
from gdb_stub import GdbStub
from kernel_map import symbol_like
from machine import STATIC, Guest, Machine

pytestmark = pytest.mark.needs("image")
WATCHDOG = ("-device", "i6300esb", "-action", "watchdog=reset")
HANG = b"\xeb\xfe"  # jmp $
HANG_DEAF = b"\xfa\xeb\xfe"  # cli; jmp $
RESET_S = 60  # the time until a reset, and the next boot, on a busy host
PAUSE_S = 15


def boot(bench: Bench, stub_path: Path, *extra: str, machine: str = "q35", way: str = "pvh",
         more: str = "") -> Guest:
    return bench.boot(Machine(machine=machine, boot=way, reboots=True,
                              settings=f"{STATIC}\nhttp.metrics=/metrics\n{more}",
                              extra=(*extra, "-gdb", f"unix:{stub_path},server=on,wait=off")))


def hang(stub_path: Path, code: bytes) -> int:
    """Has the machine stay in the function that looks at the links, for ever; returns where."""
    stub = GdbStub(stub_path)
    at = symbol_like("mote::netstack::Attachment::tend(").address
    stub.write(at, code)
    stub.resume()
    stub.close()
    return at


def pause(guest: Guest) -> None:
    """Stops the machine for longer than any of its limits, as a host does that saves it."""
    guest.ask("stop")
    select.select([], [], [], PAUSE_S)  # a stimulus, not a wait for anything
    guest.ask("cont")


@pytest.mark.parametrize(("machine", "way"), [("q35", "pvh"), ("pc", "bios"), ("microvm", "pvh")])
def test_a_watchdog_timer_resets_a_machine_that_hangs(bench: Bench, stub_path: Path, machine: str,
                                                      way: str) -> None:
    guest = boot(bench, stub_path, *WATCHDOG, machine=machine, way=way)
    assert guest.console.find(r"^watchdog: i6300esb, 10 s$")
    start = len(guest.console.lines)
    hang(stub_path, HANG_DEAF)
    guest.console.wait_for(r"^last run ended by the watchdog, \d+ s after boot$", RESET_S, start)
    guest.console.wait_for("^ready$", RESET_S, start)
    guest.serves()


@pytest.mark.parametrize(("machine", "way", "more"), [
    ("q35", "pvh", ""), ("pc", "bios", ""), ("microvm", "pvh", ""), ("q35", "pvh", "idle=doze")])
def test_a_turn_without_end_is_a_panic(bench: Bench, stub_path: Path, machine: str, way: str,
                                       more: str) -> None:
    """Without a watchdog timer, too, and with the place where the loop stands."""
    guest = boot(bench, stub_path, machine=machine, way=way, more=more)
    start = len(guest.console.lines)
    at = hang(stub_path, HANG)
    guest.console.wait_for(r"^panic: a turn of the loop lasted over 5 s$", RESET_S, start)
    guest.console.wait_for(rf"^rip {at:016x}  rsp ", RESET_S, start)
    guest.console.wait_for(r"^callers( [0-9a-f]{16})+$", RESET_S, start)
    guest.console.wait_for(r"^last run ended by a panic: a turn of the loop lasted over 5 s at "
                           rf"{at:016x}, \d+ s after boot$", RESET_S, start)
    guest.console.wait_for("^ready$", RESET_S, start)
    guest.serves()


@pytest.mark.parametrize("more", ["", "idle=doze"])
def test_a_machine_that_was_paused_is_not_reset(bench: Bench, stub_path: Path, more: str) -> None:
    guest = boot(bench, stub_path, *WATCHDOG, more=more)
    for _ in range(2):
        pause(guest)
        guest.serves()
    assert not guest.console.find("last run|panic")


def test_a_machine_that_halts_on_faults_may_stand_still(bench: Bench, stub_path: Path) -> None:
    """It waits to be looked at, so no watchdog timer is started."""
    guest = boot(bench, stub_path, *WATCHDOG, more="panic=halt")
    assert not guest.console.find("^watchdog:")
    guest.serves()
