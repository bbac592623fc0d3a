"""What every test stands under: a deadline, declared programs only, results kept of what fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EACH_RUN = [(), ("-n", "1")]


def pytest_on(folder: Path, text: str, *arguments: str, name: str = "test_made_up") -> str:
    """What a pytest of its own says to tests that are made up."""
    path = folder / f"{name}.py"
    path.write_text(text)
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith("PYTEST_")}  # we may be a worker
    environment |= {"COLUMNS": "200", "PYTHONPATH": f"{ROOT}/tests/blackbox:{ROOT}/tests"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "guard", "-p", "needs",
         *arguments, path], cwd=folder, text=True, capture_output=True, check=False, timeout=200,
        env=environment).stdout


@pytest.mark.parametrize("workers", EACH_RUN)
def test_what_hangs_fails_and_the_next_one_runs(tmp_path: Path, workers: tuple[str, ...]) -> None:
    said = pytest_on(tmp_path, """
import subprocess, sys, threading

end = threading.Event()

def test_that_waits():
    threading.Thread(target=end.wait, args=(30,)).start()
    try:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"])
    finally:
        end.set()

def test_behind_it():
    assert end.is_set()
""", "--deadline", "2", *workers)
    assert "the run of" in said and "test_that_waits: not within 2 s" in said, said
    assert "in communicate" in said and "Thread 0x" in said, said
    assert "1 failed, 1 passed" in said, said


@pytest.mark.parametrize("workers", EACH_RUN)
def test_what_takes_no_signals_is_ended(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """A call into C that never returns: the last resort, here after two seconds."""
    said = pytest_on(tmp_path, """
import ctypes, signal
import deadline

deadline.LAST_S = 1

def test_that_is_deaf():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    ctypes.CDLL(None).pause()

def test_behind_it():
    pass
""", "--deadline", "1", *workers)
    assert "passed" not in said if not workers else "1 failed, 1 passed" in said, said


def test_a_deadline_of_its_own(tmp_path: Path) -> None:
    said = pytest_on(tmp_path, """
import pytest, threading

@pytest.mark.deadline(0.5)
def test_that_waits():
    threading.Event().wait(30)

@pytest.fixture
def slow():
    yield
    threading.Event().wait(30)

@pytest.mark.deadline(0.5)
def test_that_ends_slowly(slow):
    pass
""")
    assert "the run of" in said and "the end of" in said, said
    assert "1 failed, 1 passed, 1 error" in said, said


def test_what_starts_undeclared_programs_fails(tmp_path: Path) -> None:
    """By subprocess, in a lab, and by os.system."""
    said = pytest_on(tmp_path, """
import os, subprocess

def test_one():
    subprocess.run(["true"])

def test_two():
    subprocess.run(["nsenter", "--version", "--", "false"])

def test_three():
    os.system(":")

def test_good():
    subprocess.run(["sh", "-c", ":"])
""")
    for program in ("true", "false", "os.system: b':'"):
        assert f"started {program}, which tools/base/programs.py doesn't declare" in said, said
    assert "4 passed, 3 errors" in said, said


def test_what_is_built_is_used_by_those_who_need_it(tmp_path: Path) -> None:
    said = pytest_on(tmp_path, f"""
import pytest, subprocess

def test_file():
    with pytest.raises(OSError):
        open({str(ROOT / "build/none.pack")!r})

def test_start():
    with pytest.raises(OSError):
        subprocess.run([{str(ROOT / "build/tests/none")!r}])

@pytest.mark.needs("image")
def test_needed():
    with pytest.raises(OSError):
        open({str(ROOT / "build/none.pack")!r})
""")
    assert "3 passed, 2 errors" in said, said
    for what in ("build/none.pack", "build/tests/none"):
        assert f"uses {what}: mark the test with pytest.mark.needs(…)" in said, said


@pytest.mark.needs("image")
@pytest.mark.parametrize("workers", EACH_RUN)
def test_a_failure_leaves_console_and_capture(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """Whether it fails in its run, in its preparation or in its end, or is over its deadline."""
    name = "test_made_up_for_workers" if workers else "test_made_up"
    results = ROOT / "build/test-results" / name
    shutil.rmtree(results, ignore_errors=True)
    said = pytest_on(tmp_path, """
import pytest, signal, threading

def test_good(bench):
    bench.boot().ping_answers()

def test_run(bench):
    bench.boot().ping_answers()
    assert False, "wrong"

@pytest.fixture
def unprepared(bench):
    bench.boot().ping_answers()
    raise RuntimeError

def test_preparation(unprepared):
    pass

def test_end(bench):
    bench.boot().ping_answers()
    bench.on_close(lambda: 1 / 0)

def test_hang(bench):
    bench.boot().ping_answers()
    signal.setitimer(signal.ITIMER_REAL, 0.1)  # as if all its time had passed by now
    threading.Event().wait(100)

def test_shared(guest):
    guest.ping_answers()
    assert False
""", "-p", "conftest", *workers, name=name)
    shared = "shared-gw0" if workers else "shared-main"
    kept = sorted(path.name for path in results.iterdir())
    assert kept == sorted(["test_run", "test_preparation", "test_end", "test_hang", shared]), said
    for folder in results.iterdir():
        machine = folder / "machine"
        assert "ready" in (machine / "serial.log").read_text(), folder
        assert (machine / "capture.pcap").stat().st_size > 24 + 6 * (16 + 98), folder  # of pings
        assert (machine / "command.txt").read_text().startswith("qemu-system-x86_64 ")
        assert f"{machine.relative_to(ROOT)}/, with capture.pcap" in said, folder
    shutil.rmtree(results)


@pytest.mark.needs("image")
def test_a_failure_after_a_panic_tells_functions_and_lines(tmp_path: Path) -> None:
    name = "test_made_up_panic"
    results = ROOT / "build/test-results" / name
    shutil.rmtree(results, ignore_errors=True)
    said = pytest_on(tmp_path, """
import pytest
from kernel_map import symbols
from test_protection import boot_with_stub, have_it_write

@pytest.mark.needs("image")
def test_panic(bench, stub_path):
    guest, stub = boot_with_stub(bench, stub_path)
    have_it_write(stub, symbols()["idt"].address)
    guest.console.wait_for("^resetting$")
    assert False
""", "-p", "conftest", name=name)
    assert "\nbacktrace, by build/kernel.elf:\n" in said, said
    assert "inlined in memset, kernel/memory/memory.cpp:" in said, said
    shutil.rmtree(results)
