"""How the front door ends: by signals, at any moment, in the background, and beside another one."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/blackbox")]

from lab import die_with_parent, end, until  # noqa: E402
from tools.build import ninja  # noqa: E402


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>One</title>\n")
    return folder


@contextmanager
def at_work(folder: Path, site: Path, command: str,
            ignored: tuple[signal.Signals, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """./mote at the moment when it has temporary files, in folder/tmp.

    The image is held up by a qemu-img that waits until folder/go is written to, and then fails; the
    machine just runs.
    """
    (folder / "tmp").mkdir()
    os.mkfifo(folder / "go")
    slow = folder / "qemu-img"
    slow.write_text(f"#!/bin/sh\nread line < {folder}/go\necho it failed >&2\nexit 1\n")
    slow.chmod(0o755)
    environment = os.environ | {"TMPDIR": str(folder / "tmp"),
                                "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    more = ["-o", str(folder / "a.qcow2")] if command == "image" else ["--http-port", "18473"]

    def inherit() -> None:
        die_with_parent()
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    process = subprocess.Popen([ROOT / "mote", command, site, *more], env=environment, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, preexec_fn=inherit)
    try:
        made = "*/site.img" if command == "image" else "*/mote.elf"
        until(lambda: list((folder / "tmp").glob(made)) or process.poll() is not None, made, 120)
        yield process
    finally:
        end(process)
        process.stderr.close()


def ends(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Waits for the end; the status and the complaint."""
    complaint = process.communicate(timeout=60)[1]
    return process.returncode, complaint


@pytest.mark.needs("image")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("command", ["run", "image"])
def test_signals_leave_nothing_behind(tmp_path: Path, site: Path, command: str,
                                      ending: signal.Signals) -> None:
    with at_work(tmp_path, site, command) as process:
        process.send_signal(ending)
        assert ends(process) == (0 if command == "run" else 130, "")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.needs("image")
@pytest.mark.parametrize("ignored", [signal.SIGHUP, signal.SIGINT])
def test_what_was_ignored_from_the_start_stays_so(tmp_path: Path, site: Path,
                                                  ignored: signal.Signals) -> None:
    """Under nohup, or behind `&`, an image is written to its end, which here is qemu-img's."""
    with at_work(tmp_path, site, "image", (ignored,)) as process:
        process.send_signal(ignored)
        (tmp_path / "go").write_text("on\n")
        assert ends(process) == (1, "mote: qcow2 image: it failed\n")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.needs("image")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_machine_in_the_background_can_be_ended(tmp_path: Path, site: Path,
                                                  ending: signal.Signals) -> None:
    """A shell has its background jobs ignore Ctrl-C; `kill -INT` means it, though."""
    with at_work(tmp_path, site, "run", (signal.SIGINT,)) as process:
        process.send_signal(ending)
        assert ends(process) == (0, "")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("moment", ["before", "after_in_parent"])
def test_an_interrupt_while_forking_is_not_lost(ending: signal.Signals, moment: str) -> None:
    """It comes in a function that the library has called at each fork, as logging does."""
    program = f"""
import os, subprocess, sys
sys.path.insert(0, {str(ROOT)!r})
from tools.base import terminal
from tools.command_line import run
terminal.end_by_interrupt()
once = [{int(ending)}]
os.register_at_fork({moment}=lambda: once and os.kill(os.getpid(), once.pop()))
try:
    subprocess.run(["sleep", "60"], stderr=subprocess.DEVNULL, preexec_fn=run.die_with_parent)
except KeyboardInterrupt:
    sys.exit(130)
"""
    process = subprocess.Popen([sys.executable, "-c", program], text=True, stderr=subprocess.PIPE,
                               preexec_fn=die_with_parent)
    try:
        assert ends(process) == (130, "")
    finally:
        end(process)
        process.stderr.close()


def test_a_build_ends_with_the_door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stand-in for Ninja that says one thing and waits, and the signal at that moment."""
    stand_in = tmp_path / "ninja"
    stand_in.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\necho '[1/2] C++'\nexec sleep 60\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    class Interrupted:
        def note(self, text: str) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ninja.ninja(["all"], Interrupted())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_two_builds_take_turns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two terminals, or two tests at once, build in one folder."""
    monkeypatch.setattr(ninja, "BUILD", tmp_path)
    begun = threading.Event()
    monkeypatch.setattr(ninja, "ninja", lambda *_: begun.set())
    with (tmp_path / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        second = threading.Thread(target=ninja.build, args=(["all"], None))
        second.start()
        assert not begun.wait(0.3)
    second.join(30)
    assert begun.is_set()


def test_an_interrupt_among_the_imports_is_quiet(tmp_path: Path) -> None:
    """A module of the library that stands for the user's Ctrl-C."""
    (tmp_path / "argparse.py").write_text("raise KeyboardInterrupt\n")
    shown = subprocess.run([ROOT / "mote", "--version"], text=True, capture_output=True,
                           env=os.environ | {"PYTHONPATH": str(tmp_path)}, check=False,
                           stdin=subprocess.DEVNULL, timeout=60)
    assert (shown.returncode, shown.stderr) == (130, "")


SLOW_TO_END = """
import signal, sys, threading
from pathlib import Path

def end(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Event().wait(1)
    Path(sys.argv[1]).write_text("cleaned up")
    sys.exit(1)

signal.signal(signal.SIGTERM, end)
Path(sys.argv[1]).write_text("started")
threading.Event().wait(60)
"""
STARTS_IT = """
import os, sys
from tools.base import terminal
from tools.command_line import run_tests
terminal.end_by_interrupt()
sys.exit(run_tests.start([sys.executable, "-c", {slow!r}, sys.argv[1]], dict(os.environ)))
"""


def test_who_is_interrupted_waits_until_what_it_started_has_cleaned_up(tmp_path: Path) -> None:
    told = tmp_path / "told"
    process = subprocess.Popen([sys.executable, "-c", STARTS_IT.format(slow=SLOW_TO_END), told],
                               cwd=ROOT, preexec_fn=die_with_parent)
    try:
        until(lambda: told.exists() and told.read_text() == "started", "the start")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
    finally:
        end(process)
    assert told.read_text() == "cleaned up"
