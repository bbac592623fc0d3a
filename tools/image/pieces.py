"""Runs of bytes that make up an image, in memory or in files, and how they are written."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

CHUNK = 1 << 20


class Piece(NamedTuple):
    """Bytes, or a file's content, at an offset."""

    at: int
    content: bytes | Path


def size_of(content: bytes | Path) -> int:
    return content.stat().st_size if isinstance(content, Path) else len(content)


def write(pieces: Iterable[Piece], file: BinaryIO) -> bytes:
    """Writes the pieces to their places; returns a digest of contents and places."""
    digest = hashlib.sha256()
    for at, content in sorted(pieces, key=lambda piece: piece.at):
        file.seek(at)
        digest.update(at.to_bytes(8, "little"))
        if isinstance(content, bytes):
            file.write(content)
            digest.update(content)
            continue
        with content.open("rb") as source:
            while chunk := source.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
    return digest.digest()
