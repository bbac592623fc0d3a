"""Errors for users: on one line, and a failure told from a mistake."""

import errno
import os
from pathlib import Path

import pytest
from front_door import refused

from tools.base import errors, files
from tools.base.errors import UserError


def test_names_with_newlines_make_one_line(tmp_path: Path) -> None:
    assert "no\\nsuch\\x1b[1m" in refused("run", tmp_path / "no\nsuch\x1b[1m")
    assert errors.one_line("größe … \udcff\t") == "größe … \\udcff\\t"


@pytest.mark.parametrize(("number", "kind"), [
    (errno.ENOSPC, RuntimeError), (errno.EIO, RuntimeError), (errno.EACCES, UserError)])
def test_whose_fault_it_is(tmp_path: Path, number: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=os.strerror(number)), files.replacing(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_a_full_folder_for_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch,
                                                   tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    full = OSError(errno.ENOSPC, "No space left on device")
    told = str(errors.system_error(tmp_path / "mote-1/site.pack", full, "choose another place"))
    assert f"make room in {tmp_path}, or set TMPDIR" in told
