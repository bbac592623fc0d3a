"""Runs a fuzzer of tests/fuzz for a while, or makes its corpus of the inputs it has found."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base import setup  # noqa: E402
from tools.base.errors import UserError  # noqa: E402
from tools.build.host_programs import FUZZERS  # noqa: E402

PROGRAMS = ROOT / "build/fuzz"
CORPUS = ROOT / "tests/fuzz/data/corpus"
WORDS = ROOT / "tests/fuzz/http.dict"

USUAL_S = 60

# The longest input of each fuzzer, in bytes; and the longest that the corpus keeps.
LONGEST = {"connection": 12_288, "life": 512, "pack": 1_024, "request": 32_768}
USUAL_LONGEST = 4_096
LONGEST_KEPT = 4_000

# For a fuzzer whose machine is made once: the machines among which its time is divided. They differ
# in whether the device cuts segments, and in how many connections there is memory for.
MACHINES = {"life": [("--connections=64",), ("--segmentation=none", "--connections=64"),
                     ("--connections=8",), ("--segmentation=none", "--connections=8"),
                     ("--connections=1024",)]}

# libFuzzer counts wall time: on a busy host an input that takes 0.2 s has taken more than 10.
PATIENCE_S = {"life": 120}
USUAL_PATIENCE_S = 60

HELP = f"""\
Builds a fuzzer and runs it, starting from its corpus, tests/fuzz/data/corpus/TARGET. New inputs go
to build/fuzz/TARGET. An input that makes it fail is left in build/fuzz/TARGET-crash-… (or
-timeout-, -oom-, -leak-) and named, and the status is 1.

Targets: {', '.join(sorted(FUZZERS))}. tests/fuzz/README.md says what is demanded of each."""


def parser(kind: type[argparse.ArgumentParser] = argparse.ArgumentParser
           ) -> argparse.ArgumentParser:
    made = kind(prog="mote fuzz", description=HELP, allow_abbrev=False,
                formatter_class=argparse.RawDescriptionHelpFormatter,
                usage="mote fuzz [OPTION …] TARGET [SECONDS]")
    made.add_argument("target", metavar="TARGET", help="one of those above")
    made.add_argument("seconds", nargs="?", type=int, default=USUAL_S, metavar="SECONDS",
                      help=f"how long (default: {USUAL_S})")
    made.add_argument("--seeds", type=Path, action="append", default=[], metavar="DIR",
                      help="a folder of more seeds, made by tests/fuzz/make_seeds.py")
    made.add_argument("--minimize", action="store_true",
                      help="don't fuzz; make the corpus anew from all inputs found")
    return made


def check(options: argparse.Namespace) -> None:
    """Refuses options that cannot work, before anything is built."""
    if options.target not in FUZZERS:
        raise UserError(f"fuzz {options.target}: there is no such target; there are "
                        f"{', '.join(sorted(FUZZERS))}")
    if options.seconds < 1:  # to libFuzzer, 0 means for ever
        raise UserError(f"fuzz {options.target} {options.seconds}: must be at least 1 (second)")
    for folder in options.seeds:
        if not folder.is_dir():
            raise UserError(f"--seeds {folder}: no such folder; tests/fuzz/make_seeds.py makes one")


def run(options: argparse.Namespace) -> int:
    """Fuzzes or minimizes; a failure becomes an error that names the input."""
    before = failures(options.target)
    act = minimize if options.minimize else fuzz
    status = act(options.target, options)
    if status == 0:
        return 0
    new = [path for path, when in failures(options.target).items() if before.get(path) != when]
    if not new:
        raise RuntimeError(f"fuzz {options.target}: it ended with status {status}, see above, "
                           "and left no input")
    program = (PROGRAMS / f"{options.target}_fuzzer").relative_to(ROOT)
    raise RuntimeError(f"fuzz {options.target}: it fails with {new[0]}; again with: "
                       f"{program} {new[0].relative_to(ROOT)}")


def failures(name: str) -> dict[Path, int]:
    """The failing inputs that libFuzzer has left, each with its time."""
    return {path: path.stat().st_mtime_ns for path in PROGRAMS.glob(f"{name}-*") if path.is_file()}


def command(name: str, *arguments: str) -> list[str]:
    """A fuzzer's command line; failing inputs go to build/fuzz."""
    return [str(PROGRAMS / f"{name}_fuzzer"),
            f"-timeout={PATIENCE_S.get(name, USUAL_PATIENCE_S)}",
            f"-artifact_prefix={PROGRAMS}/{name}-", *arguments]


def environment() -> dict[str, str]:
    """Names the symbolizer, so that the sanitizers print functions and lines."""
    symbolizer = setup.which("llvm-symbolizer-19")
    return os.environ | ({f"{name}_SYMBOLIZER_PATH": symbolizer for name in ("ASAN", "UBSAN")}
                         if symbolizer else {})


def fuzz(name: str, options: argparse.Namespace) -> int:
    """Fuzzes from the corpus and other seeds, on each of the target's machines."""
    found = PROGRAMS / name
    found.mkdir(exist_ok=True)
    folders = [folder for folder in (found, CORPUS / name, *seeds(name, options))
               if folder.is_dir()]
    machines = MACHINES.get(name, [()])
    for machine in machines:
        if machine:
            print(f"{name}: a machine with {' '.join(machine)}", flush=True)
        status = subprocess.run(
            command(name, f"-max_total_time={max(1, options.seconds // len(machines))}",
                    f"-max_len={LONGEST.get(name, USUAL_LONGEST)}", f"-dict={dictionary(name)}",
                    "-print_final_stats=1", *machine, *map(str, folders)),
            env=environment(), cwd=ROOT, check=False).returncode
        if status != 0:
            return status
    return 0


def seeds(name: str, options: argparse.Namespace) -> list[Path]:
    return [(folder / name).resolve() for folder in options.seeds]


def dictionary(name: str) -> Path:
    """The fuzzer's own words, else HTTP's."""
    own = ROOT / f"tests/fuzz/{name}.dict"
    return own if own.exists() else WORDS


def minimize(name: str, options: argparse.Namespace) -> int:
    """Makes the corpus anew: the fewest inputs that reach what all of them reach."""
    with tempfile.TemporaryDirectory() as scratch:
        short, kept = Path(scratch, "short"), Path(scratch, "kept")
        short.mkdir()
        kept.mkdir()
        for folder in (PROGRAMS / name, CORPUS / name, *seeds(name, options)):
            for path in folder.glob("*") if folder.is_dir() else ():
                if path.stat().st_size <= LONGEST_KEPT:
                    shutil.copy(path, short)
        # Count edges, but not how often they are taken.
        status = subprocess.run(
            command(name, "-set_cover_merge=1", "-use_counters=0", str(kept), str(short)),
            env=environment(), cwd=ROOT, check=False).returncode
        if status == 0:
            shutil.rmtree(CORPUS / name, ignore_errors=True)
            shutil.copytree(kept, CORPUS / name)
    return status
