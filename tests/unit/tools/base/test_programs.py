"""What is started is declared, what is declared is started, and the setup installs all of it."""

import ast
import re
from pathlib import Path

import pytest
from program_starts import Sources, Start

from tools.base import programs, setup

ROOT = Path(__file__).resolve().parents[4]

PYTHON = [ROOT / "mote", ROOT / "configure.py", *sorted((ROOT / "tools").rglob("*.py")),
          *sorted((ROOT / "tests").rglob("*.py"))]
# The commands that run the programs in each folder; tools and fuzzers serve several.
USERS = {"tests/unit": {"test"}, "tests/blackbox/interop": {"test", "interop"},
         "tests/blackbox/deploy": {"test", "interop"},
         "tests/blackbox": {"test"}, "tests/bench": {"bench"}, "tests/siege": {"siege"}}


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources(PYTHON)


@pytest.fixture(scope="module")
def starts(sources: Sources) -> set[Start]:
    return sources.starts() | set(of_ninja()) | set(of_c())


def of_ninja() -> list[Start]:
    """The first word of each rule's command; settings of the environment may stand before it."""
    text = (ROOT / "build.ninja.in").read_text()
    names = dict(re.findall(r"^(\w+) = (\S+)$", text, re.MULTILINE))
    commands = re.findall(r"^  command = (?:\w+=\S+ )*(\S+)", text, re.MULTILINE)
    return [Start(names.get(word.lstrip("$"), word), ROOT / "build.ninja.in", 0)
            for word in commands]


def of_c() -> list[Start]:
    """Sources in C and C++ of the host's side start by a shell, and name the path in a string."""
    found = []
    for path in [*(ROOT / "tests").rglob("*.c"), *(ROOT / "tests").rglob("*.cpp")]:
        text = path.read_text()
        for call in re.findall(r"\b(?:exec[lv]p?e?|posix_spawnp?|popen|system)\((\S+?)[,)]", text):
            if path.name == "linux_init.c":  # inside a guest of its own
                continue
            found.append(Start("sh", path, 0))
            found += [Start(Path(program).name, path, 0)
                      for program in re.findall(r'"(?:[^"]* )?(/usr/bin/\w+)"', text)]
            assert not call.startswith('"'), f"{path}: name it in tools/base/programs.py"
    return found


def test_it_is_clear_what_is_started(sources: Sources, starts: set[Start]) -> None:
    assert not sources.unclear and starts


def test_only_declared_programs_are_started(starts: set[Start]) -> None:
    strange = {start for start in starts if start.program not in programs.PROGRAMS}
    assert not strange, "to be declared in tools/base/programs.py"


def test_all_that_is_declared_is_started(starts: set[Start]) -> None:
    assert sorted(programs.PROGRAMS.keys() - {start.program for start in starts}) == []


def test_programs_are_declared_for_those_who_start_them(starts: set[Start]) -> None:
    for start in starts:
        path = str(start.path.relative_to(ROOT))
        users = next((USERS[folder] for folder in USERS if path.startswith(folder + "/")), None)
        uses = set(programs.PROGRAMS[start.program][1].split())
        assert users is None or uses & users, f"{path}:{start.line}: {start.program}"


@pytest.mark.parametrize("program", programs.PROGRAMS)
def test_the_setup_installs_what_is_needed(program: str) -> None:
    package, uses = programs.PROGRAMS[program]
    for use in uses.split():
        there = package in (*programs.GIVEN, *programs.ESSENTIAL)
        assert there or package in setup.table(*setup.USES[use]), f"{package}, for {use}"


def test_the_package_is_the_one_that_has_the_program() -> None:
    """As far as it is installed here; renamed by an alternative, it is another's file."""
    known = programs.installed()
    assert all(known[name].essential for name in programs.ESSENTIAL)
    for program, (package, _) in programs.PROGRAMS.items():
        if package in known:
            holders = programs.closure(known, [package]) if package not in programs.ESSENTIAL \
                else {package}
            listed = programs.ask_dpkg("--listfiles", *sorted(holders)).split()
            assert any(Path(path).name == program for path in listed), (program, package)


def test_nothing_else_can_be_found_while_tests_run(tmp_path: Path) -> None:
    """Such as what procps and sudo bring, which most machines have and a bare one lacks."""
    assert programs.fill_with_declared(tmp_path, "test")
    there = {path.name for path in tmp_path.iterdir()}
    assert {"sh", "ls", "awk", "which", "python3", "git", "apt-get", "ninja", "ip"} <= there
    assert not there & {"sysctl", "ps", "sudo", "vim", "debootstrap"}
    assert all(path.exists() for path in tmp_path.iterdir())


def test_dependencies_are_followed() -> None:
    def package(depends: str = "", essential: bool = False, provides: str = "") -> programs.Package:
        return programs.Package(essential, tuple(map(programs.names, depends.split(","))),
                                programs.names(provides))
    known = {"base": package(essential=True), "a": package("b (>= 2) | c, virtual:any"),
             "c": package("a"), "real": package(provides="virtual"), "other": package()}
    assert programs.closure(known, ["a", "absent"]) == {"base", "a", "c", "real"}


def test_what_runs_in_a_lab_counts() -> None:
    assert programs.inside(["nsenter", "-n", "-t", "1", "--", "sysctl", "-w"])[0] == "sysctl"
    assert programs.inside(["curl", "--", "x"]) == []


def test_every_program_that_tests_wait_for_has_a_deadline() -> None:
    """A subprocess.run without one waits as long as the whole test may take."""
    for path in PYTHON:
        if "tests" not in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "subprocess.run":
                given = {word.arg for word in node.keywords}
                assert "timeout" in given, f"{path.relative_to(ROOT)}:{node.lineno}"
