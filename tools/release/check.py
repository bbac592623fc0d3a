"""Shows that a release can be made again: builds it from a clone elsewhere, and compares."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.base.terminal import Progress

ROOT = Path(__file__).resolve().parents[2]

# As far as possible from anybody's usual surroundings.
STRANGE = {"TZ": "Pacific/Kiritimati", "LANG": "C", "LC_ALL": "C", "USER": "someone"}
STRANGE_UMASK = 0o077


def run(first: Path, names: Sequence[str]) -> int:
    """Makes the release again, and prints the files that differ; 1 if there are any."""
    with tempfile.TemporaryDirectory(prefix="mote-again-") as folder:
        again = Path(folder) / "made"
        with Progress("Building again, in a clone elsewhere"):
            build(Path(folder) / "a clone, in a folder of another name/mote", again)
        found = differences(first, again, names)
    for name in found:
        print(f"{name}: differs", flush=True)
    if not found:
        print(f"{len(names)} files are the same, built twice", flush=True)
    return 1 if found else 0


def build(clone: Path, out: Path) -> None:
    """A release from a fresh clone. lwIP's source package, whose hash is checked, is brought along:
    it needs no network."""
    quietly(["git", "-c", "safe.directory=*", "clone", "--quiet", str(ROOT), str(clone)], {})
    shutil.copytree(ROOT / "build/lwip-debian", clone / "build/lwip-debian",
                    ignore=shutil.ignore_patterns("tree"))
    home = out.parent / "home"
    home.mkdir()
    quietly([sys.executable, str(clone / "mote"), "dist", "-o", str(out)],
            STRANGE | {"HOME": str(home)})


def quietly(command: list[str], more: dict[str, str]) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    done = subprocess.run(command, env=environment | more, umask=STRANGE_UMASK, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise RuntimeError(f"dist --check: in the clone: {said[-1]}")


def differences(first: Path, again: Path, names: Sequence[str]) -> list[str]:
    """Names of files that aren't the same in both folders."""
    strange = {path.name for path in again.iterdir()} - set(names)
    return sorted(strange) + [name for name in names if not (again / name).is_file()
                              or (first / name).read_bytes() != (again / name).read_bytes()]
