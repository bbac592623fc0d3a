"""Writes a site as a disk image, in hypervisors' formats."""

import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

from tools.base import setup
from tools.base.errors import UserError, no_room_advice, one_line
from tools.base.files import check_target, replacing
from tools.base.terminal import Progress, size_text
from tools.image.packed_site import packed_site

# A file's ending -> its format.
ENDINGS = {".img": "raw", ".raw": "raw", ".qcow2": "qcow2", ".vmdk": "vmdk", ".vdi": "vdi",
           ".elf": "elf", ".efi": "efi"}
FORMATS = ("raw", "qcow2", "vmdk", "vdi", "elf", "efi")


def format_of(out: Path, asked: str | None) -> str:
    """The format asked for, or the one of the file's ending."""
    if asked:
        return asked
    if out.suffix.lower() in ENDINGS:
        return ENDINGS[out.suffix.lower()]
    raise UserError(f"{out}: its ending names no format; name it like site.qcow2, or give "
                    f"--format {'|'.join(FORMATS)}")


def needs(kind: str) -> dict[str, str]:
    """The tools that a format needs."""
    return {} if kind in ("raw", "elf", "efi") else setup.CONVERT


def write_image(site: Path, out: Path, asked: str | None, config: Path | None) -> None:
    """Writes the image in one step and prints its path, size and number of files."""
    kind = format_of(out, asked)
    check_target(out)
    with packed_site(site, config) as pack, Progress(f"Writing {out}"):
        if kind == "elf":
            pack.assemble_elf(out)
        elif kind == "efi":
            pack.assemble_efi(out)
        elif kind == "raw":
            pack.assemble_raw(out)
        else:
            raw = pack.path.with_suffix(".img")
            pack.assemble_raw(raw)
            copy_whole(converted(raw, kind), out)
        files = pack.summary.files
    size = out.stat().st_size
    print(f"{one_line(out)}: {size_text(size)}, {files} file{'' if files == 1 else 's'}")


def converted(raw: Path, kind: str) -> Path:
    """The raw image in another format, the same bytes for the same input."""
    out = raw.with_suffix(f".{kind}")
    result = subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", kind, raw, out], text=True,
                            capture_output=True, check=False)
    if result.returncode != 0:
        reason = result.stderr.strip().splitlines() or ["no message"]
        full = "No space left" in result.stderr
        raise RuntimeError(f"{kind} image: {reason[-1]}" + (f"; {no_room_advice()}" * full))
    if kind in IDENTIFIERS:
        IDENTIFIERS[kind](out, zlib.crc32(raw.read_bytes()))
    return out


def fix_vmdk(path: Path, seed: int) -> None:
    """VMDK's content identifier in its descriptor (Virtual Disk Format 5.0).

    qemu-img writes it without leading zeros, so ours may be longer: the text after it then moves
    into the zeros that follow.
    """
    with path.open("r+b") as disk:
        head = disk.read(64 * 1024)
        start = head.index(b"\nCID=") + len(b"\nCID=")
        end = head.index(b"\n", start)
        rest = head[end:head.index(b"\0", end)]
        disk.seek(start)
        disk.write(f"{seed & 0xFFFFFFFE:08x}".encode() + rest)  # all ones means: no parent


def fix_vdi(path: Path, seed: int) -> None:
    """VDI's two random UUIDs, those of the image and of its last snapshot, at 188h and 198h."""
    with path.open("r+b") as disk:
        disk.seek(0x188)
        for purpose in (b"image", b"snapshot"):
            words = [zlib.crc32(purpose + bytes([word]), seed) for word in range(4)]
            disk.write(b"".join(word.to_bytes(4, "little") for word in words))


# Formats into which qemu-img puts random identifiers -> derives them from the content instead.
IDENTIFIERS: dict[str, Callable[[Path, int], None]] = {"vmdk": fix_vmdk, "vdi": fix_vdi}


def copy_whole(made: Path, out: Path) -> None:
    """Copies a file to where it was asked for, completely or not at all, with holes for zeros."""
    with replacing(out) as target, made.open("rb") as source:
        size = 0
        while data := source.read(64 * 1024):
            size += len(data)
            if data.count(0) == len(data):
                target.seek(size)
            else:
                target.write(data)
        target.truncate(size)
