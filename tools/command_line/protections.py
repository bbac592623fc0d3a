"""Shows that each protection is tested: takes it out, and sees its test fail."""

import argparse
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.base.errors import UserError
from tools.build import ninja
from tools.command_line.lwip_removal import ROOT, Outcome, Scratch

FILE = ROOT / "tests/protections.toml"

HELP = """\
Takes each protection of tests/protections.toml, or those named, out of a copy of its source, and
sees its unit test fail. The status is 1 if one passes. For lwIP's patches there is
./mote lwip prove."""


@dataclass(frozen=True)
class Protection:
    """A text of a source that protects, what stands there without it, and a test that needs it."""

    name: str
    source: str
    text: str
    without: str
    test: str  # the program, below tests/unit and without its ending
    case: str

    @property
    def program(self) -> str:
        return f"build/tests/{self.test}_test"

    def spoilt(self) -> str:
        """The source without it."""
        whole = (ROOT / self.source).read_text()
        if whole.count(self.text) != 1:
            raise UserError(f"{FILE.name}: {self.name}: {self.source} has {self.text!r} "
                            f"{whole.count(self.text)} times: must be once")
        return whole.replace(self.text, self.without)

    def outcome(self) -> Outcome:
        """The test's, without it."""
        with tempfile.TemporaryDirectory(prefix="mote-without-") as folder:
            scratch = Scratch(Path(folder), self.program)
            scratch.replace(self.source, self.spoilt())
            return scratch.run(self.case)


def read() -> dict[str, Protection]:
    listed = tomllib.loads(FILE.read_text())["protection"]
    return {entry["name"]: Protection(**entry) for entry in listed}


def parser(kind: type[argparse.ArgumentParser] = argparse.ArgumentParser
           ) -> argparse.ArgumentParser:
    made = kind(prog="mote test --protections", description=HELP, allow_abbrev=False,
                formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("names", nargs="*", metavar="NAME", help="only these")
    return made


def show(names: Iterable[str], say: Callable[[str], object]) -> int:
    """Prints how each one's test ends without it; 1 if any passes."""
    known = read()
    if strange := [name for name in names if name not in known]:
        raise UserError(f"{', '.join(strange)}: no protection of {FILE.name}")
    wanted = [known[name] for name in names or known]
    ninja.build(sorted({one.program for one in wanted}), None)
    status = 0
    for one in wanted:
        outcome = one.outcome()
        fails = outcome.built and not outcome.passed
        say(f"{one.name}: {one.test} \"{one.case}\": {outcome.word()}"
            f"{'' if fails else '  <- should fail'}")
        status = status if fails else 1
    return status
