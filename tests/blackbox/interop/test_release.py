"""A release before other people's programs: Debian's lintian, and the shell fish."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from running import MOTE
from tools.command_line import door
from tools.release import completions

pytestmark = [pytest.mark.interop, pytest.mark.needs("image")]


def test_lintian_finds_no_errors(tmp_path: Path) -> None:
    subprocess.run([MOTE, "dist", "-o", tmp_path], check=True, timeout=500,
                   stdout=subprocess.DEVNULL)
    (package,) = tmp_path.glob("*.deb")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", package],
                          text=True, capture_output=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr


def test_fish_completes(tmp_path: Path) -> None:
    commands = door.all_commands()
    script = tmp_path / "mote.fish"
    script.write_text(completions.fish(commands))
    work = tmp_path / "work"
    (work / "a folder").mkdir(parents=True)
    (work / "a file").touch()
    asked = ["mote ", "mote image --fo", "mote image --format q", "mote run a"]
    lines = [f"source {script}", *(f"complete -C {shlex.quote(line)}; echo ==" for line in asked)]
    done = subprocess.run(["fish", "--no-config", "-c", "; ".join(lines)], text=True,
                          capture_output=True, check=False, timeout=120, cwd=work,
                          env=os.environ | {"HOME": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    told = [[line.partition("\t")[0] for line in part.splitlines()]
            for part in done.stdout.split("==\n")]
    assert told == [sorted(one.name for one in commands), ["--format"], ["qcow2"], ["a folder/"],
                    []]
