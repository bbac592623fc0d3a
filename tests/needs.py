"""What tests need of the build: marked on them, told to ./mote test before anything is built.

A test that opens or starts a file in build/ without being marked fails, so that none passes with
what an earlier build happened to leave.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = f"{ROOT}/build/"
IMAGE = "image"
# A fixture that makes images of the kernel -> what it needs.
FIXTURES = {"images": IMAGE}
# Paths that tests themselves make there, Python's byte code of them, and the lock by which builds
# take turns.
OWN = tuple(BUILD + name for name in ("test-results/", "faults/", "node/", "bench-linux/",
                                      "pycache/", "lock"))

touched: list[str] = []  # files in build/ that the running test has opened or started


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--unit", action="store_true",
                     help="only tests of tests/unit that take neither an image nor QEMU")
    parser.addoption("--needs-into", metavar="FILE",
                     help="write how many tests are chosen, and what they need built, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*targets): what Ninja must have built for it")
    sys.addaudithook(note_files)


def targets_of(item: pytest.Item) -> set[str]:
    """The targets for Ninja that one test needs."""
    marked = {target for marker in item.iter_markers("needs") for target in marker.args}
    return marked | {FIXTURES[name] for name in getattr(item, "fixturenames", ())
                     if name in FIXTURES}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("unit"):
        others = [item for item in items
                  if IMAGE in targets_of(item) or "/tests/unit/" not in str(item.path)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


def pytest_collection_finish(session: pytest.Session) -> None:
    if file := session.config.getoption("needs_into"):
        targets = set().union(*map(targets_of, session.items))
        files = {str(item.path.relative_to(ROOT)): None for item in session.items}  # in order
        Path(file).write_text(json.dumps({"tests": len(session.items), "targets": sorted(targets),
                                          "files": list(files)}))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    touched.clear()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    found = sorted(set(touched))
    touched.clear()
    if found and not targets_of(item):
        pytest.fail(f"uses {found[0]}: mark the test with pytest.mark.needs(…)", pytrace=False)


def note_files(event: str, details: tuple[Any, ...]) -> None:
    """Hears of each file that this process opens, and of each program that it starts."""
    if event in ("open", "subprocess.Popen") and isinstance(details[0], str | bytes | os.PathLike):
        path = os.fsdecode(details[0])
        if path.startswith(BUILD) and not path.startswith(OWN):
            touched.append("build/" + path.removeprefix(BUILD))
