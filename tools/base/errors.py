"""Errors for users: whose fault they are, their exit status, and their words on one line."""

import errno
import tempfile
from pathlib import Path

# What the system could not do, whatever the user had asked for.
_FAILURES = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class UserError(Exception):
    """Unusable arguments or input; the program prints the message and exits with status 2."""


def system_error(path: Path, error: OSError, advice: str) -> UserError | RuntimeError:
    """What to raise for a system call that failed: RuntimeError (status 1) for what the user's
    arguments have no part in."""
    if error.errno in _NO_ROOM and path.is_relative_to(tempfile.gettempdir()):
        advice = no_room_advice()
    kind = RuntimeError if error.errno in _FAILURES else UserError
    return kind(f"{path}: {error.strerror}; {advice}")


def no_room_advice() -> str:
    return f"make room in {tempfile.gettempdir()}, or set TMPDIR to a folder that has more"


def one_line(text: object) -> str:
    """Text for a terminal: what would end the line or steer the terminal is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode()
                   for c in str(text))
