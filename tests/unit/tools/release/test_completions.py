"""Completions: the shells themselves read them. Fish does in tests/blackbox/interop."""

import shlex
import subprocess
from pathlib import Path

import pytest

from tools.command_line import door
from tools.image import formats
from tools.release import completions
from tools.release.words import all_options

COMMANDS = door.all_commands()


def shell(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=120,
                          cwd=cwd)
    assert (done.returncode, done.stderr) == (0, ""), command
    return done.stdout


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("completions")
    (folder / "bash").write_text(completions.bash(COMMANDS))
    (folder / "zsh").write_text(completions.zsh(COMMANDS))
    work = folder / "work"
    (work / "a folder").mkdir(parents=True)
    (work / "a file").touch()
    return folder


def in_bash(scripts: Path, *words: str) -> list[str]:
    """What bash's function offers for the last word."""
    script = (f"source {scripts}/bash; COMP_WORDS=({shlex.join(words)}); "
              "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _mote; "
              "[[ -z ${COMPREPLY[*]} ]] || printf '%s\\n' \"${COMPREPLY[@]}\"")
    return shell("bash", "--norc", "-c", script, cwd=scripts / "work").splitlines()


def test_bash_completes(scripts: Path) -> None:
    names = [one.name for one in COMMANDS]
    assert in_bash(scripts, "mote", "") == [*names, "--help", "--version"]
    assert in_bash(scripts, "mote", "im") == ["image"]
    assert in_bash(scripts, "mote", "image", "--fo") == ["--format"]
    assert in_bash(scripts, "mote", "image", "--format", "") == list(formats.FORMATS)
    assert in_bash(scripts, "mote", "image", "--config", "a") == ["a file", "a folder"]
    assert in_bash(scripts, "mote", "run", "a") == ["a folder"]
    assert in_bash(scripts, "mote", "run", "--nic", "") == []
    assert in_bash(scripts, "mote", "run", "--", "--co") == []
    assert in_bash(scripts, "mote", "lwip", "op") == ["open"]
    for one in COMMANDS:
        offered = in_bash(scripts, "mote", one.name, "-")
        assert set(offered) == {name for option in all_options(one) for name in option.names}


def test_zsh_reads_it(scripts: Path) -> None:
    shell("zsh", "-n", scripts / "zsh")
    script = (scripts / "zsh").read_text()
    assert script.startswith("#compdef mote\n")
    for one in COMMANDS:
        part = script[script.index(f"        {one.name})"):].partition(";;")[0]
        assert all(f"'{name}[" in part for option in one.options for name in option.names)


def test_zsh_hands_each_commands_options_to_its_helper(scripts: Path) -> None:
    """A stand-in prints what _arguments, which is zsh's own, is called with."""
    script = (f"compdef() {{ }}; _describe() {{ }}; compadd() {{ }}; "
              f"_arguments() {{ print -rl -- $words[1] $CURRENT \"$@\"; }}; "
              f"words=(mote image --fo); CURRENT=3; source {scripts}/zsh")
    told = shell("zsh", "-f", "-c", script).splitlines()
    assert told[:2] == ["image", "2"]
    kinds = " ".join(formats.FORMATS)
    assert f"--format[its format (default: by FILE's ending)]:FORMAT:({kinds})" in told
