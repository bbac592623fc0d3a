"""Finds panics in a console's lines, and adds functions, files and lines to their addresses."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.base.errors import UserError, system_error
from tools.build.ninja import BUILD, ROOT

KERNEL = BUILD / "kernel.elf"
PATIENCE_S = 60
NO_FILES = ("??", "ld-temp.o")  # the latter is the linker's, for what it has optimized as a whole

_GREETING = re.compile(r"mote \S+ \((\S+)\), booted by ")
_PANIC = re.compile(r"panic: ")
_RIP = re.compile(r"rip ([0-9a-f]{16})\b")
_CALLERS = re.compile(r"(?:callers)?((?: [0-9a-f]{16})+)$")
_END = re.compile(r"(?:resetting|halted)$")


class Backtraces:
    """Reads a console line by line; returns a panic's backtrace after its last line."""

    def __init__(self, kernel: Path = KERNEL) -> None:
        self._kernel = kernel
        self._addresses: list[tuple[str, int]] | None = None  # None: not within a panic
        self.panics = 0

    def hear(self, line: str) -> list[str]:
        """The lines to print after this one."""
        if _PANIC.match(line):
            self.panics += self._addresses is None
            self._addresses = self._addresses or []
        elif self._addresses is not None:
            if found := _RIP.match(line):
                self._addresses.append((found[1], int(found[1], 16)))
            elif found := _CALLERS.match(line):  # return addresses, which follow the calls
                self._addresses += [(text, int(text, 16) - 1) for text in found[1].split()]
            elif _END.match(line):
                return self.end()
        return []

    def end(self) -> list[str]:
        """The backtrace of a panic whose lines have ended."""
        addresses, self._addresses = self._addresses, None
        if not addresses:
            return []
        try:
            places = look_up(self._kernel, [address for _, address in addresses])
        except (OSError, RuntimeError):  # no debug information, or no addr2line: the console's
            return []  # addresses must do
        lines = [f"backtrace, by {shown(self._kernel)}:"]
        for (text, _), frames in zip(addresses, places):
            lines.append(f"  {text} {frames[0]}")
            lines += [f"{'inlined in':>18} {frame}" for frame in frames[1:]]
        return lines


def look_up(kernel: Path, addresses: list[int]) -> list[list[str]]:
    """For each address its function, file and line, and those that it was inlined into."""
    # Each address twice: the first look into a source's debug information may miss the line
    # (addr2line 2.40), the second doesn't.
    asked = [hex(address) for address in addresses for _ in range(2)]
    command = ["addr2line", "-e", str(kernel), "-a", "-f", "-C", "-i", *asked]
    done = subprocess.run(command, text=True, capture_output=True, check=False,
                          timeout=PATIENCE_S)
    if done.returncode != 0:
        raise RuntimeError(f"addr2line: {(done.stderr.splitlines() or ['failed'])[0]}")
    found: list[list[str]] = []
    lines = iter(done.stdout.splitlines())
    for line in lines:
        if line.startswith("0x"):
            found.append([])
        else:
            function, path = bare(line), os.path.normpath(next(lines).split(" (")[0])
            if path.startswith(NO_FILES):
                found[-1].append(function)
            elif not path.startswith("/usr/"):  # std::visit and its like say nothing
                found[-1].append(f"{function}, {path.removeprefix(f'{ROOT}/')}".removesuffix(":?"))
    return [frames or ["??"] for frames in found[1::2]]


def bare(function: str) -> str:
    """A demangled function's name, without return type, parameters and templates' arguments."""
    name = function.replace("(anonymous namespace)::", "").replace("operator()", "operator\0")
    name = re.sub(r"\{lambda.*?\}", "lambda", name)
    while (shorter := re.sub(r"<[^<>]*>|\([^()]*\)", "", name)) != name:
        name = shorter
    return name.removesuffix(" const").rpartition(" ")[2].replace("\0", "()")


def with_backtraces(lines: Iterable[str], backtraces: Backtraces | None = None) -> Iterator[str]:
    """A console's lines, each panic followed by its backtrace."""
    backtraces = backtraces or Backtraces()
    for line in lines:
        yield line
        yield from backtraces.hear(line)
    yield from backtraces.end()


def doubt(lines: Iterable[str], kernel: Path = KERNEL) -> str | None:
    """Why a log's addresses may not fit this kernel; None if they do."""
    commits = [found[1] for line in lines if (found := _GREETING.match(line))]
    name = shown(kernel)
    if not commits:
        return f"the log doesn't say which build wrote it; {name} may be another"
    if f"{commits[-1]}\0".encode() not in kernel.read_bytes():
        return f"the log is of commit {commits[-1]}, {name} of another: the lines may be wrong"
    if commits[-1].endswith("+"):
        return f"commit {commits[-1]} was built with changes; those in {name} may be others"
    return None


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def symbolize(log: Path, kernel: Path = KERNEL) -> int:
    """Prints a saved console log (-: standard input) with backtraces; fails without a panic."""
    lines = read_log(log)
    if not kernel.exists():
        raise UserError(f"{shown(kernel)} is not there; build the log's commit first")
    backtraces = Backtraces(kernel)
    told = list(with_backtraces(lines, backtraces))
    if not backtraces.panics:
        raise RuntimeError(f"{log}: there is no panic in it")
    if reason := doubt(lines, kernel):
        print(f"mote: {reason}", file=sys.stderr, flush=True)
    print(*told, sep="\n")
    return 0


def read_log(log: Path) -> list[str]:
    try:
        data = sys.stdin.buffer.read() if str(log) == "-" else log.read_bytes()
    except OSError as error:
        raise system_error(log, error, "give a console's saved output") from None
    return data.decode(errors="replace").replace("\r\n", "\n").splitlines()
