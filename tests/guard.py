"""Rules for every test: a deadline for each phase, and only declared programs may be started."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from deadline import Deadline  # noqa: E402
from tools.base import programs  # noqa: E402

USUAL_S = 600  # many times what any test takes: two cores may run a dozen machines
FULL_S = 3600

OWN = (str(ROOT), "/tmp/", os.environ.get("TMPDIR", "/tmp/"))
undeclared: list[str] = []  # programs the running test has started
lasting = Deadline()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deadline", type=positive, metavar="SECONDS",
                     help="for each test, its preparation and its clearing up, each (default: "
                     f"{USUAL_S}, with --full {FULL_S})")
    parser.addoption("--full", action="store_true", default=bool(os.environ.get("MOTE_FULL")),
                     help="full sizes, and what takes minutes: 64 MiB under 5 %% loss and the like "
                     "(or MOTE_FULL=1)")


def positive(text: str) -> float:
    seconds = float(text)
    if seconds <= 0:
        raise ValueError
    return seconds


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: takes minutes; runs with --full only")
    config.addinivalue_line("markers", "deadline(seconds): another one than --deadline's default")
    lasting.prepare()
    sys.addaudithook(note_starts)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("full"):
        heavy = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=heavy)
        items[:] = [item for item in items if item not in heavy]


def pytest_enter_pdb() -> None:
    lasting.lift()


def seconds_for(item: pytest.Item) -> float:
    if asked := item.config.getoption("deadline"):
        return asked
    if marker := item.get_closest_marker("deadline"):
        return marker.args[0]
    return FULL_S if item.config.getoption("full") else USUAL_S


@contextmanager
def guarded(item: pytest.Item, part: str) -> Iterator[None]:
    with lasting.of(seconds_for(item), f"{part} of {item.nodeid}"):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    undeclared.clear()  # left by pytest and its plugins between tests
    with guarded(item, "the preparation"):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with guarded(item, "the run"):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with guarded(item, "the end"):
        yield
    if undeclared:
        named = ", ".join(sorted(set(undeclared)))
        undeclared.clear()
        pytest.fail(f"started {named}, which tools/base/programs.py doesn't declare", pytrace=False)


def note_starts(event: str, details: tuple[Any, ...]) -> None:
    """An audit hook, called for each program that this process starts."""
    if event == "subprocess.Popen":
        program, words = os.fsdecode(details[0]), [os.fsdecode(word) for word in details[1]]
        if programs.inside(words):
            program = programs.inside(words)[0]
        if Path(program).name not in programs.PROGRAMS and not program.startswith(OWN):
            undeclared.append(program)
    elif event in ("os.system", "os.exec", "os.posix_spawn", "os.spawn"):
        undeclared.append(f"{event}: {details[0]}")
