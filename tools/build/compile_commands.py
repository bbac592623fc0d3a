#!/usr/bin/env python3
"""Writes compile_commands.json for clangd and clang-tidy: each source once.

A source that is compiled in several ways gets the entry of the first rule in RULES: the image's,
then the unit tests', then the fuzzers'.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RULES = ("cxx", "cc", "uefi_cxx", "test_cxx", "test_cc", "bench_cxx", "fuzz_cxx", "fuzz_cc")

Entry = dict[str, str]


def entries(ninja_file: str, rule: str) -> list[Entry]:
    """The commands that Ninja runs by a rule (its manual, -t compdb)."""
    said = subprocess.run(["ninja", "-f", ninja_file, "-t", "compdb", rule], cwd=ROOT, text=True,
                          capture_output=True, check=True).stdout
    return json.loads(said)


def once(found: Iterable[Entry]) -> list[Entry]:
    """The first entry of each file."""
    first: dict[str, Entry] = {}
    for entry in found:
        first.setdefault(entry["file"], entry)
    return list(first.values())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Writes compile_commands.json.")
    parser.add_argument("--ninja-file", required=True, metavar="FILE")
    parser.add_argument("-o", dest="out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args(arguments)
    found = once(entry for rule in RULES for entry in entries(options.ninja_file, rule))
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
