"""ninja check: one source at a time is clean, has findings, or can't be looked at."""

from pathlib import Path

import pytest

from tools.base import setup
from tools.build import style, tidy


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is the whole PATH, but for the shell."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def clang_tidy(folder: Path, line: str) -> None:
    program = folder / "clang-tidy-19"
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)


def look(mark: Path) -> int:
    return tidy.main(["kernel/a.cpp", "--build-dir", "build", "-o", str(mark)])


def test_a_clean_source_is_marked(stand_in: Path, tmp_path: Path) -> None:
    clang_tidy(stand_in, f'echo "$@" > {tmp_path}/arguments')
    assert look(tmp_path / "a.clean") == 0
    assert (tmp_path / "arguments").read_text() == "-p build --quiet kernel/a.cpp\n"
    assert (tmp_path / "a.clean").exists()


def test_findings_are_shown_and_leave_no_mark(stand_in: Path, tmp_path: Path,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    clang_tidy(stand_in, "echo a.cpp:1:2: error: used after move; exit 1")
    assert look(tmp_path / "a.clean") == 1
    assert capsys.readouterr().out == "a.cpp:1:2: error: used after move\n"
    assert not (tmp_path / "a.clean").exists()


def test_what_is_missing_is_installed_before(monkeypatch: pytest.MonkeyPatch,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(setup, "present", lambda sign: "tidy" not in sign)
    assert tidy.main([]) == 1
    assert capsys.readouterr().err == ("check: tools are missing; install them with: sudo apt-get "
                                       "install -y --no-install-recommends clang-tidy-19\n")


def test_a_missing_program_is_one_line(stand_in: Path, tmp_path: Path,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    assert look(tmp_path / "a.clean") == 1
    said = capsys.readouterr().err
    assert said.startswith("check: clang-tidy-19: No such file or directory; install it with: apt")
    assert said.count("\n") == 1 and "clang-tidy-19" in said.partition("apt-get install ")[2]
    with pytest.raises(RuntimeError, match="^clang-format-19: .+; install it with: apt-get"):
        style.formatting(tmp_path, ["a.cpp"])
