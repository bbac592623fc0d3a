"""The pages of docs/deploy/: their commands, the files that they show, and a run of both."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT
from lab import ENVIRONMENT, die_with_parent
from stand_in import Command, commands

MOTE = ROOT / "mote"
FOLDER = ROOT / "docs/deploy"
TABLE = FOLDER / "README.md"
PAGES = sorted(path.stem for path in FOLDER.glob("*.md") if path != TABLE)

# A block, with the paragraph before it: "`NAME`" there makes it that file.
BLOCK = re.compile(r"(?:^`([\w.@/-]+)`[^`]*\n\n)?^```(\w+)\n(.*?)^```$", re.M | re.S)
HOME_PAGE = "<!doctype html><title>Guides</title>\n"


@dataclass(frozen=True)
class Block:
    """Commands, or a file's content if it has a name."""

    name: str | None
    language: str
    text: str


def text_of(page: str) -> str:
    return (FOLDER / f"{page}.md").read_text()


def blocks(page: str) -> list[Block]:
    return [Block(name or None, language, text)
            for name, language, text in BLOCK.findall(text_of(page))]


def script(page: str) -> str:
    """All its commands, with continued lines in one."""
    return "".join(one.text for one in blocks(page) if one.language == "sh").replace("\\\n", " ")


def commands_of(page: str) -> list[Command]:
    """Those of the table that the page has, where a command can begin."""
    lines = script(page)
    return [one for one in commands()
            if re.search(rf"(?:^|[|;(]) *{re.escape(one.name)}(?![\w.-])", lines, re.M)]


class Run:
    """A page's commands, run in order in a folder of their own, with stand-ins first on PATH."""

    def __init__(self, page: str, folder: Path) -> None:
        self.work = folder / "work"
        self.state = folder / "state"
        self.root = self.state / "root"
        programs = folder / "bin"
        site = folder / "home/site/index.html"
        for made in (self.work, self.root, programs, site.parent):
            made.mkdir(parents=True)
        site.write_text(HOME_PAGE)
        (self.work / "mote").symlink_to(MOTE)
        for tool in {one.words[0] for one in commands()}:
            stand_in(programs / tool)
        self._environment = ENVIRONMENT | {
            "HOME": str(folder / "home"), "STAND_INS": str(self.state),
            "PYTHONPYCACHEPREFIX": str(ROOT / "build/pycache"),
            "PATH": f"{programs}:{ENVIRONMENT['PATH']}"}
        for block in blocks(page):
            if block.language == "sh":
                self._run(block.text)
            elif block.name:
                (self.work / block.name).write_text(block.text)

    def _run(self, text: str) -> None:
        result = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", text], cwd=self.work,
                                env=self._environment, text=True, capture_output=True, timeout=300,
                                check=False, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        assert result.returncode == 0, f"{text}\n{result.stdout}{result.stderr}"
        assert not result.stderr, result.stderr

    def calls(self) -> list[list[str]]:
        """Of each call the command's name in the table, and all words."""
        path = self.state / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] \
            if path.exists() else []

    def calls_of(self, tool: str) -> list[list[str]]:
        return [words[1:] for words in self.calls() if words[1] == tool]


def stand_in(path: Path) -> None:
    program = Path(__file__).with_name("stand_in.py")
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {program} {path.name} "$@"\n')
    os.chmod(path, 0o755)


# --- The table of how each command was checked ---

def how(command: Command) -> str:
    if "checked" in command.entry:
        return command.entry["checked"]
    also = command.entry.get("also")
    known = "from memory of" if command.entry.get("from_memory") else "by"
    return f"stand-in, {known} {command.entry['document']}" + (f"; {also}" if also else "")


def table() -> str:
    """The rows of TABLE: commands in the order of stand_ins.toml, each with its pages."""
    using = {page: [one.name for one in commands_of(page)] for page in PAGES}
    rows = ["| Command | Page | Checked |", "|---|---|---|"]
    making = [page for page in PAGES if "./mote image" in script(page)]
    rows.append(f"| `./mote image` | {links(making)} | for real; the file by its format's rules |")
    for command in commands():
        pages = [page for page in PAGES if command.name in using[page]]
        rows.append(f"| `{command.name}` | {links(pages)} | {how(command)} |")
    return "\n".join(rows) + "\n"


def links(pages: list[str]) -> str:
    return ", ".join(f"[{page}]({page}.md)" for page in pages)
