"""Calls the front door as a user does."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def mote(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "mote", *arguments], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False, **options)


def refused(*arguments: str | Path) -> str:
    """The one line that arguments are refused with."""
    shown = mote(*arguments)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("mote: ") and shown.stderr.count("\n") == 1
    return shown.stderr
