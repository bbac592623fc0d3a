"""Checks that sources have tests: X/y.cpp has tests/unit/X/y_test.cpp or X/y_ASPECT_test.cpp.

A source counts as tested when a test of its name links it. tools/build/untested.py lists the
exceptions: sources that another's test covers, and those that no test can.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from tools.build.sources import HOUSE

LWIP_TESTS = "netstack/lwip/"  # they test lwIP as we build it, rather than a source of ours
LISTS = "tools/build/host_programs.py"
EXCEPTIONS = "tools/build/untested.py"


def subject_of(test: str, sources: set[str]) -> str | None:
    """The source that a test program is named after; the longest name wins."""
    name = test
    while name not in sources:
        folder, _, file = name.rpartition("/")
        if "_" not in file:
            return None
        name = f"{folder}/{file.rpartition('_')[0]}"
    return name


def check(paths: Sequence[str], programs: Mapping[str, Sequence[str]],
          elsewhere: Mapping[str, str], untested: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Findings, each a file with advice. `programs` maps tests' names to the files they link."""
    ours = [path for path in paths if path.split("/")[0] in HOUSE]
    names = {path.rpartition(".")[0] for path in ours if path.endswith((".cpp", ".hpp"))}
    of_bench = {f"bench/{found[1]}" for path in paths
                if (found := re.match(r"tests/bench/(\w+)\.hpp$", path))}
    yield from misnamed(paths, names | of_bench)
    tested = {source for test, linked in programs.items()
              if (source := f"{subject_of(test, names)}.cpp") in linked}
    for path in ours:
        if path.endswith(".cpp"):
            advice = advice_for(path, path in tested, programs, elsewhere, untested)
            if advice:
                yield path, advice
    for name in [*elsewhere, *untested]:
        if f"{name}.cpp" not in paths:
            yield EXCEPTIONS, f"strike {name} off the exceptions: it is gone"


def misnamed(paths: Sequence[str], names: set[str]) -> Iterator[tuple[str, str]]:
    """Findings about tests that are named after no source."""
    for path in paths:
        found = re.match(r"tests/unit/(.*)_test\.cpp$", path)
        if found and not found[1].startswith(LWIP_TESTS) and not subject_of(found[1], names):
            yield path, ("name the test after its source: X/y_test.cpp or X/y_ASPECT_test.cpp for "
                         "X/y.cpp or X/y.hpp")


def advice_for(path: str, is_tested: bool, programs: Mapping[str, Sequence[str]],
               elsewhere: Mapping[str, str], untested: Mapping[str, str]) -> str | None:
    """Advice about one source; None if it is tested, or rightly an exception."""
    name = path.removesuffix(".cpp")
    if is_tested:
        listed = name in elsewhere or name in untested
        return (f"strike {name} off the exceptions in {EXCEPTIONS}: it has a test" if listed
                else None)
    if name in untested:
        return None
    if name not in elsewhere:
        return f"test it: tests/unit/{name}_test.cpp, with {path} among what it links in {LISTS}"
    test = elsewhere[name]
    linked = path in programs.get(test, ())
    return None if linked else f"{test} does not link {path}, though {EXCEPTIONS} says it tests it"
