#!/usr/bin/env python3
"""Writes the header with Mote's version and commit; touches it only on change."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base.errors import UserError  # noqa: E402
from tools.build import prebuilt  # noqa: E402
from tools.build.sources import FLOORS  # noqa: E402

VERSION = "0.1.0"

# Git refuses a checkout of another user unless it is named.
GIT = ("git", "-c", f"safe.directory={ROOT}")

# The sources of what boots: an uncommitted change here marks the commit with "+".
SOURCES = ("boot", *FLOORS, "configure.py", "build.ninja.in", "tools/build/sources.py")

HEADER = """\
// The version and the commit that Mote was built from. Written by tools/build/version.py.
#pragma once

#include <string_view>

namespace mote {{

inline constexpr std::string_view kVersion = "{version}";
inline constexpr std::string_view kCommit = "{commit}";  // "+": with uncommitted changes

}}  // namespace mote
"""


def git(*arguments: str) -> subprocess.CompletedProcess[str] | None:
    """Runs git at the root; None where there is no git."""
    try:
        return subprocess.run([*GIT, "-C", str(ROOT), *arguments], text=True,
                              capture_output=True, check=False)
    except OSError:
        return None


def commit() -> str:
    """The short hash, with "+" when sources differ from it; "unknown" outside a repository."""
    if prebuilt.RELEASED:
        return prebuilt.commit()
    head = git("rev-parse", "--short=7", "HEAD")
    if head is None or head.returncode != 0:
        return "unknown"
    changed = git("diff", "--quiet", "HEAD", "--", *SOURCES)
    return head.stdout.strip() + ("+" if changed is not None and changed.returncode else "")


def epoch() -> int:
    """SOURCE_DATE_EPOCH, the time that all in a release bears: as given, or the commit's."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        shown = git("log", "-1", "--format=%ct")
        given = shown.stdout.strip() if shown else ""
    if not given.isdecimal():
        raise UserError(f"SOURCE_DATE_EPOCH={given!r}: not a number of seconds, and no commit "
                        "tells one; set it, or work in a clone")
    return int(given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("header", type=Path)
    header = parser.parse_args().header
    text = HEADER.format(version=VERSION, commit=commit())
    if not header.exists() or header.read_text() != text:
        header.parent.mkdir(parents=True, exist_ok=True)
        header.write_text(text)


if __name__ == "__main__":
    main()
