#!/usr/bin/env python3
"""Runs all checks and tests under one pytest: style, unit tests in Python and C++, black box."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base import programs, setup  # noqa: E402
from tools.base.errors import UserError  # noqa: E402

# Debian's Python packages are installed for this Python, whichever comes first on PATH.
PYTHON = "/usr/bin/python3"
WORKERS = 3  # one more than there are cores: some tests wait, a minute for DHCP for instance
FEW = 8  # unit tests: workers would take longer to start than these to run
CLEAN_UP_S = 20  # an interrupted bench ends its machines and removes their images
UNIT = ["tests/unit"]
TESTS = [*UNIT, "tests/blackbox"]
INTEROP = ["tests/blackbox/interop"]  # all of it; TESTS includes those that are light to install


@dataclass(frozen=True)
class Chosen:
    """The tests that arguments choose: their number, the targets that Ninja must build, and the
    files that have the tests."""

    tests: int
    targets: list[str]
    files: list[str] = field(default_factory=list)


# The choice is not known: assume many tests, and build nothing for them.
UNKNOWN = Chosen(FEW + 1, [])


def command(arguments: list[str], workers: int = WORKERS, files: Sequence[str] = ()) -> list[str]:
    """pytest's command line; the user's arguments come last and win. Of the unit tests, those in
    other files than the chosen ones need not be read again."""
    named = any(argument.startswith("tests/") or ".py" in argument or "::" in argument
                for argument in arguments if not argument.startswith("-"))
    unit = files or UNIT
    places = INTEROP if "--interop" in arguments else unit if "--unit" in arguments else TESTS
    return [PYTHON, "-m", "pytest", "-n", str(workers), "-p", "no:cacheprovider",
            *arguments, *([] if named else places)]


def use(arguments: list[str]) -> str:
    """Which of setup.USES the arguments ask for."""
    if "--interop" in arguments or os.environ.get("MOTE_INTEROP"):
        return "interop"  # with other people's heavy programs
    return "unit" if "--unit" in arguments else "test"


def check_files(arguments: list[str]) -> None:
    """Refuses test files that pytest would refuse less plainly."""
    for before, argument in zip(["", *arguments], arguments):
        path = argument.partition("::")[0]
        if argument.startswith("-") or before in ("-k", "-m") or not path.startswith("tests/"):
            continue
        if path.startswith("tests/unit/") and path.endswith("_test.cpp"):
            program = path.replace("tests/unit/", "build/tests/", 1).removesuffix(".cpp")
            raise UserError(f"test {path}: C++ tests are programs; "
                            f"run ninja {program} && {program}")
        if not (ROOT / path).exists():
            raise UserError(f"test {path}: there is no such file; give one under tests/")


def check_choice(arguments: list[str], chosen: Chosen) -> None:
    """Refuses arguments that choose nothing: a run of no tests would look like success."""
    if chosen.tests == 0:
        raise UserError(f"test {shlex.join(arguments)}: chooses no test; ./mote test "
                        "--collect-only -q lists them all, and --unit leaves out those that need "
                        "an image")


def choose(arguments: list[str], environment: dict[str, str]) -> Chosen:
    """Lets pytest collect the tests without running them, so that only their needs are built."""
    with tempfile.TemporaryDirectory(prefix="mote-needs-") as folder:
        told = Path(folder) / "needs.json"
        collect = [*command(arguments, 0), "--collect-only", "--quiet", "-n", "0",
                   f"--needs-into={told}"]
        subprocess.run(collect, cwd=ROOT, env=environment, check=False, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not told.exists():  # --help, or a mistake, which the run itself will report
            return UNKNOWN
        return Chosen(**json.loads(told.read_text()))


def run(arguments: list[str], environment: dict[str, str], chosen: Chosen = UNKNOWN) -> int:
    """pytest's exit status, made 1 for anything but success or unusable arguments."""
    workers = WORKERS if chosen.tests > (FEW if "--unit" in arguments else 1) else 0
    status = start(command(arguments, workers, chosen.files), environment, cwd=ROOT)
    return 2 if status == 4 else status if status == 130 else min(status, 1)


def alone(use: str, program: str, arguments: list[str]) -> int:
    """The exit status of a program of ours that isn't a test; also 1 when a signal ended it."""
    with declared(use) as environment:
        status = start([PYTHON, str(ROOT / program), *arguments], environment)
    return status if status in (0, 1, 2, 130) else 1


def bench(arguments: list[str]) -> int:
    return alone("bench", "tests/bench/bench.py", arguments)


def siege(arguments: list[str]) -> int:
    return alone("siege", "tests/siege/siege.py", arguments)


@contextmanager
def declared(use: str) -> Iterator[dict[str, str]]:
    """An environment in which only declared programs are found, so that a program that is missing
    elsewhere is missed here, too."""
    with tempfile.TemporaryDirectory(prefix="mote-programs-") as folder:
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        if programs.fill_with_declared(Path(folder), use):
            environment |= {"PATH": folder, setup.ONLY_DECLARED: "1"}
        yield environment


def start(command: list[str], environment: dict[str, str], cwd: Path | None = None) -> int:
    """Runs Python; 130 after an interrupt, once it has cleaned up."""
    with subprocess.Popen(command, cwd=cwd, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()  # a signal may have come to us alone
            with suppress(subprocess.TimeoutExpired):
                process.wait(CLEAN_UP_S)
            process.kill()
            return 130


def main(arguments: list[str]) -> int:
    with declared(use(arguments)) as environment:
        return run(arguments, environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
