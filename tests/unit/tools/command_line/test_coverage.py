"""ninja coverage: what it reads, prints, and leaves out."""

import subprocess
from pathlib import Path

import pytest

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


# What another program knows of the header: a line that ran there, and one more.
OTHER = """\
SF:kernel/b.hpp
DA:8,1
DA:9,0
end_of_record
"""


def test_lines_are_counted_by_file() -> None:
    assert coverage.read_lcov([LCOV]) == {"http/a.cpp": Lines(3, 2), "kernel/b.hpp": Lines(2, 1)}


def test_a_line_has_run_if_one_program_ran_it() -> None:
    for texts in ([LCOV, OTHER], [OTHER, LCOV]):
        assert coverage.read_lcov(texts)["kernel/b.hpp"] == Lines(3, 2)


def test_the_table_names_both_totals_and_what_is_low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "MACHINES", {"kernel/c.hpp": "ports"})
    said = list(coverage.table({"http/a.cpp": Lines(10, 10), "kernel/b.hpp": Lines(10, 5),
                                "kernel/c.hpp": Lines(50, 0)}))
    assert [" ".join(line.split()) for line in said[:5]] == [
        "http/a.cpp 10 of 10 100.0 %",
        "kernel/b.hpp 5 of 10 50.0 %",
        "kernel/c.hpp 0 of 50 0.0 % (a machine's)",
        "total 15 of 70 21.4 % (at least 90)",
        "without those that only a machine runs 15 of 20 75.0 % (at least 95)"]
    assert said[5:] == ["\nBelow 90 %:", "  kernel/b.hpp  50.0 %",
                        "\nOnly a machine runs:", "  kernel/c.hpp: ports"]


@pytest.mark.parametrize(("on_host", "machines", "enough"), [
    (95, 5, True), (94, 0, False), (96, 6, True), (96, 7, False)])
def test_both_totals_have_to_be_enough(monkeypatch: pytest.MonkeyPatch, on_host: int,
                                       machines: int, enough: bool) -> None:
    monkeypatch.setattr(coverage, "MACHINES", {"kernel/c.hpp": "ports"})
    assert coverage.is_enough({"http/a.cpp": Lines(100, on_host),
                               "kernel/c.hpp": Lines(machines, 0)}) is enough


def test_a_program_that_fails_is_named(tmp_path: Path) -> None:
    program = tmp_path / "some_test"
    program.write_text("#!/bin/sh\necho wrong >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(RuntimeError, match=r"^some failed \(status 3\): wrong$"):
        coverage.run("some", [program], tmp_path)


def test_what_is_left_out_is_there_and_has_a_reason() -> None:
    left_out = coverage.MACHINES
    listed = subprocess.run(["git", "ls-files", *left_out], cwd=ROOT, text=True,
                            capture_output=True, check=True, timeout=60).stdout.split()
    assert sorted(listed) == sorted(left_out) and all(left_out.values())
