"""./mote test: what pytest is given."""

import os

import pytest

from tools.base.errors import UserError
from tools.command_line import run_tests


def test_pytest_gets_the_users_arguments() -> None:
    assert run_tests.command(["-k", "style"])[-4:] == ["-k", "style", *run_tests.TESTS]
    assert run_tests.command(["tests/unit/tools/base/test_files.py::x", "-x"])[-2:] == [
        "tests/unit/tools/base/test_files.py::x", "-x"]
    assert run_tests.command([])[0] == "/usr/bin/python3"
    assert run_tests.command(["--interop"])[-2:] == ["--interop", *run_tests.INTEROP]
    assert run_tests.command(["--interop", "tests/blackbox"])[-1] == "tests/blackbox"
    assert run_tests.command(["--unit"])[-2:] == ["--unit", "tests/unit"]


def test_only_the_files_of_chosen_unit_tests_are_read_again() -> None:
    files = ["tests/unit/test_native.py"]
    assert run_tests.command(["--unit", "-k", "aml"], 0, files)[-2:] == ["aml", *files]
    assert run_tests.command(["--unit", "tests/unit/tools"], 0, files)[-1] == "tests/unit/tools"
    assert run_tests.command(["-k", "aml"], 0, files)[-2:] == run_tests.TESTS


@pytest.mark.parametrize(("arguments", "count", "targets"), [
    (["-k", "request and test_program"], None, {"build/tests/http/request/request_test"}),
    (["tests/unit/test_native.py::test_program[kernel/acpi/aml_test]"], 1,
     {"build/tests/kernel/acpi/aml_test"}),
    (["--unit", "tests/unit/test_fuzz_corpus.py", "-k", "pack"], 1, {"build/fuzz/pack_fuzzer"}),
    (["tests/unit/tools/build/test_style.py"], None, set()),
    (["tests/blackbox/test_ping.py"], None, {"image"}),
    (["--unit", "tests/unit/tools/image/test_size.py"], 1, set()),
    (["--unit", "tests/blackbox/test_ping.py"], 0, set()),
    (["-k", "no_test_has_such_a_name"], 0, set()),
    (["--unit"], None, {"fuzzers", "build/tests/kernel/acpi/aml_test"}),
    ([], None, {"fuzzers", "build/tests/kernel/acpi/aml_test", "image"}),
])
def test_only_what_the_chosen_tests_need_is_built(arguments: list[str], count: int | None,
                                                  targets: set[str]) -> None:
    chosen = run_tests.choose(arguments, os.environ | {"PYTEST_ADDOPTS": ""})
    assert targets <= set(chosen.targets) and (targets or not chosen.targets)
    assert ("image" in chosen.targets) == ("image" in targets)
    assert count in (None, chosen.tests)
    assert not any(target.startswith("build/tests/") for target in targets) or (
        "tests/unit/test_native.py" in chosen.files)


def test_a_mistake_is_left_to_the_run() -> None:
    for arguments in (["--no-such-option"], ["tests/no_such_file.py"], ["--help"]):
        assert run_tests.choose(arguments, os.environ).targets == []


@pytest.mark.parametrize(("arguments", "words"), [
    (["tests/no_such_file.py"], "there is no such file"),
    (["-x", "tests/blackbox/test_pong.py::test_a"], "test_pong.py: there is no such file"),
    (["tests/unit/http/reply/ranges_test.cpp"], "run ninja build/tests/http/reply/ranges_test &&")])
def test_a_file_that_is_no_test_is_refused(arguments: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        run_tests.check_files(arguments)


def test_files_of_tests_and_expressions_pass() -> None:
    run_tests.check_files(["tests/unit/tools/base/test_files.py::x", "-k", "tests/nothing", "-q"])


def test_a_choice_of_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="^test -k nobody: chooses no test"):
        run_tests.check_choice(["-k", "nobody"], run_tests.Chosen(0, []))
    run_tests.check_choice([], run_tests.UNKNOWN)


def test_one_test_alone_takes_no_workers() -> None:
    assert run_tests.command(["-x"], 0)[3:5] == ["-n", "0"]


@pytest.mark.parametrize(("arguments", "all_tests"), [
    (["-k", "http"], True), (["--full", "-k", "http"], True), (["--full"], True),
    (["--matrix"], True),
    (["tests/unit"], False), (["test_door.py"], False), (["x::y"], False)])
def test_only_paths_take_the_place_of_the_tests(arguments: list[str], all_tests: bool) -> None:
    assert (run_tests.command(arguments)[-2:] == run_tests.TESTS) == all_tests
