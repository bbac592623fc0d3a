"""ninja coverage: what it reads, prints, and leaves out."""

import subprocess
from pathlib import Path

import pytest

from tools.build.host_programs import HARDWARE
from tools.command_line import coverage
from tools.command_line.coverage import Lines

ROOT = Path(__file__).resolve().parents[4]

LCOV = f"""\
SF:./http/a.cpp
FN:1,_Z1av
DA:1,12
DA:2,0
DA:3,1
LF:3
end_of_record
SF:{ROOT}/kernel/b.hpp
DA:7,0
DA:7,3
DA:8,0,checksum
end_of_record
SF:tests/unit/main.cpp
DA:1,1
end_of_record
"""


def test_lines_are_counted_by_file() -> None:
    assert coverage.read_lcov(LCOV) == {"http/a.cpp": Lines(3, 2), "kernel/b.hpp": Lines(2, 1)}


def test_the_table_names_the_whole_and_what_is_low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "HARDWARE", {"kernel/c.hpp": "ports"})
    said = list(coverage.table({"http/a.cpp": Lines(10, 10), "kernel/b.hpp": Lines(10, 5),
                                "kernel/c.hpp": Lines(50, 0)}))
    assert said[:4] == ["http/a.cpp       10 of    10  100.0 %",
                        "kernel/b.hpp      5 of    10   50.0 %",
                        "kernel/c.hpp      0 of    50    0.0 %  (hardware)",
                        "total            15 of    20   75.0 %"]
    assert said[4:] == ["\nBelow 90 %:", "  kernel/b.hpp  50.0 %",
                        "\nLeft out, since only hardware can run it:", "  kernel/c.hpp: ports"]


def test_a_program_that_fails_is_named(tmp_path: Path) -> None:
    program = tmp_path / "some_test"
    program.write_text("#!/bin/sh\necho wrong >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(RuntimeError, match=r"^some failed \(status 3\): wrong$"):
        coverage.run("some", [program], tmp_path)


def test_what_is_left_out_is_there_and_has_a_reason() -> None:
    listed = subprocess.run(["git", "ls-files", *HARDWARE], cwd=ROOT, text=True,
                            capture_output=True, check=True, timeout=60).stdout.split()
    assert sorted(listed) == sorted(HARDWARE) and all(HARDWARE.values())
