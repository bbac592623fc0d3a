#!/usr/bin/env python3
"""Runs every check and test under one pytest: style, unit tests in Python and C++, black box."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base import programs, setup  # noqa: E402

# Debian's Python packages belong to this one, whichever comes first on PATH.
PYTHON = "/usr/bin/python3"
TESTS = ["tests/unit", "tests/blackbox"]
INTEROP = ["tests/blackbox/interop"]  # a set of its own, of which TESTS has the light half


def command(arguments: list[str]) -> list[str]:
    """pytest's command line; the user's arguments come last and win."""
    named = any(argument.startswith("tests/") or ".py" in argument or "::" in argument
                for argument in arguments if not argument.startswith("-"))
    return [PYTHON, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider",
            *arguments, *([] if named else INTEROP if "--interop" in arguments else TESTS)]


def run(arguments: list[str]) -> int:
    """pytest's exit status, made 1 for anything but success or unusable arguments."""
    status = start(command(arguments), "interop" if heavy(arguments) else "test", cwd=ROOT)
    return 2 if status == 4 else status if status == 130 else min(status, 1)


def bench(arguments: list[str]) -> int:
    """The benchmark's exit status: 1 too when a signal ended it."""
    status = start([PYTHON, str(ROOT / "tests/bench/bench.py"), *arguments], "bench")
    return status if status in (0, 1, 2, 130) else 1


def heavy(arguments: list[str]) -> bool:
    """Whether other people's heavy programs are wanted, too."""
    return "--interop" in arguments or bool(os.environ.get("MOTE_INTEROP"))


def start(command: list[str], use: str, cwd: Path | None = None) -> int:
    """Runs Python where it finds declared programs only, so that no machine hides what is missing
    on another; 130 after an interrupt."""
    with tempfile.TemporaryDirectory(prefix="mote-programs-") as folder:
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        if programs.fill_with_declared(Path(folder), use):
            environment |= {"PATH": folder, setup.ONLY_DECLARED: "1"}
        try:
            return subprocess.run(command, cwd=cwd, env=environment, check=False).returncode
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
