"""The version and the commit that the firmware is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
