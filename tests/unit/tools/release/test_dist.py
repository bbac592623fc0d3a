"""./mote dist: what it refuses before it builds anything, and how it names things."""

import hashlib
from pathlib import Path

import pytest
from front_door import refused

from tools.base.errors import UserError
from tools.image import formats
from tools.release import dist, tree


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "File exists" in refused("dist", "-o", tmp_path / "file")
    assert "No such file" in refused("dist", "-o", tmp_path / "absent/folder")
    assert "must not be empty" in refused("dist", "-o", "")


def test_builds_that_are_no_release_are_refused() -> None:
    dist.refuse_odd_builds("build build.ninja: configure\n  configure_options = \n")
    with pytest.raises(UserError, match="--lwip /x; run ./configure.py without options"):
        dist.refuse_odd_builds("build build.ninja: configure\n  configure_options = --lwip /x\n")


def test_a_check_needs_a_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tree, "changed", lambda: True)
    options = dist.parser().parse_args(["--check", "-o", str(tmp_path / "out")])
    with pytest.raises(UserError, match="commit them first"):
        dist.run(options, [])
    assert not (tmp_path / "out").exists()


def test_each_format_has_one_ending() -> None:
    assert dist.endings().keys() == set(formats.FORMATS)
    assert all(formats.format_of(Path(f"x{ending}")) == kind
               for kind, ending in dist.endings().items())


def test_sums_are_those_of_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "a b").write_bytes(b"x")
    assert dist.sums(tmp_path, ["a b"]) == f"{hashlib.sha256(b'x').hexdigest()}  a b\n"
