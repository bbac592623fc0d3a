"""The build: not needed where it is done, and its failures in one line."""

import os
from pathlib import Path

import pytest

from tools.base import setup
from tools.base.errors import UserError
from tools.build import ninja


@pytest.mark.needs("image")
def test_no_compiler_is_needed_once_the_parts_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(part.exists() for part in ninja.PARTS)
    monkeypatch.setattr(setup, "present", lambda sign: "clang" not in sign)
    monkeypatch.setattr(ninja, "build", lambda *_: pytest.fail("built"))
    assert ninja.needs() == {}
    ninja.provide_firmware(None)


@pytest.mark.needs("image")
def test_a_built_tree_of_another_user_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(setup, "present", lambda sign: True)
    monkeypatch.setattr(ninja, "build", lambda *_: pytest.fail("built"))
    assert ninja.needs() == {}
    ninja.provide_firmware(None)
    with pytest.raises(UserError, match="not writable"):
        ninja.provide_firmware(Path("/nowhere"))


def test_a_failed_fetch_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in = tmp_path / "ninja"
    stand_in.write_text("#!/bin/sh\necho 'lwIP: apt could not download it: 404'\nexit 1\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(RuntimeError, match="404"):
        ninja.build(["all"], None)
