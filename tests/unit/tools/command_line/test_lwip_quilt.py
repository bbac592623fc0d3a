"""./mote lwip: patches opened, changed, refreshed, and fitted to another lwIP."""

import shutil
from pathlib import Path

import pytest

from tools.base.errors import UserError
from tools.command_line import door, lwip_quilt

HEAD = 'Description: A change.\n Why.\nTest: netstack/x "a case"\nForwarded: no (ours)\n\n'
LINES = [f"line {number}\n" for number in range(40)]


class Series:
    """A series of two patches to a source of 40 lines, and what the command prints."""

    def __init__(self, folder: Path) -> None:
        self.patches = folder / "patches"
        self.tree = folder / "tree"
        self.source = folder / "lwip"
        self.said: list[str] = []
        self.patches.mkdir()
        (self.source / "src/core").mkdir(parents=True)
        (self.source / "src/core/tcp.c").write_text("".join(LINES))
        (self.source / "src/core/udp.c").write_text("int udp;\n")
        self.add("a.patch", 4)
        self.add("b.patch", 30)

    def add(self, name: str, number: int) -> None:
        """A patch that adds a line before line `number`."""
        around = [f" {line}" for line in LINES[number - 3:number + 3]]
        hunk = f"@@ -{number - 2},6 +{number - 2},7 @@\n" + "".join(
            [*around[:3], f"+{name}\n", *around[3:]])
        (self.patches / name).write_text(
            f"{HEAD}--- a/src/core/tcp.c\n+++ b/src/core/tcp.c\n{hunk}")
        with (self.patches / "series").open("a") as series:
            series.write(f"{name}\n")

    def run(self, *arguments: str) -> list[str]:
        self.said = []
        options = lwip_quilt.parser(door.Parser).parse_args(arguments)
        lwip_quilt.run(options, self.said.append)
        return self.said

    def edit(self, old: str, new: str, name: str = "tcp.c") -> None:
        path = self.tree / "src/core" / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def patch(self, name: str) -> str:
        return (self.patches / name).read_text()

    def refused(self, *arguments: str) -> str:
        with pytest.raises(UserError) as error:
            self.run(*arguments)
        return str(error.value)


@pytest.fixture
def series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Series:
    made = Series(tmp_path)
    monkeypatch.setattr(lwip_quilt, "PATCHES", made.patches)
    monkeypatch.setattr(lwip_quilt, "TREE", made.tree)
    monkeypatch.setattr(lwip_quilt, "pristine", lambda _: made.source)
    return made


def test_a_patch_is_opened_changed_and_refreshed(series: Series) -> None:
    series.run("open", "a")
    text = (series.tree / "src/core/tcp.c").read_text()
    assert "a.patch" in text and "b.patch" not in text
    series.edit("a.patch\n", "a.patch\nmore\n")
    series.edit("int udp;", "long udp;", "udp.c")
    assert series.run("status")[-2:] == ["  changed and not refreshed: src/core/tcp.c",
                                         "  changed and not refreshed: src/core/udp.c"]
    assert series.run("refresh") == [
        "a.patch is refreshed", "all 2 patches fit; 1 had lines that moved, and are refreshed"]
    assert series.patch("a.patch").startswith(HEAD)
    assert "+more\n" in series.patch("a.patch") and "+long udp;\n" in series.patch("a.patch")
    assert "@@ -30,6 +30,7 @@" in series.patch("b.patch")
    assert series.run("close") == [f"{series.tree} is removed"]
    assert series.run("close") == ["none is open"]
    assert series.run("check") == []


def test_a_patch_stays_open_when_it_is_refreshed(series: Series) -> None:
    series.run("open", "a")
    for word in ("one", "two"):
        series.edit("a.patch\n", f"a.patch\n{word}\n")
        series.run("refresh")
    assert "+two\n" in series.patch("a.patch") and "two" not in series.patch("b.patch")
    assert any(line.startswith("a.patch is open") for line in series.run("status"))


def test_all_are_opened_where_none_is_named(series: Series) -> None:
    series.run("open")
    assert "b.patch" in (series.tree / "src/core/tcp.c").read_text()
    series.run("open", "a.patch")
    assert "b.patch" not in (series.tree / "src/core/tcp.c").read_text()


def test_a_patch_that_rewrites_another_is_told(series: Series) -> None:
    series.run("open", "b")
    series.edit("a.patch\n", "rewritten\n")
    assert "b.patch removes a line of a.patch: a.patch (src/core/tcp.c)" in series.run("refresh")


def test_a_patch_that_fits_no_longer_is_mended_and_taken(series: Series) -> None:
    series.run("open", "a")
    series.edit("line 29\nline 30\n", "LINE 29\nLINE 30\n")
    assert "b.patch does not fit" in series.refused("refresh")
    assert ".rej holds what did not fit" in series.refused("refresh")
    series.edit("LINE 30\n", "b.patch\nLINE 30\n")
    for rejected in series.tree.rglob("*.rej"):
        rejected.unlink()
    assert series.run("refresh")[0] == "b.patch is refreshed"
    assert " LINE 29\n+b.patch\n LINE 30\n" in series.patch("b.patch")


def test_the_series_moves_to_another_lwip(series: Series, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    shutil.copytree(series.source, newer)
    (newer / "src/core/tcp.c").write_text("new\n" + "".join(LINES))
    assert series.run("rebase", str(newer)) == [
        "all 2 patches fit; 2 had lines that moved, and are refreshed"]
    assert "@@ -3,6 +3,7 @@" in series.patch("a.patch")


def test_a_new_patch_is_begun_behind_the_open_one(series: Series) -> None:
    series.run("open", "a")
    series.run("new", "c")
    assert (series.patches / "series").read_text() == "a.patch\nc.patch\nb.patch\n"
    series.edit("int udp;", "long udp;", "udp.c")
    series.run("refresh")
    assert series.patch("c.patch").startswith("Description: What changes")
    assert "+long udp;\n" in series.patch("c.patch")


def test_what_was_changed_is_not_lost(series: Series) -> None:
    series.run("open", "a")
    series.edit("a.patch\n", "a.patch\nmore\n")
    for arguments in (("open", "b"), ("close",), ("new", "c"), ("rebase", str(series.source))):
        assert series.refused(*arguments).startswith("a.patch has changes in src/core/tcp.c")


@pytest.mark.parametrize(("arguments", "words"), [
    (("open", "z"), "z: no patch of the series"),
    (("open", "../a"), "give the name of a patch"),
    (("new", "a"), "is there already"),
    (("refresh",), "no patch is open"),
    (("rebase", "/nowhere"), "/nowhere: not an lwIP source tree"),
    (("prove", "z"), "z: no patch of the series"),
    (("fly",), "invalid choice"),
    ((), "STEP")])
def test_unusable_arguments_are_refused(series: Series, arguments: tuple[str, ...],
                                        words: str) -> None:
    assert words in series.refused(*arguments)


def test_another_patch_than_the_open_one_is_not_refreshed(series: Series) -> None:
    series.run("open", "a")
    assert "a.patch is open" in series.refused("refresh", "b")
