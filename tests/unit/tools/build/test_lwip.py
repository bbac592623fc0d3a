"""lwIP's sources: fetched or copied, patched, and made anew when they change."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_door import ROOT, refused

from tools.base.errors import UserError
from tools.build import lwip


@pytest.fixture
def own_lwip(tmp_path: Path) -> Path:
    """A user's tree: what the build has, or would have, without our patches."""
    tree = tmp_path / "own"
    (tree / "src/core").mkdir(parents=True)
    (tree / "src/core/tcp.c").write_text("int tcp;\n")
    (tree / "COPYING").write_text("Copyright of lwIP\n")
    return tree


@pytest.fixture
def patches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "patches"
    folder.mkdir()
    (folder / "series").touch()
    monkeypatch.setattr(lwip, "PATCHES", folder)
    monkeypatch.setattr(lwip, "ROOT", tmp_path)
    yield folder


def add_patch(folder: Path, name: str, old: str, new: str) -> None:
    """A patch at the end of the series."""
    (folder / name).write_text("--- a/src/core/tcp.c\n+++ b/src/core/tcp.c\n@@ -1 +1 @@\n"
                               f"-{old}\n+{new}\n")
    with (folder / "series").open("a") as series:
        series.write(f"{name}\n")


def test_a_users_tree_is_copied_patched_and_left_alone(own_lwip: Path, patches: Path,
                                                       tmp_path: Path) -> None:
    add_patch(patches, "b.patch", "int tcp;", "int one;")
    add_patch(patches, "a.patch", "int one;", "int two;")
    (patches / "stray.patch").write_text("not in the series\n")
    out = tmp_path / "build"
    lwip.provide(out, own_lwip, print)
    assert (out / "lwip/src/core/tcp.c").read_text() == "int two;\n"
    assert (own_lwip / "src/core/tcp.c").read_text() == "int tcp;\n"
    assert "Copyright of lwIP" in (out / "NOTICE").read_text()


def test_nothing_is_done_until_patches_or_sources_change(own_lwip: Path, patches: Path,
                                                         tmp_path: Path) -> None:
    out = tmp_path / "build"
    lwip.provide(out, own_lwip, print)
    (out / "lwip/mark").touch()
    lwip.provide(out, own_lwip, print)
    assert (out / "lwip/mark").exists()
    add_patch(patches, "a.patch", "int tcp;", "int one;")
    lwip.provide(out, own_lwip, print)
    assert not (out / "lwip/mark").exists()
    (own_lwip / "src/core/tcp.c").write_text("int tcp;\nint more;\n")
    lwip.provide(out, own_lwip, print)
    assert (out / "lwip/src/core/tcp.c").read_text() == "int one;\nint more;\n"


def test_sources_that_stay_as_they_were_are_not_built_again(own_lwip: Path, patches: Path,
                                                            tmp_path: Path) -> None:
    (own_lwip / "src/core/udp.c").write_text("int udp;\n")
    out = tmp_path / "build"
    lwip.provide(out, own_lwip, print)
    for name in ("tcp.c", "udp.c"):
        os.utime(out / "lwip/src/core" / name, (1, 1))
    add_patch(patches, "a.patch", "int tcp;", "int one;")
    lwip.provide(out, own_lwip, print)
    assert (out / "lwip/src/core/udp.c").stat().st_mtime == 1
    assert (out / "lwip/src/core/tcp.c").stat().st_mtime > 1


def test_a_patch_that_does_not_fit_stops_the_build(own_lwip: Path, patches: Path,
                                                   tmp_path: Path) -> None:
    add_patch(patches, "a.patch", "int udp;", "int one;")
    with pytest.raises(RuntimeError, match="a.patch does not apply"):
        lwip.provide(tmp_path / "build", own_lwip, print)
    assert not (tmp_path / "build/lwip.stamp").exists()


def test_a_folder_without_lwip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not an lwIP source tree"):
        lwip.provide(tmp_path / "build", tmp_path, print)


def test_a_mistyped_lwip_tree_changes_nothing() -> None:
    before = (ROOT / "build.ninja").read_bytes()
    assert "not an lwIP source tree" in refused("image", "--lwip", "/nowhere", "-o", "/tmp/n.img")
    shown = subprocess.run([sys.executable, ROOT / "configure.py", "--lwip", "/nowhere"],
                           text=True, capture_output=True, check=False, timeout=60)
    assert shown.returncode == 2 and "not an lwIP source tree" in shown.stderr
    assert (ROOT / "build.ninja").read_bytes() == before


def test_the_mirror_is_taken_from_apts_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = ("https://other.example/x|nodistro|Other|Other\n"
             "https://mirror.example/debian/|bookworm-backports|Debian|Debian Backports\n"
             "https://mirror.example/debian/|bookworm|Debian|Debian\n"
             "https://mirror.example/security/|bookworm-security|Debian|Debian-Security\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess(
        [], 0, shown, ""))
    lines = lwip.source_lines().splitlines()
    assert [line.split()[-3:] for line in lines] == [
        ["https://mirror.example/debian/", "trixie", "main"],
        ["https://mirror.example/security/", "trixie-security", "main"]]


def test_without_a_mirror_the_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess(
        [], 0, "", ""))
    with pytest.raises(RuntimeError, match="no Debian mirror"):
        lwip.source_lines()


def test_a_changed_tarball_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(folder: Path) -> None:
        folder.mkdir()
        (folder / "lwip_2.2.1.dsc").touch()
        (folder / lwip.TARBALL).write_text("something else")
    monkeypatch.setattr(lwip, "fetch", fetch)
    with pytest.raises(RuntimeError, match="SHA-256 differs"):
        lwip.provide(tmp_path / "build", None, lambda _: None)


@pytest.mark.needs("image")
def test_lwips_notice_is_in_the_image() -> None:
    notice = (ROOT / "build/NOTICE").read_bytes()
    assert b"Swedish Institute of Computer Science" in notice
    for output in ("mote.img", "mote.elf"):
        assert notice in (ROOT / "build" / output).read_bytes()
