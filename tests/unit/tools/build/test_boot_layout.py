"""The boot ABI: what NASM says and what C++ says are compared, member by member."""

import subprocess
from pathlib import Path

import pytest

from tools.build import boot_layout

ROOT = Path(__file__).resolve().parents[4]
SOURCES = [ROOT / "boot" / name for name in ("boot_info.inc", "long_mode.asm", "traps.asm")]


def compiles(sources: list[Path], out: Path) -> str:
    """What the compiler says of the check; empty when both agree."""
    assert boot_layout.main([*map(str, sources), "-o", str(out)]) == 0
    return subprocess.run(["clang++-19", "-std=c++23", "-fsyntax-only", f"-I{ROOT}", out],
                          text=True, capture_output=True, check=False, timeout=60).stderr


def test_both_agree(tmp_path: Path) -> None:
    assert compiles(SOURCES, tmp_path / "check.cpp") == ""


@pytest.mark.parametrize(("old", "new", "words"), [
    (".rsdp:          resq 1", ".rsdp:          resd 1", "rsdp"),
    (".pack:          resq 1\n.rsdp:          resq 1", ".rsdp: resq 1\n.pack: resq 1", "rsdp"),
    (".command_line:  resq 1", ".command_line:  resq 1\n.more: resd 1", "more"),
    (".attributes:    resd 1\n", "", "sizeof(mote::MemoryRange)"),
    ("kBootWayPvh    equ 2", "kBootWayPvh    equ 3", "kBootWayPvh"),
    ("kUsableRam     equ 1", "kUsableRam     equ 2", "kUsableRam"),
    ("kCommandLineBytes equ 4096", "kCommandLineBytes equ 2048", "kCommandLineBytes"),
    ("kTimerVector equ 0x50", "kTimerVector equ 0x51", "kTimerVector")])
def test_a_difference_fails_the_build(tmp_path: Path, old: str, new: str, words: str) -> None:
    sources = []
    for source in SOURCES:
        sources.append(tmp_path / source.name)
        sources[-1].write_text(source.read_text().replace(old, new))
    assert any(copy.read_text() != source.read_text() for copy, source in zip(sources, SOURCES))
    said = compiles(sources, tmp_path / "check.cpp")
    assert "error:" in said and words in said


@pytest.mark.parametrize(("text", "words"), [
    ("struc BootInfo\n.way: times 4 db 0\nendstruc", "line 2: .way: times 4 db 0"),
    ("struc BootInfo\n.way: resd 1\nendstruc", "no structure MemoryRange")])
def test_what_cannot_be_read_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                         text: str, words: str) -> None:
    source = tmp_path / "a.inc"
    source.write_text(text)
    assert boot_layout.main([str(source), "-o", str(tmp_path / "out.cpp")]) == 1
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not (tmp_path / "out.cpp").exists()
