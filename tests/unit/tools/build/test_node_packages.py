"""npm's packages for tests: installed as locked, once, and errors in one line."""

import json
import os
from pathlib import Path

import pytest

from tools.build import node_packages


@pytest.fixture
def node_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where packages go, and a PATH with a stand-in for npm in front."""
    monkeypatch.setattr(node_packages, "FOLDER", tmp_path / "node")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "node"


def stand_in_for_npm(folder: Path, text: str) -> None:
    script = folder.parent / "npm"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)


def test_npms_packages_are_installed_once(node_folder: Path) -> None:
    stand_in_for_npm(node_folder, 'ls >> ../runs; echo "$@" >> ../runs')
    assert not node_packages.present()
    node_packages.provide()
    assert node_packages.present()
    node_packages.provide()
    assert (node_folder.parent / "runs").read_text() == (
        "package-lock.json\npackage.json\nci --ignore-scripts --no-audit --no-fund\n")


@pytest.mark.parametrize("mark", ["npm ERR!", "npm error"])
def test_npms_first_error_becomes_ours(node_folder: Path, mark: str) -> None:
    stand_in_for_npm(node_folder, f"echo '{mark} code ENOTFOUND' >&2\n"
                     f"echo '{mark} network no way out' >&2\nexit 1")
    with pytest.raises(RuntimeError, match="^npm ci failed: code ENOTFOUND$"):
        node_packages.provide()
    assert not node_packages.present()


def test_the_lock_file_tells_what_and_not_where_from() -> None:
    lock = json.loads((node_packages.WANTED / node_packages.LOCK).read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages and all("integrity" in package for package in packages)
    assert not any("resolved" in package for package in packages)
