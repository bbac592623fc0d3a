#!/usr/bin/env python3
"""Runs every check and test under one pytest: style, unit tests in Python and C++, black box."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

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
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        status = subprocess.run(command(arguments), cwd=ROOT, env=environment,
                                check=False).returncode
    except KeyboardInterrupt:
        return 130
    return 2 if status == 4 else min(status, 1)


def bench(arguments: list[str]) -> int:
    """The benchmark's exit status: 1 too when a signal ended it."""
    command = [PYTHON, str(ROOT / "tests/bench/bench.py"), *arguments]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        status = subprocess.run(command, env=environment, check=False).returncode
        return status if status in (0, 1, 2) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
