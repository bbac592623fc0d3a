"""docs/deploy/: each page says first what works, last what doesn't, and how that is known."""

import re

import pytest

import deploy_pages
from conftest import ROOT
from deploy_pages import PAGES, blocks, commands_of, text_of
from stand_in import commands

RUN_HERE = ("libvirt", "load-balancing", "qemu")  # the platform itself can be had


@pytest.mark.parametrize("page", PAGES)
def test_page_begins_and_ends_honestly(page: str) -> None:
    title, first, second = text_of(page).split("\n\n")[:3]
    assert title.startswith("# ") and first.startswith("Works today")
    if page in RUN_HERE:
        assert second.startswith("Run here: ")
    else:
        known = re.match(r"(No cluster could be had here|[\w' ]+ could not be had here|"
                         r"[\w ]+ needs KVM, which is not there here)", second.replace("\n", " "))
        assert known and ("Run instead: " in second or "from documents only" in second), second
    last = re.findall(r"^## (.*)$", text_of(page), re.M)[-1]
    assert last == "What doesn't work, and why"


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run_or_is_a_file(page: str) -> None:
    for block in blocks(page):
        assert block.language == "sh" or block.name, block.text


def test_the_index_has_every_page() -> None:
    index = (ROOT / "docs/deployment.md").read_text()
    assert set(re.findall(r"\(deploy/([\w-]+)\.md\)", index)) == {*PAGES, "README"}


def test_every_command_of_the_table_is_used() -> None:
    used = {one.name for page in PAGES for one in commands_of(page)}
    assert used == {one.name for one in commands()}


def test_the_table_tells_how_each_command_was_checked() -> None:
    """A failure shows the table it should be."""
    table = deploy_pages.table()
    assert table in deploy_pages.TABLE.read_text(), f"{deploy_pages.TABLE} must hold:\n\n{table}"
