"""./mote test: what pytest is given."""

import pytest

from tools.command_line import run_tests


def test_pytest_gets_the_users_arguments() -> None:
    assert run_tests.command(["-k", "style"])[-4:] == ["-k", "style", *run_tests.TESTS]
    assert run_tests.command(["tests/unit/tools/base/test_files.py::x", "-x"])[-2:] == [
        "tests/unit/tools/base/test_files.py::x", "-x"]
    assert run_tests.command([])[0] == "/usr/bin/python3"
    assert run_tests.command(["--interop"])[-2:] == ["--interop", *run_tests.INTEROP]
    assert run_tests.command(["--interop", "tests/blackbox"])[-1] == "tests/blackbox"


@pytest.mark.parametrize(("arguments", "all_tests"), [
    (["-k", "http"], True), (["--full", "-k", "http"], True), (["--full"], True),
    (["--matrix"], True),
    (["tests/unit"], False), (["test_door.py"], False), (["x::y"], False)])
def test_only_paths_take_the_place_of_the_tests(arguments: list[str], all_tests: bool) -> None:
    assert (run_tests.command(arguments)[-2:] == run_tests.TESTS) == all_tests
