"""Builds and runs one unit test on lwIP without some of our patches.

Only what includes a changed file is compiled again, beside the build's own objects.
"""

import os
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.lwip_series import Patch, Source

ROOT = Path(__file__).resolve().parents[2]
TREE = "build/lwip"
COMPILE_S = 300
RUN_S = 300


@dataclass(frozen=True)
class Outcome:
    """What became of a test: whether it was built, how it ended, and what was said."""

    built: bool
    passed: bool
    said: str

    def word(self) -> str:
        return "passes" if self.passed else "fails" if self.built else "doesn't compile"


def leaving_with(name: str, patches: Iterable[Patch]) -> set[str]:
    """A patch and all that require it, directly or not."""
    gone = {name}
    while more := {patch.name for patch in patches if patch.name not in gone
                   and gone.intersection(patch.requires())}:
        gone |= more
    return gone


class Bench:
    """A scratch folder for one test program on one set of patches."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.program = program
        target = f"build/tests/{program}_test"
        listed = self.ask("ninja", "-t", "commands", target)
        self.commands = {output_of(line): line for line in listed if " -o " in line}
        self.link = self.commands.pop(target)
        self.objects = [word for word in self.link.split() if word.endswith(".o")]
        self.changed: set[str] = set()

    def ask(self, *command: str) -> list[str]:
        return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True,
                              timeout=60).stdout.splitlines()

    def leave_out(self, gone: set[str], sources: dict[str, Source]) -> None:
        """Puts the files that these patches touch beside the build's, without them."""
        for path, source in sources.items():
            text = source.text_without(gone)
            if text != source.text_without():
                place = self.folder / "lwip" / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)
                self.changed.add(f"{TREE}/{path}")

    def run(self, case: str = "") -> Outcome:
        """Builds the program, and runs one of its cases, or all."""
        stale = [path for path in self.objects if self.changed.intersection(self.inputs(path))]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(self.shell, [self.moved(self.commands[path], stale)
                                                 for path in stale]))
        results += [self.shell(self.moved(self.link, stale))] if not any(
            result.returncode for result in results) else []
        failed = next((result for result in results if result.returncode), None)
        if failed:
            return Outcome(False, False, failed.stdout)
        # doctest takes a comma for the end of a pattern
        only = [f"--test-case={case.replace(',', '?')}"] if case else []
        try:
            ran = subprocess.run([self.folder / "test", "--no-colors", *only], cwd=ROOT,
                                 text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 timeout=RUN_S, check=False, errors="replace")
        except subprocess.TimeoutExpired:
            return Outcome(True, False, "does not end")
        return Outcome(True, ran.returncode == 0, ran.stdout)

    def inputs(self, path: str) -> set[str]:
        """What an object was made from, as Ninja noted it down."""
        return {line.strip() for line in self.ask("ninja", "-t", "deps", path)[1:]}

    def moved(self, command: str, stale: Iterable[str]) -> str:
        """A command with the scratch folder's files in place of the build's."""
        command = command.replace(f" -o build/tests/{self.program}_test",
                                  f" -o {self.folder}/test")
        command = command.replace(f"-isystem {TREE}/src/include",
                                  f"-isystem {self.folder}/lwip/src/include "
                                  f"-isystem {TREE}/src/include").replace(" -g ", " ")
        words = []
        for word in command.split(" "):
            plain = word.removesuffix(".d")
            if plain in stale:
                place = self.folder / plain
                place.parent.mkdir(parents=True, exist_ok=True)
                word = f"{self.folder}/{word}"
            elif word in self.changed:
                word = f"{self.folder}/lwip/{word.removeprefix(TREE + '/')}"
            words.append(word)
        return " ".join(words)

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", command], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=COMPILE_S, check=False)


def output_of(command: str) -> str:
    words = command.split()
    return words[words.index("-o") + 1]
