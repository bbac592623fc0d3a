#!/usr/bin/env python3
"""Prints the share of each file's lines that the unit tests and the fuzz corpora run.

Usage: ninja coverage. It builds what this needs in build/coverage, and runs it. The status is 1
if less than 90 % of all lines ran, or less than 95 % without the sources that only a machine runs.
Afterwards, `coverage.py --fuzzers` prints what each fuzzer's inputs reach, found ones included.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import configure  # noqa: E402
from tools.base import setup  # noqa: E402
from tools.base.errors import UserError, one_line  # noqa: E402
from tools.build import sources  # noqa: E402
from tools.build.host_programs import FUZZERS, UNIT_TESTS  # noqa: E402
from tools.build.untested import HARDWARE, UNTESTED  # noqa: E402
from tools.command_line import fuzz  # noqa: E402

FLOORS = tuple(f"{floor}/" for floor in sources.FLOORS)
LEAST = 90.0  # per cent of all lines; files below it are listed
LEAST_ON_HOST = 95.0  # without those of MACHINES
# Files that no program on the host can run, with the reason.
MACHINES = HARDWARE | {f"{name}.cpp": reason for name, reason in UNTESTED.items()}
ON_HOST = "without those that only a machine runs"
PATIENCE_S = 600


@dataclass(frozen=True)
class Lines:
    """How many lines of a file have code, and how many of them ran."""

    all: int
    run: int

    @property
    def share(self) -> float:
        return 100.0 * self.run / self.all if self.all else 100.0

    def __add__(self, other: "Lines") -> "Lines":
        return Lines(self.all + other.all, self.run + other.run)


def commands(folder: Path) -> Iterator[tuple[str, list[str | Path]]]:
    """All commands to run, each with a name of its own."""
    for name in UNIT_TESTS:
        yield name.replace("/", "-"), [folder / f"tests/{name}_test", "--no-colors"]
    for name in FUZZERS:
        yield from fuzzer_commands(folder, name, [fuzz.CORPUS / name])


def fuzzer_commands(folder: Path, name: str,
                    inputs: list[Path]) -> Iterator[tuple[str, list[str | Path]]]:
    """A fuzzer's, on each of its machines."""
    for number, machine in enumerate(fuzz.MACHINES.get(name, [()])):
        yield f"fuzz-{name}-{number}", [folder / f"fuzz/{name}_fuzzer", "-runs=0", *machine,
                                        *inputs]


def run(name: str, command: list[str | Path], counts: Path) -> None:
    environment = os.environ | {"LLVM_PROFILE_FILE": str(counts / f"{name}.profraw")}
    done = subprocess.run(command, env=environment, cwd=ROOT, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False, timeout=PATIENCE_S)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines() or ["no message"]
        raise RuntimeError(f"{name} failed (status {done.returncode}): {said[-1]}")


def count(folder: Path) -> list[str]:
    """Runs everything; returns the lines' counts in lcov's format (geninfo(1)), of each program and
    each source's object. Given all at once, llvm-cov would take for an inline function what the
    first of them has, which may be that it isn't used there."""
    counts = folder / "counts"
    counts.mkdir(exist_ok=True)
    for old in counts.iterdir():
        old.unlink()
    wanted = list(commands(folder))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda one: run(*one, counts), wanted))
    merged = folder / "all.profdata"
    llvm(["llvm-profdata-19", "merge", "-sparse", "-o", merged, *sorted(counts.iterdir())])
    export = ["llvm-cov-19", "export", "-format=lcov", f"-instr-profile={merged}",
              "-ignore-filename-regex=^/|^tests/|^build/"]
    counted = sorted({str(command[0]) for _, command in wanted}) + [
        str(folder / f"obj/{source}.o") for source in configure.firmware_sources()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda path: llvm([*export, path]), counted))


def count_fuzzer(folder: Path, name: str) -> tuple[int, Lines]:
    """How many inputs a fuzzer has, the corpus and what was found since; and of the sources of ours
    that these reach, the lines."""
    counts = folder / f"counts-{name}"
    counts.mkdir(exist_ok=True)
    for old in counts.iterdir():
        old.unlink()
    inputs = [place for place in (fuzz.CORPUS / name, fuzz.PROGRAMS / name) if place.is_dir()]
    for one in fuzzer_commands(folder, name, inputs):
        run(*one, counts)
    merged = folder / f"{name}.profdata"
    llvm(["llvm-profdata-19", "merge", "-sparse", "-o", merged, *sorted(counts.iterdir())])
    files = read_lcov([llvm(["llvm-cov-19", "export", "-format=lcov", f"-instr-profile={merged}",
                             "-ignore-filename-regex=^/|^tests/|^build/",
                             folder / f"fuzz/{name}_fuzzer"])])
    return (sum(path.is_file() for place in inputs for path in place.iterdir()),
            total(lines for lines in files.values() if lines.run))


def llvm(command: list[str | Path]) -> str:
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {(done.stderr.splitlines() or ['failed'])[0]}")
    return done.stdout


def read_lcov(texts: Iterable[str]) -> dict[str, Lines]:
    """The lines of each file of ours; a line has run if one of the texts says so."""
    found: dict[str, dict[str, bool]] = {}
    ran: dict[str, bool] = {}
    for line in (line for text in texts for line in text.splitlines()):
        kind, _, rest = line.partition(":")
        if kind == "SF":
            ran = found.setdefault(relative(rest), {})
        elif kind == "DA":
            number, times = rest.split(",")[:2]
            ran[number] = ran.get(number, False) or times != "0"
    return {path: Lines(len(ran), sum(ran.values())) for path, ran in found.items()
            if path.startswith(FLOORS)}


def relative(path: str) -> str:
    return path.removeprefix(f"{ROOT}/").removeprefix("./")


def table(files: dict[str, Lines]) -> Iterator[str]:
    """A line for each file, the totals, the files below LEAST, and those that no test runs."""
    width = max(len(name) for name in [ON_HOST, *files])
    for path, lines in sorted(files.items()):
        yield row(path, lines, width) + ("  (a machine's)" if path in MACHINES else "")
    counted = without_machines(files)
    for name, lines, least in totals(files):
        yield row(name, lines, width) + f"  (at least {least:g})"
    low = sorted((lines.share, path) for path, lines in counted.items() if lines.share < LEAST)
    if low:
        yield f"\nBelow {LEAST:g} %:"
        yield from (f"  {path}  {share:.1f} %" for share, path in low)
    yield "\nOnly a machine runs:"
    yield from (f"  {path}: {reason}" for path, reason in sorted(MACHINES.items()))


def totals(files: dict[str, Lines]) -> list[tuple[str, Lines, float]]:
    """Each with its name and the least share of its lines."""
    return [("total", total(files.values()), LEAST),
            (ON_HOST, total(without_machines(files).values()), LEAST_ON_HOST)]


def is_enough(files: dict[str, Lines]) -> bool:
    return all(lines.share >= least for _, lines, least in totals(files))


def row(name: str, lines: Lines, width: int) -> str:
    return f"{name:{width}}  {lines.run:5} of {lines.all:5}  {lines.share:5.1f} %"


def without_machines(files: dict[str, Lines]) -> dict[str, Lines]:
    return {path: lines for path, lines in files.items() if path not in MACHINES}


def total(lines: Iterable[Lines]) -> Lines:
    return sum(lines, Lines(0, 0))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Prints the lines that tests run, by file.")
    parser.add_argument("--build-dir", type=Path, default=Path("build"), metavar="DIR")
    parser.add_argument("--fuzzers", action="store_true")
    options = parser.parse_args(arguments)
    folder = ROOT / options.build_dir / "coverage"
    try:
        setup.provide(*setup.USES["coverage"])
        if options.fuzzers:
            for name in sorted(FUZZERS):
                inputs, lines = count_fuzzer(folder, name)
                print(row(name, lines, 12) + f"  by {inputs:,} inputs", flush=True)
            return 0
        files = read_lcov(count(folder))
    except (UserError, RuntimeError) as error:
        print(f"coverage: {one_line(error)}", file=sys.stderr)
        return 1
    for line in table(files):
        print(line)
    return 0 if is_enough(files) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
