"""Builds and runs a patch's unit test on lwIP without that patch.

Recompiles only sources that include a changed file, in a folder of its own.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.build import lwip_series
from tools.build.lwip_series import ROOT, Patch, Source

TREE = "build/lwip"
COMPILE_S = 300
RUN_S = 300


@dataclass(frozen=True)
class Outcome:
    """A test's result: whether it was built, whether it passed, and its output."""

    built: bool
    passed: bool
    said: str

    def word(self) -> str:
        return "passes" if self.passed else "fails" if self.built else "does not compile"


@dataclass(frozen=True)
class Row:
    """The result of a patch's test without the patch and those that require it."""

    patch: Patch
    others: tuple[str, ...]
    outcome: Outcome
    adds_interface: bool

    @property
    def is_needed(self) -> bool:
        """Whether the test fails, as it must; not to build counts if our code uses the patch."""
        return not self.outcome.passed and (self.outcome.built or self.adds_interface)

    def line(self) -> str:
        program, case = self.patch.test()
        taken = f" (with {', '.join(self.others)})" if self.others else ""
        bad = "" if self.is_needed else "  <- should fail"
        return f"{self.patch.name}{taken}: {program} \"{case}\": {self.outcome.word()}{bad}"


@dataclass(frozen=True)
class Series:
    """The patches by name, in order, and the files that they touch."""

    patches: dict[str, Patch]
    sources: dict[str, Source]

    @staticmethod
    def read(folder: Path, pristine: Path) -> "Series":
        patches = {name: lwip_series.read(folder / name) for name in lwip_series.names(folder)}
        return Series(patches, lwip_series.sources(patches.values(), pristine))

    def program(self, name: str) -> str:
        """The program of a patch's test, which Ninja must have built."""
        return f"build/tests/{self.patches[name].test()[0]}_test"

    def leaving_with(self, name: str) -> set[str]:
        """A patch and all that require it, directly or not."""
        gone = {name}
        while more := {other.name for other in self.patches.values() if other.name not in gone
                       and gone.intersection(other.requires())}:
            gone |= more
        return gone

    def row(self, name: str) -> Row:
        """Takes a patch out and runs its test."""
        gone = self.leaving_with(name)
        with tempfile.TemporaryDirectory(prefix="mote-without-") as folder:
            scratch = Scratch(Path(folder), self.program(name))
            scratch.leave_out(gone, self.sources)
            outcome = scratch.run(self.patches[name].test()[1])
        return Row(self.patches[name], tuple(sorted(gone - {name})), outcome,
                   any("Interface" in self.patches[other].fields for other in gone))


class Scratch:
    """A folder for one test program on one set of patches."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.program = program
        listed = self.ask("ninja", "-t", "commands", program)
        self.commands = {output_of(line): line for line in listed if " -o " in line}
        self.link = self.commands.pop(program)
        self.objects = [word for word in self.link.split() if word.endswith(".o")]
        self.changed: set[str] = set()

    def ask(self, *command: str) -> list[str]:
        return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True,
                              timeout=60).stdout.splitlines()

    def leave_out(self, gone: set[str], sources: dict[str, Source]) -> None:
        """Lays out the files that these patches touch, without them."""
        for path, source in sources.items():
            text = source.text_without(gone)
            if text != source.text_without():
                self.replace(f"{TREE}/{path}", text)

    def replace(self, path: str, text: str) -> None:
        """Puts another text in a file's place."""
        place = self.copy_of(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        self.changed.add(path)

    def copy_of(self, path: str) -> Path:
        is_lwip = path.startswith(TREE + "/")
        return self.folder / ("lwip" if is_lwip else "own") / path.removeprefix(TREE + "/")

    def run(self, case: str) -> Outcome:
        """Builds the program, and runs one of its cases."""
        stale = {path for path in self.objects if self.changed.intersection(self.inputs(path))}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(self.shell, [self.moved(self.commands[path], stale)
                                                 for path in sorted(stale)]))
        if not any(result.returncode for result in results):
            results.append(self.shell(self.moved(self.link, stale)))
        for result in results:
            if result.returncode != 0:
                return Outcome(False, False, result.stdout)
        try:  # a comma would end doctest's pattern
            ran = subprocess.run([self.folder / "test", "--no-colors",
                                  f"--test-case={case.replace(',', '?')}"], cwd=ROOT, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=RUN_S,
                                 check=False, errors="replace")
        except subprocess.TimeoutExpired:
            return Outcome(True, False, f"does not end in {RUN_S} s")
        return Outcome(True, ran.returncode == 0, ran.stdout)

    def inputs(self, path: str) -> set[str]:
        """The files that an object was made from, by Ninja's log."""
        return {line.strip() for line in self.ask("ninja", "-t", "deps", path)[1:]}

    def moved(self, command: str, stale: Iterable[str]) -> str:
        """A command with this folder's files in place of the build's."""
        headers = f"-isystem {TREE}/src/include"
        command = command.replace(headers, f"-isystem {self.folder}/lwip/src/include {headers}")
        command = command.replace(" -I. ", f" -I{self.folder}/own -I. ")
        return " ".join(self.place_of(word, stale) for word in command.split(" ") if word != "-g")

    def place_of(self, word: str, stale: Iterable[str]) -> str:
        if word == self.program:
            return str(self.folder / "test")
        if word in self.changed:
            return str(self.copy_of(word))
        if word.removesuffix(".d") in stale:
            place = self.folder / word
            place.parent.mkdir(parents=True, exist_ok=True)
            return str(place)
        return word

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", command], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=COMPILE_S, check=False)


def output_of(command: str) -> str:
    words = command.split()
    return words[words.index("-o") + 1]
