"""Where files may come into being: never in place of a pipe, and through links."""

import os
from pathlib import Path

import pytest
from front_door import refused

from tools.base import files
from tools.base.errors import UserError


def test_a_pipe_is_refused_and_left_alone(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.img"
    os.mkfifo(pipe)
    assert "not a regular file" in refused("image", "-o", pipe)
    with pytest.raises(UserError, match="not a regular file"), files.replacing(pipe):
        pytest.fail("written")
    assert pipe.is_fifo() and [path.name for path in tmp_path.iterdir()] == ["pipe.img"]


def test_a_link_to_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.img").symlink_to("pipe")
    assert "not a regular file" in refused("image", "-o", tmp_path / "link.img")
    assert (tmp_path / "link.img").is_symlink() and (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_written_through(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if exists:
        (folder / "real.img").write_text("old")
    (tmp_path / "link.img").symlink_to("elsewhere/real.img")
    files.check_target(tmp_path / "link.img")
    with files.replacing(tmp_path / "link.img") as file:
        file.write(b"new")
    assert (tmp_path / "link.img").is_symlink()
    assert (folder / "real.img").read_text() == "new"
    assert [path.name for path in folder.iterdir()] == ["real.img"]


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.img").symlink_to("loop.img")
    assert "leads to itself" in refused("image", "-o", tmp_path / "loop.img")


def test_the_missing_folder_is_named(tmp_path: Path) -> None:
    out = tmp_path / "nope/../x.img"
    assert f"{tmp_path}/nope is not there" in refused("image", "-o", f"{tmp_path}/nope/../x.img")
    (tmp_path / "nope").write_text("")
    with pytest.raises(UserError, match="nope is not a folder"):
        files.check_target(out)
