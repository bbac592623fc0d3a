"""Runs the C++ unit test programs that the build made; each is one test here."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.build.host_programs import UNIT_TESTS

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests/unit"
NAMES = sorted(f"{name}_test" for name in UNIT_TESTS)


def test_every_test_is_listed() -> None:
    found = [str(source.relative_to(UNIT).with_suffix("")) for source in UNIT.rglob("*_test.cpp")]
    assert sorted(found) == NAMES


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.needs(f"build/tests/{name}")) for name in NAMES])
def test_program(name: str) -> None:
    program = ROOT / "build/tests" / name
    assert program.exists(), f"{program} is not built: ninja unit-tests"
    result = subprocess.run([program, "--no-colors"], text=True, capture_output=True, timeout=300,
                            check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    ran = re.search(r"test cases:\s*(\d+)", result.stdout)
    assert ran and int(ran[1]) > 0, f"no test case ran in {name}:\n{result.stdout}"
