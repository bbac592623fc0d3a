"""./mote symbolize: panics found in a console's lines, and doubts about the build."""

import os
from pathlib import Path

import pytest
from front_door import mote, refused

from tools.base.errors import UserError
from tools.command_line import symbolize

HEAD = ["mote 0.1.0 (abc1234), booted by pvh, 8 MiB, QEMU TCG CPU", "ready"]
PANIC = ["panic: page fault, vector 14, error 3, address 0000000000100000",
         "rip 0000000000101234  rsp 0000000000175c28  rfl 0000000000000046",
         "rax 0000000000000000  rbx 0000000000109999  rcx 0000000000000000",
         "callers 0000000000100011 0000000000100022",
         " 0000000000100033",
         "resetting"]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A kernel of commit abc1234, and an addr2line that answers with what it was asked."""
    path = tmp_path / "kernel.elf"
    path.write_bytes(b"ELF abc1234\0")

    def look_up(elf: Path, addresses: list[int]) -> list[list[str]]:
        assert elf == path
        return [[f"f{address:x}, a.cpp:1", "outer, b.cpp:2"] for address in addresses]
    monkeypatch.setattr(symbolize, "look_up", look_up)
    return path


def test_a_panic_has_its_backtrace_behind_it(kernel: Path) -> None:
    lines = [*HEAD, *PANIC, *HEAD]
    told = list(symbolize.with_backtraces(lines, symbolize.Backtraces(kernel)))
    end = len(HEAD) + len(PANIC)
    assert told[:end] == lines[:end] and told[-2:] == HEAD
    assert told[end:-2] == [
        f"backtrace, by {kernel}:",
        "  0000000000101234 f101234, a.cpp:1", "        inlined in outer, b.cpp:2",
        "  0000000000100011 f100010, a.cpp:1", "        inlined in outer, b.cpp:2",
        "  0000000000100022 f100021, a.cpp:1", "        inlined in outer, b.cpp:2",
        "  0000000000100033 f100032, a.cpp:1", "        inlined in outer, b.cpp:2"]


def test_a_log_may_end_in_the_middle(kernel: Path) -> None:
    told = list(symbolize.with_backtraces(PANIC[:2], symbolize.Backtraces(kernel)))
    assert told[2:] == [f"backtrace, by {kernel}:", "  0000000000101234 f101234, a.cpp:1",
                        "        inlined in outer, b.cpp:2"]


def test_addresses_elsewhere_mean_nothing(kernel: Path) -> None:
    lines = [*HEAD, "callers 0000000000100011", *PANIC, " 0000000000100033"]
    backtraces = symbolize.Backtraces(kernel)
    told = list(symbolize.with_backtraces(lines, backtraces))
    assert backtraces.panics == 1 and sum("f1000" in line for line in told) == 3


def test_without_a_kernel_the_console_stays_as_it_is(tmp_path: Path) -> None:
    backtraces = symbolize.Backtraces(tmp_path / "none.elf")
    assert list(symbolize.with_backtraces(PANIC, backtraces)) == PANIC


@pytest.mark.parametrize(("commit", "words"), [
    ("abc1234", None), ("def5678", "the log is of commit def5678"),
    ("abc123", "the log is of commit abc123"), ("abc1234+", "of commit abc1234+")])
def test_a_log_of_another_build_is_doubted(kernel: Path, commit: str, words: str | None) -> None:
    reason = symbolize.doubt([HEAD[0].replace("abc1234", commit), *PANIC], kernel)
    assert (reason is None) if words is None else (words in reason)
    assert "doesn't say" in symbolize.doubt(PANIC, kernel)
    kernel.write_bytes(b"ELF abc1234+\0")
    assert "built with changes" in symbolize.doubt([HEAD[0].replace("34)", "34+)")], kernel)


def test_what_cannot_be_named_is_one_line(kernel: Path, tmp_path: Path) -> None:
    assert "nowhere.log: No such file" in refused("symbolize", tmp_path / "nowhere.log")
    assert "FILE" in refused("symbolize")
    log = tmp_path / "serial.log"
    log.write_text("\r\n".join(HEAD))
    with pytest.raises(RuntimeError, match="there is no panic in it"):
        symbolize.symbolize(log, kernel)
    with pytest.raises(UserError, match="build the log's commit first"):
        symbolize.symbolize(log, tmp_path / "none.elf")


@pytest.mark.parametrize(("function", "name"), [
    ("memset", "memset"),
    ("mote::memory::fill(std::byte*, unsigned char, unsigned long)", "mote::memory::fill"),
    ("unsigned long mote::Nic<mote::Pci>::poll<A<B>&>(unsigned long, A<B>&&)", "mote::Nic::poll"),
    ("mote::Interface<Nic>::Receiver::operator()(Packet) const",
     "mote::Interface::Receiver::operator()"),
    ("auto mote::(anonymous namespace)::for_each<f()::$_0>(f()::$_0&&)::{lambda<typename $T0>"
     "($T0&)#1}::operator()<X>(f()::$_0&) const", "mote::for_each::lambda::operator()"),
])
def test_names_are_bare(function: str, name: str) -> None:
    assert symbolize.bare(function) == name


# Of addr2line 2.40: the first answer about 0x1000 names no source, the second does; that about
# 0x2000 never does.
ADDR2LINE = """#!/bin/sh
seen=
while [ $# -gt 0 ]; do
  case $1 in
    -e) shift ;;
    0x1000) echo 0x1000; echo 'f()'
      if [ "$seen" ]; then echo ./a.cpp:7; echo 'g(int)'; echo './b.cpp:8 (discriminator 2)'
      else echo 'ld-temp.o:?'; fi
      seen=yes ;;
    0x2000) printf '0x2000\\nh()\\nld-temp.o:?\\n' ;;
    0x*) printf '%s\\n??\\n??:0\\n' "$1" ;;
  esac
  shift
done
"""


def test_addr2line_is_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "addr2line"
    program.write_text(ADDR2LINE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert symbolize.look_up(tmp_path / "kernel.elf", [0x1000, 0x2000, 0x3000, 0x1000]) == [
        ["f, a.cpp:7", "g, b.cpp:8"], ["h"], ["??"], ["f, a.cpp:7", "g, b.cpp:8"]]


def test_it_has_a_help() -> None:
    assert "backtrace after each panic" in mote("symbolize", "--help").stdout
