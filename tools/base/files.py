"""Output files: checks that they can be written, and writes them completely or not at all."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tools.base.errors import UserError, system_error


def check_target(out: Path) -> None:
    """Refuses a path that cannot be written, before the work is done."""
    if out.is_dir():
        raise UserError(f"{out}: is a folder; give the name of a file")
    above = [out.parent, *out.parent.parents]
    for folder in reversed(above):
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "is not there; make it first"
            raise UserError(f"{out}: {folder} {what}")
    folder = behind_link(out).parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{out}: cannot be written; the folder {folder} is not writable")


def behind_link(out: Path) -> Path:
    """The file to write: the target of a symbolic link, or `out` itself.

    Accepts only regular files: a device or a pipe would be replaced by a file of its name.
    """
    try:
        target = out.resolve() if out.is_symlink() else out
        mode = out.stat().st_mode
    except RuntimeError:
        raise UserError(f"{out}: a symbolic link that leads to itself; remove it") from None
    except OSError:
        return target  # nothing there yet
    if not stat.S_ISREG(mode):
        raise UserError(f"{out}: is not a regular file, and is left as it is; give another name")
    return target


@contextmanager
def temporary_file() -> Iterator[BinaryIO]:
    """A file without a name, for data that does not fit into memory."""
    try:
        file = tempfile.TemporaryFile(prefix="mote-")
    except OSError as error:
        raise RuntimeError(f"no place for temporary files ({error.strerror}); set TMPDIR to a "
                           "folder that can be written") from None
    with file:
        yield file


@contextmanager
def replacing(out: Path) -> Iterator[BinaryIO]:
    """A new file that replaces `out` only when it is complete."""
    target = behind_link(out)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    except OSError as error:
        raise system_error(out, error, "choose another place") from None
    try:
        with open(handle, "w+b") as file:
            yield file
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, target)
    except OSError as error:
        raise system_error(out, error, "make room there or choose another place") from None
    finally:
        Path(name).unlink(missing_ok=True)
