"""A deadline for the main thread: fails it where it stands, and prints all stacks."""

import faulthandler
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

AGAIN_S = 60  # time for cleaning up before it fails again
LAST_S = 180  # beyond the deadline; then a process that still hangs ignores signals and is ended


class Deadline:
    """One at a time, by SIGALRM."""

    def __init__(self) -> None:
        self._what = ""
        self._errors = sys.__stderr__

    def prepare(self) -> None:
        """Call this while stderr is still the terminal's, not a test's."""
        self._errors = os.fdopen(os.dup(2), "w")
        signal.signal(signal.SIGALRM, self._over)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])

    @contextmanager
    def of(self, seconds: float, what: str) -> Iterator[None]:
        self._what = f"{what}: not within {seconds:g} s"
        faulthandler.dump_traceback_later(seconds + LAST_S, file=self._errors, exit=True)
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)
        try:
            yield
        finally:
            self.lift()

    def lift(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()

    def _over(self, number: int, frame: FrameType | None) -> None:
        others = sys._current_frames()
        del others[threading.main_thread().ident]  # the failure itself shows its stack
        for thread, top in others.items():
            print(f"\nThread {thread:#x}:\n{''.join(traceback.format_stack(top))}", file=sys.stderr)
        pytest.fail(self._what)
