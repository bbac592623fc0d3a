"""Commands' output: plain lines, and on a terminal one moving line of progress."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType, TracebackType
from typing import NoReturn

from tools.base.errors import one_line

LATER_S = 0.01


def end_by_interrupt() -> None:
    """Makes the signals that end a program act like Ctrl-C, so that it cleans up first.

    Signals ignored from the start (nohup) stay ignored.
    """
    sys.unraisablehook = _interrupt_later
    signal.signal(signal.SIGALRM, _interrupt)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) != signal.SIG_IGN:
            signal.signal(ending, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second one must not stop the clean-up
    raise KeyboardInterrupt


def _interrupt_later(lost: "sys.UnraisableHookArgs") -> None:
    """Raises an interrupt slightly later if it came where Python can't raise anything, such as in
    the functions that logging has called at each fork. Else it would be lost."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, LATER_S)
    else:
        sys.__unraisablehook__(lost)


def _moves() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def faint(text: str) -> str:
    """Dimmed, if the terminal can and the user has not set NO_COLOR."""
    return text if os.environ.get("NO_COLOR") or not _moves() else f"\033[2m{text}\033[0m"


class Progress:
    """Shows a task's progress while the `with` block runs.

    On a terminal: one line on stderr with the time taken and the latest note, which goes away at
    the end. Elsewhere: the task as one plain line on stdout, once it has taken over a second;
    stderr is for errors only.
    """

    def __init__(self, task: str) -> None:
        self._task = task
        self._note = ""
        self._start = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def note(self, text: str) -> None:
        """Shows `text` as the task's current step."""
        self._note = text

    def __enter__(self) -> "Progress":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _show(self) -> None:
        if not _moves():
            if not self._done.wait(1):
                with suppress(BrokenPipeError):  # the main thread reports it
                    print(f"{one_line(self._task)} …", flush=True)
            return
        drawn = False
        while not self._done.wait(0.5 if not drawn else 0.2):
            drawn = True
            seconds = int(time.monotonic() - self._start)
            line = f"{self._task} … {seconds} s  {self._note}"
            width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
            sys.stderr.write(f"\r\033[K{faint(one_line(line)[:width])}")
            sys.stderr.flush()
        if drawn:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def size_text(count: int) -> str:
    """A number of bytes for people: 512 bytes, 34 KiB, 1.5 MiB."""
    if count < 1024:
        return f"{count} bytes"
    for unit in ("KiB", "MiB", "GiB"):
        count /= 1024
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if count >= 10 else f"{count:.1f} {unit}"
    raise AssertionError
