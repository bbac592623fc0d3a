#!/usr/bin/env python3
"""Runs the fuzzers of tests/fuzz for a while, or puts what they found into the corpus."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "build/fuzz"
CORPUS = ROOT / "tests/fuzz/data/corpus"
WORDS = ROOT / "tests/fuzz/http.dict"

# The longest input of each, in bytes, and of those that the corpus keeps.
LONGEST = {"connection": 12_288, "pack": 1_024, "request": 32_768}
LONGEST_KEPT = 4_000


def command(name: str, *arguments: str) -> list[str]:
    """A fuzzer's command line; what makes it fail is left in build/fuzz."""
    program = PROGRAMS / f"{name}_fuzzer"
    if not program.exists():
        raise SystemExit(f"fuzz.py: {program} is not there; build it with: ninja fuzzers")
    return [str(program), "-timeout=10", f"-artifact_prefix={PROGRAMS}/{name}-", *arguments]


def fuzz(name: str, seconds: int, seeds: list[Path]) -> int:
    """Fuzzes from the corpus and other seeds on; new inputs go to build/fuzz/NAME."""
    found = PROGRAMS / name
    found.mkdir(exist_ok=True)
    folders = [found, CORPUS / name, *(seed / name for seed in seeds if (seed / name).is_dir())]
    return subprocess.run(
        command(name, f"-max_total_time={seconds}", f"-max_len={LONGEST[name]}",
                f"-dict={WORDS}", "-print_final_stats=1", *map(str, folders)),
        check=False).returncode


def minimize(name: str, seeds: list[Path]) -> int:
    """Makes the corpus anew: the fewest inputs that reach what all of them reach."""
    folders = [PROGRAMS / name, CORPUS / name, *(seed / name for seed in seeds)]
    with tempfile.TemporaryDirectory() as scratch:
        short, kept = Path(scratch, "short"), Path(scratch, "kept")
        short.mkdir()
        kept.mkdir()
        for folder in folders:
            for path in folder.glob("*") if folder.is_dir() else ():
                if path.stat().st_size <= LONGEST_KEPT:
                    shutil.copy(path, short)
        # Edges count, how often they are taken doesn't.
        status = subprocess.run(
            command(name, "-set_cover_merge=1", "-use_counters=0", str(kept), str(short)),
            check=False).returncode
        if status == 0:
            shutil.rmtree(CORPUS / name, ignore_errors=True)
            shutil.copytree(kept, CORPUS / name)
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*LONGEST, []],
                        help=f"{', '.join(LONGEST)}: all of them, one after the other, if none "
                        "is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each (default: 60)")
    parser.add_argument("--seeds", type=Path, action="append", default=[], metavar="DIR",
                        help="a folder of more seeds, as tests/fuzz/make_seeds.py makes it")
    parser.add_argument("--minimize", action="store_true",
                        help="don't fuzz; make tests/fuzz/data/corpus of all that was found")
    options = parser.parse_args()
    os.chdir(ROOT)
    for name in options.names or LONGEST:
        status = (minimize(name, options.seeds) if options.minimize
                  else fuzz(name, options.seconds, options.seeds))
        if status != 0:
            print(f"fuzz.py: {name} failed; the input is in {PROGRAMS}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
