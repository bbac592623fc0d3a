"""The front door: arguments, help, and errors in one line."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from front_door import ROOT, mote, refused

from tools.command_line import fuzz


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>One</title>\n")
    return folder


def test_version_names_version_and_commit() -> None:
    shown = mote("--version")
    assert shown.returncode == 0
    assert re.fullmatch(r"mote \d+\.\d+\.\d+ \(([0-9a-f]{7,}\+?|unknown)\)\n", shown.stdout)


@pytest.mark.parametrize("command", [(), ("run",), ("image",), ("test",), ("bench",),
                                     ("fuzz",), ("lwip",)])
def test_help_is_there_for_every_command(command: tuple[str, ...]) -> None:
    shown = mote(*command, "--help")
    assert shown.returncode == 0
    assert shown.stdout.startswith("usage: mote") and shown.stderr == ""


@pytest.mark.parametrize(("arguments", "words"), [
    ((), "COMMAND"),
    (("fly",), "invalid choice"),
    (("run", "/nowhere/at/all"), "/nowhere/at/all: no such folder"),
    (("run", str(ROOT / "mote")), "not a folder"),
    (("run", "--boot", "uefi", "--machine", "microvm"), "microvm"),
    (("run", "--boot", "bios", "--machine", "microvm"), "microvm"),
    (("run", "--machine", "toaster"), "invalid choice"),
    (("run", "--memory", "0"), "--memory 0"),
    (("run", "--memory", "much"), "invalid int"),
    (("run", "--http-port", "0"), "--http-port 0"),
    (("run", "--http-port", "65536"), "--http-port 65536"),
    (("run", "--config", "/nowhere/mote.toml"), "/nowhere/mote.toml"),
    (("bench", "--only", "soup"), "invalid choice"),
    (("bench", "--json", "/nowhere/figures.json"), "/nowhere"),
    (("bench", "--hot", "air"), "invalid choice"),
    (("bench", "www"), "www"),
    (("fuzz",), "TARGET"),
    (("fuzz", "soup"), f"there are {', '.join(sorted(fuzz.FUZZERS))}"),
    (("fuzz", "pack", "0"), "fuzz pack 0"),
    (("fuzz", "pack", "long"), "invalid int"),
    (("fuzz", "pack", "--seeds", "/nowhere"), "/nowhere"),
    (("lwip",), "STEP"),
    (("lwip", "fly"), "invalid choice"),
    (("lwip", "open", "nothing"), "nothing: no patch of the series"),
    (("lwip", "rebase", "/nowhere"), "/nowhere: not an lwIP source tree"),
    (("image",), "-o"),
    (("image", "-o", "/tmp/site.tar"), "names no format"),
    (("image", "-o", "/tmp/site.img", "--format", "floppy"), "invalid choice"),
    (("image", "-o", "/nowhere/site.img"), "/nowhere"),
    (("image", "-o", "/tmp"), "a folder"),
    (("image", "/nowhere/at/all", "-o", "/tmp/never.img"), "no such folder"),
    (("image", "-o", "/tmp/never.img", "--", "-snapshot"), "after --"),
])
def test_unusable_arguments_are_one_line_and_status_2(arguments: tuple[str, ...],
                                                      words: str) -> None:
    shown = mote(*arguments)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("mote: ") and shown.stderr.count("\n") == 1
    assert words in shown.stderr


@pytest.mark.parametrize("arguments", [("image", "", "-o", "a.img"), ("image", "-o", ""),
                                       ("run", ""), ("run", "--config", "")])
def test_empty_paths_are_refused(arguments: tuple[str, ...]) -> None:
    assert "must not be empty" in refused(*arguments)


def test_an_image_inside_its_site_is_refused(site: Path) -> None:
    assert "inside the site" in refused("image", site, "-o", site / "site.img")
    assert [path.name for path in site.iterdir()] == ["index.html"]


@pytest.mark.needs("image")
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    shown = subprocess.run([ROOT / "mote", "image", "-o", tmp_path / "a.img"], stdout=write,
                           stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    os.close(write)
    assert (shown.returncode, shown.stderr) == (1, "")


@pytest.mark.needs("image")
def test_an_ascii_terminal_is_served(site: Path, tmp_path: Path) -> None:
    shown = mote("image", site, "-o", tmp_path / "größe.img",
                 env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert shown.returncode == 0 and "gr\\xf6\\xdfe.img" in shown.stdout and not shown.stderr
