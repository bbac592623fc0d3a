"""The documents: every path, file name and link in them leads somewhere."""

import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tools.build.style import repository_files

ROOT = Path(__file__).resolve().parents[2]
FILES = repository_files(ROOT)
PLACES = {*FILES, *(str(above) for path in FILES for above in PurePosixPath(path).parents)}
NAMES = {path.rpartition("/")[2] for path in FILES} | {"mote.toml"}  # the user's own
DOCUMENTS = [path for path in FILES
             if re.fullmatch(r"((docs|docs/deploy|tests/fuzz|netstack/lwip)/)?[^/]*\.md", path)]

TOPS = "boot|kernel|drivers|netstack|http|firmware|tools|tests|docs|www"
PATH = re.compile(rf"(?<![\w./-])(?:{TOPS})/[\w./*{{}},-]*")
NAME = re.compile(r"`([\w.-]+\.(?:hpp|cpp|c|asm|inc|py|md|toml|in|ld|patch))`")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
PLACEHOLDER = re.compile(r"NAME|ROOM|ASPECT|TARGET")


def expanded(path: str) -> Iterator[str]:
    """A path without its braces."""
    if found := re.search(r"\{([^}]*)\}", path):
        for choice in found[1].split(","):
            yield from expanded(path[:found.start()] + choice + path[found.end():])
    else:
        yield path.rstrip("/.,-")


def anchors(text: str) -> set[str]:
    """The anchors that forges give a document's headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_exists(document: str) -> None:
    named = {one for path in PATH.findall((ROOT / document).read_text())
             if not PLACEHOLDER.search(path) for one in expanded(path)}
    assert not [path for path in sorted(named) if not fnmatch.filter(PLACES, path)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_name_is_a_files(document: str) -> None:
    named = set(NAME.findall((ROOT / document).read_text()))
    assert not [name for name in sorted(named - NAMES) if not PLACEHOLDER.search(name)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    for target, anchor in LINK.findall((ROOT / document).read_text()):
        if "://" in target:
            continue

        place = (ROOT / document).parent / target if target else ROOT / document
        assert place.exists(), target
        assert not anchor or anchor in anchors(place.read_text()), f"{target}#{anchor}"
