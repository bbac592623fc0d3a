"""The raw disk compressed, and in archives: the same bytes for the same input."""

import gzip
import io
import lzma
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from tools.base.files import replacing

GZIP_LEVEL = 6
ZSTD_LEVEL = "-9"


def write_gzip(raw: Path, out: BinaryIO) -> None:
    """RFC 1952, without name and time."""
    with gzip.GzipFile("", "wb", GZIP_LEVEL, out, mtime=0) as packed, raw.open("rb") as source:
        shutil.copyfileobj(source, packed, 1 << 20)


def write_xz(raw: Path, out: BinaryIO) -> None:
    with lzma.LZMAFile(out, "wb") as packed, raw.open("rb") as source:
        shutil.copyfileobj(source, packed, 1 << 20)


def write_zstd(raw: Path, out: BinaryIO) -> None:
    """Of one thread, because the bytes depend on whether there are several."""
    run_into(["zstd", "-q", "-c", "--single-thread", ZSTD_LEVEL, raw], out)


COMPRESSED: dict[str, Callable[[Path, BinaryIO], None]] = {
    "gz": write_gzip, "xz": write_xz, "zst": write_zstd}


def write_compressed(raw: Path, kind: str, out: Path) -> None:
    with replacing(out) as file:
        COMPRESSED[kind](raw, file)


def run_into(command: list[str | Path], out: BinaryIO) -> None:
    """Runs a program whose output goes into a file."""
    result = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False)
    if result.returncode != 0:
        reason = result.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise RuntimeError(f"{command[0]}: {reason[-1]}")


def write_google(raw: Path, out: Path) -> None:
    """What Google's Compute Engine imports: disk.raw in a tar of GNU's old form, where runs of
    zeros take no room, compressed by gzip."""
    disk = raw.with_name("disk.raw")
    raw.rename(disk)
    archive = raw.with_name("disk.tar")
    with archive.open("wb") as file:
        # What is a run of zeros is to follow from the content, not from the file system.
        run_into(["tar", "--format=oldgnu", "--sparse", "--hole-detection=raw", "--mtime=@0",
                  "--owner=root:0", "--group=root:0", "--mode=0644", "-C", disk.parent, "-cf", "-",
                  disk.name], file)
    write_compressed(archive, "gz", out)


def write_tar(members: Iterable[tuple[tarfile.TarInfo, bytes | Path]], out: BinaryIO) -> None:
    """A tar (POSIX.1-1988, larger files in GNU's way) of these members; their times are zero."""
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for info, content in members:
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.size = content.stat().st_size
                with content.open("rb") as source:
                    tar.addfile(info, source)


def member(name: str, mode: int = 0o644, owner: int = 0) -> tarfile.TarInfo:
    """A file's entry."""
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid = mode, owner, owner
    return info
