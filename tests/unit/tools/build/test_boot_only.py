"""Code that is gone after boot: nothing that stays may call it, or point into it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
KERNEL = ROOT / "build/kernel.elf"

# Functions that run once, before the code is gone, and their caller.
CALLER = "kernel_main"
CALLED = ("gather_settings", "stir_entropy")

pytestmark = pytest.mark.needs("image")


def run(*command: str) -> str:
    return subprocess.run(command, text=True, check=True, capture_output=True, timeout=120).stdout


def boundaries() -> range:
    symbols = {name: int(address, 16) for address, _, name in
               (line.split(maxsplit=2) for line in run("nm", str(KERNEL)).splitlines())}
    return range(symbols["__boot_text_start"], symbols["__boot_text_end"])


def test_only_boot_calls_what_is_gone_afterwards() -> None:
    gone = boundaries()
    assert len(gone) > 0
    function, inside, calls = "", False, set()
    for line in run("objdump", "-d", "--no-show-raw-insn", str(KERNEL)).splitlines():
        if started := re.fullmatch(r"([0-9a-f]+) <(.+)>:", line):
            function = started[2]
            inside = int(started[1], 16) in gone
        elif not inside and (named := re.search(r"(?:0x|\s)([0-9a-f]{6}) <", line)):
            if int(named[1], 16) in gone:
                calls.add((function, line.split("<")[-1].rstrip(">")))
    wrong = {(caller, called) for caller, called in calls
             if caller != CALLER or not any(name in called for name in CALLED)}
    assert not wrong, sorted(wrong)


def test_constants_that_stay_do_not_point_there() -> None:
    """A table of functions in read-only or writable data; those of boot's own code may."""
    gone = boundaries()
    for section in (".data",):
        words = run("objdump", "-s", "-j", section, str(KERNEL))
        data = bytes.fromhex("".join("".join(line[8:43].split()) for line in words.splitlines()
                                     if re.match(r" [0-9a-f]{6} ", line)))
        found = [int.from_bytes(data[at:at + 8], "little") for at in range(0, len(data) - 7, 8)]
        assert not [hex(word) for word in found if word in gone]
