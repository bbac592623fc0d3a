"""The rule that a source's test is found by its name, and its exceptions."""

from collections.abc import Mapping, Sequence

import pytest

from tools.build import tested

SOURCES = ["kernel/a/ring.cpp", "kernel/a/ring.hpp", "kernel/a/ring_walk.hpp"]


def findings(paths: Sequence[str], programs: Mapping[str, Sequence[str]],
             elsewhere: Mapping[str, str] | None = None,
             untested: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    return list(tested.check([*SOURCES, *paths], programs, elsewhere or {}, untested or {}))


@pytest.mark.parametrize("test", ["ring", "ring_full", "ring_full_and_empty"])
def test_a_source_is_tested_by_a_program_of_its_name_that_links_it(test: str) -> None:
    program = f"kernel/a/{test}"
    assert findings([f"tests/unit/{program}_test.cpp"], {program: ["kernel/a/ring.cpp"]}) == []


def test_a_test_belongs_to_the_longest_name() -> None:
    [(path, advice)] = findings(["tests/unit/kernel/a/ring_walk_back_test.cpp"],
                                {"kernel/a/ring_walk_back": ["kernel/a/ring.cpp"]})
    assert path == "kernel/a/ring.cpp"
    assert advice.startswith("test it: tests/unit/kernel/a/ring_test.cpp, ")


def test_a_test_that_does_not_link_its_source_is_none() -> None:
    [(path, _)] = findings(["tests/unit/kernel/a/ring_test.cpp"], {"kernel/a/ring": []})
    assert path == "kernel/a/ring.cpp"


@pytest.mark.parametrize("name", ["kernel/a/rings", "kernel/ring", "drivers/a/ring", "kernel/a/x"])
def test_a_test_without_a_source_is_to_be_renamed(name: str) -> None:
    [(path, advice), *_] = findings([f"tests/unit/{name}_test.cpp"], {}, {}, {"kernel/a/ring": "x"})
    assert path == f"tests/unit/{name}_test.cpp"
    assert "after its source" in advice


def test_headers_of_the_bench_may_have_tests() -> None:
    paths = ["tests/unit/bench/line_test.cpp", "tests/unit/bench/other_test.cpp",
             "tests/bench/line.hpp"]
    [(path, _)] = findings(paths, {}, {}, {"kernel/a/ring": "a reason"})
    assert path == "tests/unit/bench/other_test.cpp"


def test_tests_of_lwip_need_no_source() -> None:
    assert findings(["tests/unit/netstack/lwip/crowd_test.cpp"], {},
                    {}, {"kernel/a/ring": "a reason"}) == []


def test_another_source_s_test_must_link_it() -> None:
    elsewhere = {"kernel/a/ring": "kernel/a/queue"}
    assert findings([], {"kernel/a/queue": ["kernel/a/ring.cpp"]}, elsewhere) == []
    [(path, advice)] = findings([], {"kernel/a/queue": []}, elsewhere)
    assert path == "kernel/a/ring.cpp" and "does not link" in advice


@pytest.mark.parametrize("lists", [({"kernel/a/ring": "kernel/a/ring"}, {}),
                                   ({}, {"kernel/a/ring": "a reason"})])
def test_exceptions_without_need_are_struck_off(
        lists: tuple[dict[str, str], dict[str, str]]) -> None:
    [(path, advice)] = findings([], {"kernel/a/ring": ["kernel/a/ring.cpp"]}, *lists)
    assert path == "kernel/a/ring.cpp" and "it has a test" in advice


def test_exceptions_of_sources_that_are_gone_are_struck_off() -> None:
    [(path, advice)] = findings([], {"kernel/a/ring": ["kernel/a/ring.cpp"]}, {},
                                {"kernel/a/old": "a reason"})
    assert path == tested.EXCEPTIONS and "kernel/a/old" in advice
