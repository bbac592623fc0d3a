"""The comparison of two releases."""

from pathlib import Path

import pytest

from tools.release import check


def test_each_file_that_differs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    for folder in (first, again):
        folder.mkdir()
        for name in ("same", "other"):
            (folder / name).write_text(name)
    assert check.differences(first, again, ["same", "other"]) == []
    (again / "other").write_text("not the same")
    (again / "more").write_text("")
    (first / "lost").write_text("")
    names = ["same", "other", "lost"]
    assert check.differences(first, again, names) == ["more", "other", "lost"]

    def copy(clone: Path, out: Path) -> None:
        again.rename(out)
    monkeypatch.setattr(check, "build", copy)
    assert check.run(first, names) == 1
    assert "other: differs" in capsys.readouterr().out


def test_what_fails_in_the_clone_is_told() -> None:
    with pytest.raises(RuntimeError, match="in the clone: .*not a git command"):
        check.quietly(["git", "no-such-command"], {"LC_ALL": "C"})
