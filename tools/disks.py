"""Writes a site as a disk image in any of the formats that hypervisors take."""

import os
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from tools import setup
from tools.assembly import packed_site
from tools.errors import UserError
from tools.terminal import Progress, size_text

# A file's ending -> its format.
ENDINGS = {".img": "raw", ".raw": "raw", ".qcow2": "qcow2", ".vmdk": "vmdk", ".vdi": "vdi",
           ".elf": "elf"}
FORMATS = ("raw", "qcow2", "vmdk", "vdi", "elf")


def format_of(out: Path, asked: str | None) -> str:
    """The format that was asked for, or that the file's ending tells."""
    if asked:
        return asked
    if out.suffix.lower() in ENDINGS:
        return ENDINGS[out.suffix.lower()]
    raise UserError(f"{out}: its ending tells no format; name it like site.qcow2, or give "
                    f"--format {'|'.join(FORMATS)}")


def check_target(out: Path) -> None:
    """Refuses a place that cannot be written, before the work is done."""
    if out.is_dir():
        raise UserError(f"{out}: is a folder; give the name of a file")
    if not out.parent.is_dir():
        raise UserError(f"{out}: the folder {out.parent} is not there; make it first")
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise UserError(f"{out}: cannot be written; the folder {out.parent} is not writable")


def write_image(site: Path, out: Path, asked: str | None, config: Path | None) -> None:
    """Writes the image in one step and prints its path, size and number of files."""
    kind = format_of(out, asked)
    check_target(out)
    if kind not in ("raw", "elf"):
        setup.provide(setup.CONVERT)
    with packed_site(site, config) as pack, Progress(f"Writing {out}"):
        made = pack.path.parent / "mote"
        if kind == "elf":
            pack.assemble_elf(made)
        else:
            pack.assemble_raw(made)
        if kind not in ("raw", "elf"):
            made = converted(made, kind)
        size = place(made, out)
    files = pack.summary.files
    print(f"{out}: {size_text(size)}, {files} file{'' if files == 1 else 's'}")


def converted(raw: Path, kind: str) -> Path:
    """The raw image in another format, the same bytes for the same input."""
    out = raw.with_suffix(f".{kind}")
    result = subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", kind, raw, out], text=True,
                            capture_output=True, check=False)
    if result.returncode != 0:
        reason = result.stderr.strip().splitlines() or ["no message"]
        raise RuntimeError(f"{kind} image: {reason[-1]}")
    if kind in IDENTIFIERS:
        IDENTIFIERS[kind](out, zlib.crc32(raw.read_bytes()))
    return out


def fix_vmdk(path: Path, seed: int) -> None:
    """VMDK's content identifier, eight digits in its descriptor (Virtual Disk Format 5.0)."""
    with path.open("r+b") as disk:
        descriptor = disk.read(64 * 1024)
        at = descriptor.index(b"\nCID=") + len(b"\nCID=")
        disk.seek(at)
        disk.write(f"{seed & 0xFFFFFFFE:08x}".encode())  # all ones means: no parent


def fix_vdi(path: Path, seed: int) -> None:
    """VDI's two random UUIDs, of the image and of its last snapshot, at 188h and 198h."""
    with path.open("r+b") as disk:
        disk.seek(0x188)
        for purpose in (b"image", b"snapshot"):
            words = [zlib.crc32(purpose + bytes([word]), seed) for word in range(4)]
            disk.write(b"".join(word.to_bytes(4, "little") for word in words))


# Formats into which qemu-img puts random identifiers, and what makes them follow the content.
IDENTIFIERS: dict[str, Callable[[Path, int], None]] = {"vmdk": fix_vmdk, "vdi": fix_vdi}


def place(made: Path, out: Path) -> int:
    """Moves a file to where it was asked for, whole or not at all; its size."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror}); choose another "
                        "place") from None
    try:
        with open(handle, "wb") as target, made.open("rb") as source:
            size = copy_sparsely(source, target)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, out)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise RuntimeError(f"{out}: {error.strerror}; make room there or choose another "
                           "place") from None
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return size


def copy_sparsely(source: BinaryIO, target: BinaryIO) -> int:
    """Copies a file, leaving holes for what is all zero; its size."""
    size = 0
    while data := source.read(64 * 1024):
        size += len(data)
        if data.count(0) == len(data):
            target.seek(size)
        else:
            target.write(data)
    target.truncate(size)
    return size
