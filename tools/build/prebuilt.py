"""Whether this is a release: Mote's tools with firmware that is already built, and no sources.

`./mote dist` puts the folder prebuilt/ beside tools/; a checkout has none. Where it is, nothing is
configured or built, and the commands for those who change Mote are refused.
"""

import json
from functools import cache
from pathlib import Path

from tools.base.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "prebuilt"
FACTS = "release.json"

RELEASED = FOLDER.is_dir()
NEED_SOURCES = ("test", "bench", "fuzz", "lwip", "dist")


def firmware_folder() -> Path:
    """Where kernel and loaders are: shipped, or built here."""
    return FOLDER if RELEASED else ROOT / "build"


def commit() -> str:
    """The commit that the release was built from."""
    return facts()["commit"]


@cache
def facts() -> dict[str, str]:
    try:
        return json.loads((FOLDER / FACTS).read_text())
    except (OSError, ValueError) as error:
        raise RuntimeError(f"{FOLDER / FACTS}: {error}; unpack or install Mote again") from None


def refuse_without_sources(command: str) -> None:
    """Refuses what only a checkout can do."""
    if RELEASED and command in NEED_SOURCES:
        raise UserError(f"{command}: needs a source checkout, and this is a release; clone Mote's "
                        "repository and run it there")
