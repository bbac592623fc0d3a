"""A release as users have it: checked, unpacked, and used without compilers."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import Bench
from machine import Machine
from running import MOTE

pytestmark = pytest.mark.needs("image")

# All that a release uses on its user's machine, for a raw image.
TOOLS = ("python3", "brotli", "zstd")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release, by ./mote dist."""
    out = tmp_path_factory.mktemp("release") / "out"
    done = subprocess.run([MOTE, "dist", "-o", out], text=True, capture_output=True, check=False,
                          timeout=500)
    assert (done.returncode, done.stderr) == (0, "")
    return out


@pytest.fixture(scope="module")
def unpacked(made: Path) -> Path:
    """The folder in the tar, in another place."""
    (archive,) = made.glob("mote-*-firmware.tar.xz")
    shutil.unpack_archive(archive, made.parent / "elsewhere")
    (folder,) = (made.parent / "elsewhere").iterdir()
    return folder


def use(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the release's own ./mote where there is neither git nor a compiler."""
    few = folder.parent.parent / "few"
    few.mkdir(exist_ok=True)
    for name in TOOLS:
        if not (few / name).exists():
            (few / name).symlink_to(Path("/usr/bin") / name)  # Debian's own
    environment = {"PATH": str(few), "LC_ALL": "C.UTF-8", "MOTE_ONLY_DECLARED": "1",
                   "PYTHONDONTWRITEBYTECODE": "1", "HOME": os.environ.get("HOME", "/"),
                   "SOURCE_DATE_EPOCH": str(int((folder / "mote").stat().st_mtime))}
    return subprocess.run([folder / "mote", *arguments], text=True, capture_output=True,
                          check=False, timeout=300, env=environment)


def test_its_sums_are_right(made: Path) -> None:
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made, text=True,
                          capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    listed = {line.rpartition(": ")[0] for line in done.stdout.splitlines()}
    assert listed == {path.name for path in made.iterdir()} - {"SHA256SUMS"} and len(listed) >= 9


def test_its_list_of_contents_is_true(made: Path, unpacked: Path) -> None:
    (path,) = made.glob("*.spdx.json")
    document = json.loads(path.read_text())
    contained = {one["relatedSpdxElement"] for one in document["relationships"]
                 if one["relationshipType"] == "CONTAINS"}
    told = {one["fileName"]: one["checksums"][1]["checksumValue"] for one in document["files"]
            if one["SPDXID"] in contained}
    assert told == {f"./{path.relative_to(unpacked)}":
                    hashlib.sha256(path.read_bytes()).hexdigest()
                    for path in unpacked.rglob("*") if path.is_file()}


def test_it_is_the_version_that_made_it(made: Path, unpacked: Path) -> None:
    own = subprocess.run([MOTE, "--version"], text=True, capture_output=True, check=True,
                         timeout=60).stdout
    told = use(unpacked, "--version").stdout
    assert told.split("(")[0] == own.split("(")[0]
    assert told.rstrip("+)\n") == own.rstrip("+)\n") and "unknown" not in told


def test_it_makes_the_same_image_without_a_compiler(made: Path, unpacked: Path,
                                                    bench: Bench) -> None:
    """The example's times are the release's: so its image is the one beside it, and it boots."""
    bench.results.mkdir(parents=True, exist_ok=True)
    out = bench.results / "site.img"
    done = use(unpacked, "image", "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    (example,) = made.glob("*-example.img")
    assert out.read_bytes() == example.read_bytes()
    assert not (unpacked / "build").exists() and not (unpacked / "build.ninja").exists()
    bench.boot(Machine(boot="bios", memory_mib=16), image=out).serves()


@pytest.mark.parametrize("command", ["test", "bench", "fuzz", "lwip", "dist"])
def test_what_needs_sources_is_refused(unpacked: Path, command: str) -> None:
    done = use(unpacked, command, "--anything")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"mote: {command}: needs a source checkout, and this is a release; "
                           "clone Mote's repository and run it there\n")


def test_another_lwip_is_refused(unpacked: Path, tmp_path: Path) -> None:
    done = use(unpacked, "image", "-o", tmp_path / "x.img", "--lwip", tmp_path)
    assert done.returncode == 2 and "needs a source checkout" in done.stderr
