"""Each patch to lwIP is needed: its test fails without it."""

from pathlib import Path

import pytest

from tools.build import lwip_series
from tools.command_line import lwip_quilt, lwip_removal
from tools.command_line.lwip_removal import Outcome, Row, Series

NAMES = lwip_series.names()


def program(name: str) -> str:
    return f"build/tests/{lwip_series.read(lwip_series.PATCHES / name).test()[0]}_test"


@pytest.fixture(scope="module")
def series() -> Series:
    return Series.read(lwip_series.PATCHES, lwip_quilt.pristine(print))


@pytest.mark.full
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.needs(program(name)))
                                  for name in NAMES])
def test_without_it_its_test_fails(name: str, series: Series) -> None:
    row = series.row(name)
    print(row.line())
    assert row.is_needed, row.line()


@pytest.mark.full
@pytest.mark.needs(program(NAMES[0]))
def test_with_all_patches_the_test_passes(series: Series, tmp_path: Path) -> None:
    """Or else the others would prove nothing."""
    scratch = lwip_removal.Scratch(tmp_path, series.program(NAMES[0]))
    scratch.leave_out(set(), series.sources)
    assert scratch.run(series.patches[NAMES[0]].test()[1]).passed


def patch(name: str, **fields: str) -> lwip_series.Patch:
    return lwip_series.Patch(name, {"Test": 'netstack/x "a case"', **fields}, {})


def test_what_requires_a_patch_goes_with_it() -> None:
    three = Series({"a": patch("a"), "b": patch("b", Requires="a"),
                    "c": patch("c", Requires="b, a"), "d": patch("d")}, {})
    assert three.leaving_with("a") == {"a", "b", "c"}
    assert three.leaving_with("b") == {"b", "c"}
    assert three.leaving_with("d") == {"d"}


@pytest.mark.parametrize(("outcome", "interface", "needed", "word"), [
    (Outcome(True, False, ""), False, True, "fails"),
    (Outcome(True, True, ""), True, False, "passes  <- should fail"),
    (Outcome(False, False, ""), True, True, "does not compile"),
    (Outcome(False, False, ""), False, False, "does not compile  <- should fail")])
def test_a_test_must_fail_and_may_not_compile_for_an_interface(
        outcome: Outcome, interface: bool, needed: bool, word: str) -> None:
    row = Row(patch("a.patch"), ("b.patch",), outcome, interface)
    assert row.is_needed == needed
    assert row.line() == f'a.patch (with b.patch): netstack/x "a case": {word}'
