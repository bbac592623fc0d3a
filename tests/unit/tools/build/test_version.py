"""The version and the commit that the firmware is told; the changelog knows the version."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.base.errors import UserError
from tools.build import style, version

ROOT = Path(__file__).resolve().parents[4]


def test_the_version_header_is_touched_only_on_change(tmp_path: Path) -> None:
    header = tmp_path / "version.hpp"
    command = [sys.executable, ROOT / "tools/build/version.py", header]
    subprocess.run(command, check=True, timeout=60)
    os.utime(header, (1, 1))
    subprocess.run(command, check=True, timeout=60)
    assert header.stat().st_mtime == 1
    assert f'kVersion = "{version.VERSION}"' in header.read_text()


def test_git_serves_another_users_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert version.commit() != "unknown"
    assert "mote" in style.repository_files(ROOT)


def test_a_release_bears_the_time_of_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert version.epoch() > 1_700_000_000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    assert version.epoch() == 7
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "noon")
    with pytest.raises(UserError, match="'noon'"):
        version.epoch()


def test_the_changelog_keeps_to_its_form_and_knows_the_version() -> None:
    """Keep a Changelog 1.1.0: an Unreleased section, then versions with dates, newest first. Ours
    is the newest of them, or one that is to follow it."""
    text = (ROOT / "CHANGELOG.md").read_text()
    first, *released = re.findall(r"^## (.*)$", text, re.M)
    assert text.startswith("# Changelog\n") and first == "[Unreleased]"
    versions = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", line)
                for line in released]
    assert all(versions), released
    numbers = [tuple(map(int, found.groups())) for found in versions]
    ours = tuple(map(int, version.VERSION.split(".")))
    assert numbers == sorted(set(numbers), reverse=True) and ours >= max(numbers, default=ours)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", text, re.M)) <= kinds
