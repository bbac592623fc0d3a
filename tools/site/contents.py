"""The content of a pack's messages: files, read twice to notice any change, and text."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from tools.base.errors import UserError, system_error
from tools.site.media_types import Utf8Check
from tools.site.site_tree import quoted

PIECE = 1 << 20

# The beginning of a gzip file, with deflate, its only method (RFC 1952, 2.3.1).
_GZIP = b"\x1f\x8b\x08"

# Placeholder times that tools write so that the same input makes the same archive: ZIP's earliest
# and one second later (Cloud Native Buildpacks), Gradle's, and npm's. Nix, Guix, OSTree and Jib
# write 0 or 1. Content changes under such a time, and If-Modified-Since would never notice.
_PLACEHOLDERS = frozenset((315532800, 315532801, 318211200, 499162500))


@dataclass(frozen=True)
class Content:
    """A file's properties, found by reading it once."""

    bytes: int
    digest: str  # SHA-256 in hexadecimal
    utf8: bool
    modified: int  # seconds since 1970; 0: not known
    gzip: bool = False  # whether it begins like a gzip file
    has_own_date: bool = True  # `modified` is the file's own, neither unknown nor lowered


class Body(Protocol):
    """The content that follows a head."""

    @property
    def bytes(self) -> int: ...

    def pieces(self) -> Iterator[bytes]: ...


@dataclass(frozen=True)
class TextBody:
    """Content made by the packer."""

    text: bytes

    @property
    def bytes(self) -> int:
        return len(self.text)

    def pieces(self) -> Iterator[bytes]:
        yield self.text


@dataclass(frozen=True)
class FileBody:
    """A file's content, refused if it has changed since it was first read."""

    source: Path
    content: Content

    @property
    def bytes(self) -> int:
        return self.content.bytes

    def pieces(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        size = 0
        for piece in file_pieces(self.source):
            size += len(piece)
            if size <= self.content.bytes:
                digest.update(piece)
                yield piece
        if size != self.content.bytes or digest.hexdigest() != self.content.digest:
            raise UserError(f"{quoted(self.source)}: changed while it was being packed; "
                            "pack again when nothing writes to it")


@dataclass(frozen=True)
class StoredBody:
    """Content kept in a temporary file."""

    store: BinaryIO
    offset: int
    bytes: int

    def pieces(self) -> Iterator[bytes]:
        self.store.seek(self.offset)
        left = self.bytes
        while left > 0:
            piece = self.store.read(min(left, PIECE))
            left -= len(piece)
            yield piece


def file_pieces(source: Path) -> Iterator[bytes]:
    try:
        with open(source, "rb") as file:
            while piece := file.read(PIECE):
                yield piece
    except OSError as error:
        raise system_error(source, error, "make it readable or move it out of the site") from error


def read_content(source: Path, latest: int) -> Content:
    """Reads a file; a time of modification later than `latest` counts as `latest`."""
    digest = hashlib.sha256()
    utf8 = Utf8Check()
    size = 0
    gzip = False
    for piece in file_pieces(source):
        gzip = gzip or (size == 0 and piece.startswith(_GZIP))
        digest.update(piece)
        utf8.update(piece)
        size += len(piece)
    own = int(source.stat().st_mtime)
    modified = min(own, latest)
    is_known = modified > 1 and modified not in _PLACEHOLDERS
    return Content(size, digest.hexdigest(), utf8.finish(), modified if is_known else 0, gzip,
                   is_known and own <= latest)
