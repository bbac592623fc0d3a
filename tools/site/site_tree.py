"""Walks a site's folder: lists files and folders, and refuses what cannot be served."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.base.errors import UserError

# The longest path served, in bytes of UTF-8 with its leading slash. Percent-encoded it is at most
# three times as long, which fits into a request line (limits::kRequestLineBytes).
MAX_PATH_BYTES = 1024

# Version control's folder: serving it would give away the site's history.
EXCLUDED = {".git"}

_SPECIAL = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class SiteFile:
    """One file: its decoded path in URLs, with a leading slash, and its place on disk."""

    path: bytes
    source: Path


@dataclass(frozen=True)
class SiteTree:
    """A folder's content, sorted by path; folders end in a slash."""

    files: list[SiteFile]
    folders: list[bytes]


def quoted(path: Path) -> str:
    """A path for messages, on one line whatever it contains."""
    return repr(str(path)).replace("\\udc", "\\x")


def walk_site(site: Path) -> SiteTree:
    """Lists the site's files and folders; UserError names one that cannot be served."""
    if not site.exists():
        raise UserError(f"{quoted(site)}: no such folder; give the folder that holds the site")
    if not site.is_dir():
        raise UserError(f"{quoted(site)}: not a folder; give the folder that holds the site")
    root = site.resolve()
    files: list[SiteFile] = []
    folders: list[bytes] = []
    # An explicit stack, since folders may be nested deeper than Python's calls.
    pending = [(root, b"/", (_identity(root),))]
    while pending:
        folder, path, above = pending.pop()
        folders.append(path)
        for name, source in _entries(folder):
            child = path + _url_name(source, name)
            _check_length(source, child)
            if not _is_folder(source, root):
                files.append(SiteFile(child, source))
                continue
            identity = _identity(source)
            if identity in above:
                raise UserError(f"{quoted(source)}: a symbolic link that leads back to a folder "
                                "above itself; remove it from the site")
            pending.append((source, child + b"/", above + (identity,)))
    if not files:
        raise UserError(f"{quoted(site)}: holds no files; put at least an index.html into it")
    return SiteTree(sorted(files, key=lambda file: file.path), sorted(folders))


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise UserError(f"{quoted(folder)}: cannot be read ({error.strerror}); "
                        "make it readable or move it out of the site") from error
    for name in names:
        if name not in EXCLUDED:
            yield name, folder / name


def _url_name(source: Path, name: str) -> bytes:
    try:
        return name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(f"{quoted(source)}: its name is not UTF-8 and has no address on the web; "
                        "rename it") from error


def _check_length(source: Path, path: bytes) -> None:
    if len(path) > MAX_PATH_BYTES:
        raise UserError(f"{quoted(source)}: its path has {len(path)} bytes, more than the "
                        f"{MAX_PATH_BYTES} that can be served; shorten it")


def _is_folder(source: Path, root: Path) -> bool:
    """Whether an entry is a folder; refuses all but folders and files within the site."""
    try:
        if source.is_symlink():
            _check_link(source, root)
        mode = source.stat().st_mode
    except OSError as error:
        raise UserError(f"{quoted(source)}: cannot be read ({error.strerror}); "
                        "make it readable or move it out of the site") from error
    if stat.S_ISDIR(mode):
        return True
    if not stat.S_ISREG(mode):
        what = _SPECIAL.get(stat.S_IFMT(mode), "not a regular file")
        raise UserError(f"{quoted(source)}: {what}, which cannot be served; "
                        "move it out of the site")
    return False


def _check_link(source: Path, root: Path) -> None:
    try:
        target = source.resolve(strict=True)
    except RuntimeError as error:
        raise UserError(f"{quoted(source)}: a symbolic link that leads to itself; "
                        "remove it from the site") from error
    except OSError as error:
        raise UserError(f"{quoted(source)}: a symbolic link to nothing ({error.strerror}); "
                        "mend or remove it") from error
    if not target.is_relative_to(root):
        raise UserError(f"{quoted(source)}: a symbolic link out of the site, to {quoted(target)}; "
                        "put a copy in its place")
    if EXCLUDED.intersection(target.relative_to(root).parts):
        raise UserError(f"{quoted(source)}: a symbolic link to {quoted(target)}, which is not "
                        "served; remove it from the site")


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino
