"""Runs the C++ unit test programs that the build made; each is one test here."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests/unit"
NAMES = sorted(str(source.relative_to(UNIT).with_suffix("")) for source in UNIT.rglob("*_test.cpp"))


@pytest.mark.parametrize("name", NAMES)
def test_program(name: str) -> None:
    program = ROOT / "build/tests" / name
    assert program.exists(), f"{program} is not built: is {name} listed in tools/sources.py?"
    result = subprocess.run([program, "--no-colors"], text=True, capture_output=True, timeout=300,
                            check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    ran = re.search(r"test cases:\s*(\d+)", result.stdout)
    assert ran and int(ran[1]) > 0, f"no test case ran in {name}:\n{result.stdout}"
