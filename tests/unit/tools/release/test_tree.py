"""The folder of a release: what is in it, and the same bytes wherever it is made."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from release_files import PARTS, SECONDS, files, told

from tools.release import tree

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
# Where, when and by whom: nothing of it may be seen in the result.
SURROUNDINGS = [
    ({"TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": "/root", "COLUMNS": "80"}, 0o022),
    ({"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "HOME": "/nowhere", "USER": "x",
      "COLUMNS": "40", "SOURCE_DATE_EPOCH": "1"}, 0o077),
]


def test_the_same_bytes_anywhere(tmp_path: Path) -> None:
    """Tar and Debian package, made twice, one after the other."""
    made = []
    for number, (environment, umask) in enumerate(SURROUNDINGS):
        out = tmp_path / f"place{'s' * number}"
        out.mkdir()
        subprocess.run(
            [sys.executable, "-c", "import pathlib, sys; sys.path[:0] = sys.argv[2:]; "
             "import release_files; release_files.main(pathlib.Path(sys.argv[1]))",
             out, ROOT, HERE], env=os.environ | environment, umask=umask, check=True, timeout=300,
            cwd=out)
        made.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                     for path in out.iterdir()})
    assert set(made[0]) == {"mote.tar.xz", "mote.deb"} and made[0] == made[1]


def test_the_tar_has_one_folder_with_all_of_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(tree.tar(files(), "mote-1.2.3", SECONDS))) as archive:
        members = archive.getmembers()
        kernel = archive.extractfile("mote-1.2.3/prebuilt/kernel.elf").read()
    assert kernel == PARTS["kernel.elf"]
    assert all(one.name.split("/")[0] == "mote-1.2.3" for one in members)
    owners = {(one.mtime, one.uid, one.gid, one.uname) for one in members}
    assert owners == {(SECONDS, 0, 0, "root")}
    modes = {one.name.removeprefix("mote-1.2.3/"): one.mode for one in members}
    assert modes["mote"] == 0o755 and modes["tools"] == 0o755 and modes["LICENSE"] == 0o644
    seen: set[str] = set()
    for one in members:  # each folder before what it holds
        assert "/" not in one.name or one.name.rpartition("/")[0] in seen
        seen.add(one.name)


def test_it_holds_what_image_and_run_need() -> None:
    held = files()
    assert {"mote", "prebuilt/kernel.elf", "prebuilt/loader.bin", "prebuilt/release.json",
            "www/index.html", "LICENSE", "NOTICE", "share/man/man1/mote.1",
            "docs/configuration.md"} <= held.keys()
    assert not [path for path in held if path.startswith(("tests/", "kernel/", "build/"))]
    assert b"Mote authors" in held["NOTICE"].data and b"lwIP" in held["NOTICE"].data


def test_it_is_laid_out_with_its_own_modes_and_times(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        tree.lay_out({"a/b": tree.Shipped(b"x", tree.PROGRAM), "c": tree.Shipped(b"", link="a/b")},
                     tmp_path / "new", SECONDS)
    finally:
        os.umask(before)
    place = tmp_path / "new"
    assert [(place / name).stat().st_mode & 0o777 for name in ("a", "a/b", ".")] == [0o755] * 3
    assert (place / "c").readlink() == Path("a/b")
    assert {(place / name).lstat().st_mtime for name in ("a", "a/b", "c", ".")} == {SECONDS}


def test_what_differs_from_the_commit_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree.version, "commit", lambda: "abcdef0")
    for changed, commit in ((False, "abcdef0"), (True, "abcdef0+")):
        monkeypatch.setattr(tree, "changed", lambda changed=changed: changed)
        assert tree.facts().commit == commit
    assert b'"commit": "abcdef0"' in told().told()
