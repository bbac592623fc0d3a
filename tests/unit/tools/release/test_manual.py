"""The man page: all that --help shows is in it, and mandoc finds nothing to say."""

import re
import subprocess
from pathlib import Path

import pytest
from front_door import mote

from tools.command_line import door
from tools.release import manual

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[a-z](?![\w-]))")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("man") / "mote.1"
    path.write_text(manual.page(door.all_commands(), "1.2.3", 0))
    return path


def shown(page: Path) -> str:
    """As a reader sees it, without line breaks."""
    text = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=500", page], text=True,
                          capture_output=True, check=True, timeout=60).stdout
    return " ".join(re.sub(".\b", "", text).split())


def test_mandoc_finds_nothing_to_say(page: Path) -> None:
    said = subprocess.run(["mandoc", "-T", "lint", page], text=True, capture_output=True,
                          check=False, timeout=60)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_every_option_of_help_is_in_it(page: Path) -> None:
    text = shown(page)
    commands = door.all_commands()
    assert len(commands) >= 8
    for one in commands:
        told = mote(one.name, "--help").stdout
        start = text.index(f"mote {one.name} {one.summary[0].upper()}{one.summary[1:]}.")
        part = text[start:]
        assert OPTION.findall(told), one.name
        assert [word for word in OPTION.findall(told) if word not in part] == [], one.name


def test_texts_that_roff_would_take_for_requests_are_shown(page: Path) -> None:
    assert list(manual.text(".br is no request here\n\n'nor this")) == [
        r"\&.br is no request here", ".PP", r"\&'nor this"]
    assert manual.escaped('a\\b - "c" …') == r"a\eb \- \(dqc\(dq ..."
    assert "January" not in shown(page) and "1970-01-01" in page.read_text()
