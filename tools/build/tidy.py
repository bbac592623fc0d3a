#!/usr/bin/env python3
"""Runs clang-tidy on one source, and marks it as clean when there are no findings."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base import setup  # noqa: E402
from tools.base.errors import UserError, one_line  # noqa: E402


def findings(build_dir: Path, source: str) -> str:
    """clang-tidy's findings; empty: none. RuntimeError if it can't run."""
    try:
        said = subprocess.run(["clang-tidy-19", "-p", build_dir, "--quiet", source], cwd=ROOT,
                              text=True, capture_output=True, check=False)
    except OSError as error:
        raise RuntimeError(f"clang-tidy-19: {error.strerror}; {setup.advice('check')}") from None
    return "" if said.returncode == 0 else said.stdout.strip() or said.stderr.strip()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Runs clang-tidy on one source.")
    parser.add_argument("source", metavar="SOURCE", nargs="?",
                        help="without one, installs the tools for `ninja check`")
    parser.add_argument("--build-dir", type=Path, default=Path("build"), metavar="DIR",
                        help="where compile_commands.json is")
    parser.add_argument("-o", dest="mark", type=Path, default=os.devnull, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        if options.source is None:
            setup.provide(*setup.USES["check"])
            return 0
        found = findings(options.build_dir, options.source)
    except (UserError, RuntimeError) as error:
        print(f"check: {one_line(error)}", file=sys.stderr)
        return 1
    if found:
        print(found)
        return 1
    options.mark.write_text("")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
