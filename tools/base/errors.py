"""Errors for users: usage errors and failures, their exit status, and one-line messages."""

import errno
import tempfile
from pathlib import Path

# Failures of the system, independent of the user's arguments.
_FAILURES = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class UserError(Exception):
    """Unusable arguments or input; the program prints the message and exits with status 2."""


def system_error(path: Path, error: OSError, advice: str) -> UserError | RuntimeError:
    """The exception for a failed system call: RuntimeError (status 1) if the user's arguments have
    no part in it."""
    if error.errno in _NO_ROOM and path.is_relative_to(tempfile.gettempdir()):
        advice = no_room_advice()
    kind = RuntimeError if error.errno in _FAILURES else UserError
    return kind(f"{path}: {error.strerror}; {advice}")


def no_room_advice() -> str:
    return f"make room in {tempfile.gettempdir()}, or set TMPDIR to a folder that has more"


def one_line(text: object) -> str:
    """Text for a terminal; characters that would end the line or control it are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode()
                   for c in str(text))
