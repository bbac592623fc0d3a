"""The patches to lwIP: the series is whole, each has its own lines; and how that is found out."""

import re
from pathlib import Path

import pytest
from front_door import ROOT

from tools.build import lwip_series
from tools.build.host_programs import LWIP, UNIT_TESTS
from tools.command_line import lwip_quilt

PATCHES = [lwip_series.read(lwip_series.PATCHES / name) for name in lwip_series.names()]

HEAD = 'Description: A change.\n Why.\nTest: netstack/x "a case"\nForwarded: no (ours)\n\n'


# --- Our series ---

@pytest.mark.needs("build/lwip.stamp")
def test_our_series_is_in_order() -> None:
    assert lwip_series.findings(lwip_series.PATCHES, lwip_quilt.pristine(print)) == []


@pytest.mark.needs("build/lwip.stamp")
def test_what_the_series_makes_is_what_is_built() -> None:
    made = lwip_series.sources(PATCHES, lwip_quilt.pristine(print))
    for path, source in made.items():
        assert source.text_without() == (ROOT / "build/lwip" / path).read_text(), path


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_the_named_test_is_there(patch: lwip_series.Patch) -> None:
    program, case = patch.test()
    assert LWIP in UNIT_TESTS[program]
    text = (ROOT / f"tests/unit/{program}_test.cpp").read_text()
    assert f'TEST_CASE("{case}")' in text


def test_every_patch_that_is_named_is_there() -> None:
    """In comments and documents, as patches/NAME."""
    names = {patch.name.removesuffix(".patch") for patch in PATCHES} | {"NAME"}
    for path in [*(ROOT / "netstack").rglob("*.[chm]*"), *(ROOT / "docs").rglob("*.md")]:
        for name in re.findall(r"patches/([a-z0-9-]+)", path.read_text()):
            assert name in names | {"series"}, path


# --- Any series ---

@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """lwIP's source, in short."""
    (tmp_path / "lwip").mkdir()
    (tmp_path / "lwip/a.c").write_text("one\ntwo\nthree\nfour\n")
    return tmp_path / "lwip"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "patches").mkdir()
    (tmp_path / "patches/series").write_text("# in order\n\n")
    return tmp_path / "patches"


def add(folder: Path, name: str, hunk: str, head: str = HEAD) -> None:
    (folder / name).write_text(f"{head}--- a/a.c\n+++ b/a.c\n{hunk}")
    with (folder / "series").open("a") as series:
        series.write(f"{name}\n")


INSERT = "@@ -1,2 +1,3 @@\n one\n+new\n two\n"


def test_a_series_in_order_has_no_findings(folder: Path, tree: Path) -> None:
    add(folder, "a.patch", INSERT)
    add(folder, "b.patch", "@@ -3,3 +3,3 @@ two\n two\n-three\n+3\n four\n",
        HEAD.replace("Forwarded", "Requires: a.patch\nForwarded"))
    assert lwip_series.findings(folder, tree) == []


def test_a_patch_that_rewrites_another_is_named(folder: Path, tree: Path) -> None:
    add(folder, "a.patch", INSERT)
    add(folder, "b.patch", "@@ -1,3 +1,3 @@\n one\n-new\n+newer\n two\n")
    assert lwip_series.findings(folder, tree) == ["b.patch removes a line of a.patch: new (a.c)"]


def test_a_hunk_that_does_not_fit_is_named(folder: Path, tree: Path) -> None:
    add(folder, "a.patch", "@@ -1,2 +1,3 @@\n one\n+new\n 2\n")
    assert lwip_series.findings(folder, tree) == ["a.patch: a.c, line 1: the hunk doesn't fit"]


def test_series_and_folder_must_agree(folder: Path, tree: Path) -> None:
    add(folder, "a.patch", INSERT)
    (folder / "a.patch").rename(folder / "b.patch")
    assert lwip_series.findings(folder, tree) == ["a.patch: in the series, and not there",
                                                  "b.patch: not in the series"]


@pytest.mark.parametrize(("head", "finding"), [
    ("Nothing.\n\n", "a.patch: its head has no Description"),
    (HEAD.replace("Test", "Tset"), "a.patch: its head has no Test"),
    (HEAD.replace(" (ours)", ""), "a.patch: Forwarded must be yes, no or not-needed, and (why)"),
    (HEAD.replace("Forw", "Requires: b.patch\nForw"),
     "a.patch: requires b.patch, which is not before it in the series")])
def test_a_head_must_be_whole(folder: Path, tree: Path, head: str, finding: str) -> None:
    add(folder, "a.patch", INSERT, head)
    assert finding in lwip_series.findings(folder, tree)


def test_the_source_without_some_patches_is_known(folder: Path, tree: Path) -> None:
    add(folder, "a.patch", INSERT)
    add(folder, "b.patch", "@@ -1,3 +1,4 @@\n-one\n+1\n new\n+newer\n two\n")
    patches = [lwip_series.read(folder / name) for name in ("a.patch", "b.patch")]
    source = lwip_series.sources(patches, tree)["a.c"]
    assert source.text_without() == "1\nnew\nnewer\ntwo\nthree\nfour\n"
    assert source.text_without({"a.patch"}) == "1\nnewer\ntwo\nthree\nfour\n"
    assert source.text_without({"b.patch"}) == "one\nnew\ntwo\nthree\nfour\n"
    assert source.text_without({"a.patch", "b.patch"}) == "one\ntwo\nthree\nfour\n"


def test_fields_may_go_on_in_further_lines(folder: Path) -> None:
    add(folder, "a.patch", INSERT, 'Description: A.\n B.\n .\n C.\nTest: netstack/x "a case\n'
                                   ' that is long"\nForwarded: no (it\n is)\n\n')
    patch = lwip_series.read(folder / "a.patch")
    assert patch.test() == ("netstack/x", "a case that is long")
    assert patch.fields["Forwarded"] == "no (it\nis)"
