#!/usr/bin/env python3
"""Stands in for a platform's tool: accepts what stand_ins.toml says, and records it.

    stand_in.py TOOL ARGUMENT …

STAND_INS names its folder: `calls` has a line of JSON for each call that was accepted, `made` what
exists by now, `root` is where absolute paths begin, and `disk.img` is the disk of a server reached
by ssh.
"""

import functools
import gzip
import json
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import image_checks  # noqa: E402
from image_checks import Wrong  # noqa: E402

TABLE = Path(__file__).with_name("stand_ins.toml")
NO_COMMANDS = ("styles", "pairs")

WORDS = {
    "word": r"[\w@/~][\w.:/@~+-]*", "number": r"\d+", "bool": r"true|false|True|False",
    "text": r"(?s).+", "ip": r"\d+\.\d+\.\d+\.\d+", "cidr": r"\d+\.\d+\.\d+\.\d+/\d+|dhcp",
    "mac": r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}",
    "uuid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}
# What a server's rescue system is told: decompress what comes, and write it to the first disk.
RESCUE = re.compile(r"gunzip \| dd of=/dev/sda bs=\d+M conv=fsync")

SHORT_KINDS = {"VirtualMachinePool": "vmpool", "VirtualMachine": "vm", "Service": "service"}


@dataclass(frozen=True)
class Command:
    """A command of the table."""

    name: str
    entry: dict[str, Any]

    @property
    def words(self) -> list[str]:
        return self.name.split()

    @property
    def arguments(self) -> list[str]:
        return self.entry.get("arguments", [])

    @property
    def options(self) -> dict[str, str]:
        """Their names, without the mark of those that must be given, and kinds."""
        pairs = (text.split(" ", 1) for text in self.entry.get("options", []))
        return {name.rstrip("!"): kind for name, kind in pairs}

    @property
    def required(self) -> list[str]:
        return [text.split("! ")[0] for text in self.entry.get("options", []) if "! " in text]


@functools.cache
def table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text())


@functools.cache
def commands() -> list[Command]:
    return [Command(name, entry) for name, entry in table().items() if name not in NO_COMMANDS]


def command_of(words: list[str]) -> Command:
    """The longest one that these words begin with."""
    found = [one for one in commands() if words[:len(one.words)] == one.words]
    if not found:
        raise Wrong(f"unknown command: {' '.join(words)}")
    return max(found, key=lambda one: len(one.words))


class Checker:
    """Checks values by their kinds, against files and what exists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = [tuple(line.split(" ", 1)) for line in self._read("made").splitlines()]
        self.new: list[tuple[str, str]] = []
        self.pairs: dict[str, dict[str, str]] = table()["pairs"]
        self._kinds: dict[str, Callable[[str, str], None]] = {
            "file": self._file, "url": self._url, "place": self._place, "new": self._new,
            "known": self._known, "pairs": self._pairs, "list": self._list, "json": self._json,
            "remote": self._remote, "archive": self._archive, "manifest": self._manifest}

    def _read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def check(self, kind: str, value: str) -> None:
        name, _, rest = kind.partition(":")
        if name in self._kinds:
            self._kinds[name](rest, value)
        elif "|" in kind or kind not in WORDS:
            if value not in kind.split("|"):
                raise Wrong(f"{value}: is none of {kind}")
        elif not re.fullmatch(WORDS[kind], value):
            raise Wrong(f"{value}: is no {kind}")

    def _file(self, formats: str, value: str) -> None:
        path = Path(value).expanduser()
        if formats == "xl.cfg":
            self._settings("xl.cfg", path)
        else:
            image_checks.check(path, formats.split(","))

    def _url(self, formats: str, value: str) -> None:
        if not re.fullmatch(r"https://[\w.-]+/[\w./-]+", value):
            raise Wrong(f"{value}: is no URL")
        self._file(formats, value.rsplit("/", 1)[1])

    def below_root(self, value: str) -> Path:
        if not value.startswith("/"):
            raise Wrong(f"{value}: must be an absolute path")
        return self.folder / "root" / value.lstrip("/")

    def _place(self, formats: str, value: str) -> None:
        path = self.below_root(value)
        if formats:
            image_checks.check(path, formats.split(","))

    def _new(self, thing: str, value: str) -> None:
        self.check("word", value)
        if (thing, value) in self.made:
            raise Wrong(f"{value}: is a {thing} already")
        self.new.append((thing, value))

    def _known(self, thing: str, value: str) -> None:
        if (thing, value) not in [*self.made, *self.new]:
            raise Wrong(f"{value}: no {thing} has this name")

    def _pairs(self, name: str, value: str) -> None:
        for at, word in enumerate(value.split(",")):
            key, equals, rest = word.partition("=")
            if not equals and at == 0:
                key, rest = "", word
            if key not in self.pairs[name]:
                raise Wrong(f"{word}: unknown in {name}")
            self.check(self.pairs[name][key], rest)

    def _list(self, name: str, value: str) -> None:
        for one in re.findall(r"'([^']*)'", value):
            self._pairs(name, one)

    def _settings(self, name: str, path: Path) -> None:
        for line in path.read_text().splitlines():
            key, equals, value = (part.strip() for part in line.partition("="))
            if not equals or key not in self.pairs[name]:
                raise Wrong(f"{path}: {line}: unknown in {name}")
            is_list = value.startswith("[") and value.endswith("]")
            self.check(self.pairs[name][key], value if is_list else value.strip("'\""))

    def _json(self, _: str, value: str) -> None:
        json.loads(value)

    def _remote(self, _: str, value: str) -> None:
        if not RESCUE.fullmatch(value):
            raise Wrong(f"{value}: not what a rescue system is to do")
        (self.folder / "disk.img").write_bytes(gzip.decompress(sys.stdin.buffer.read()))

    def _archive(self, formats: str, value: str) -> None:
        way, _, rest = value.partition(":")
        if way != "oci-archive":
            raise Wrong(f"{value}: is no oci-archive:FILE")
        self._file(formats, rest.partition(":")[0])

    def _manifest(self, _: str, value: str) -> None:
        import manifest_checks  # it takes PyYAML, which the others need not wait for
        for kind, name in manifest_checks.check(Path(value).read_text()):
            self.new.append((SHORT_KINDS.get(kind, kind), name))


def options_of(command: Command, style: str, words: list[str]) -> Iterator[tuple[str, str]]:
    """Each word with its option's name; "" for those that are arguments."""
    ahead = list(words)
    while ahead:
        word = ahead.pop(0)
        name, equals, value = word.partition("=")
        if style == "name=value" and equals or style != "name value" and word.startswith("-"):
            if name not in command.options:
                raise Wrong(f"{word}: unknown option")
            kind = command.options[name]
            if kind == "flag" and not equals:
                yield name, ""
            elif equals and kind != "flag" or style == "-name value" and kind == "bool":
                yield name, value if equals else "true"
            elif ahead and kind != "flag":
                yield name, ahead.pop(0)
            else:
                raise Wrong(f"{word}: its value")
        elif style == "name value" and word in command.options and ahead:
            yield word, ahead.pop(0)
        else:
            yield "", word


def kinds_of(arguments: list[str], count: int) -> list[str]:
    """The kinds of so many arguments."""
    least = [kind for kind in arguments if not kind.endswith("?")]
    kinds = [kind.rstrip("?…") for kind in arguments]
    if kinds and arguments[-1].endswith("…"):
        kinds += [kinds[-1]] * (count - len(kinds))
    if not len(least) <= count <= len(kinds):
        raise Wrong(f"{count} arguments, not {' '.join(arguments) or 'none'}")
    return kinds[:count]


def run(checker: Checker, words: list[str]) -> Command:
    """Checks a command line; raises Wrong."""
    command = command_of(words)
    if "checked" in command.entry:  # the test runs it
        return command
    style = table()["styles"].get(words[0], "")
    given = list(options_of(command, style, words[len(command.words):]))
    for name, value in given:
        if name and command.options[name] != "flag":
            checker.check(command.options[name], value)
    if lacking := sorted({*command.required} - {name for name, _ in given}):
        raise Wrong(f"{lacking[0]} must be given")
    arguments = [value for name, value in given if not name]
    for kind, value in zip(kinds_of(command.arguments, len(arguments)), arguments):
        checker.check(kind, value)
    if command.name == "install":
        place(checker, *arguments)
    return command


def place(checker: Checker, source: str, target: str) -> None:
    path = checker.below_root(target)
    if target.endswith("/"):
        path = path / Path(source).name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(Path(source).read_bytes())


def main(words: list[str]) -> int:
    folder = Path(os.environ["STAND_INS"])
    checker = Checker(folder)
    try:
        command = run(checker, words)
    except (Wrong, OSError, ValueError) as error:
        print(f"{' '.join(words)}: {error}", file=sys.stderr)
        return 2
    new = [f"{thing} {name}" for thing, name in checker.new] + command.entry.get("makes", [])
    with (folder / "made").open("a") as made, (folder / "calls").open("a") as calls:
        made.writelines(f"{line}\n" for line in new)
        calls.write(json.dumps([command.name, *words]) + "\n")
    if "prints" in command.entry:
        print(command.entry["prints"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
