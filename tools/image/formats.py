"""Writes a site as an image, in the form that a platform wants."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tools.base import setup
from tools.base.errors import UserError, one_line
from tools.base.files import check_target, replacing
from tools.base.terminal import Progress, size_text
from tools.image import archives, conversions, iso, oci, ova
from tools.image.gpt import BLOCK, SECTOR
from tools.image.packed_site import FIRMWARE, SitePack, packed_site

MEBIBYTE, GIBIBYTE = 1 << 20, 1 << 30


@dataclass(frozen=True)
class Order:
    """What was asked for."""

    out: Path
    kind: str
    compress: bool = False
    sector_bytes: int = SECTOR


class Format(NamedTuple):
    """A format: endings of its files, the tools it needs, and how it is made."""

    endings: tuple[str, ...]
    write: Callable[[SitePack, Order], None]
    needs: dict[str, str] = {}
    any_sectors: bool = False  # whether the disk in it may have sectors of 4 KiB


def raw_disk(pack: SitePack, order: Order, unit: int = MEBIBYTE) -> Path:
    """The raw disk, beside the pack, with a size of whole units."""
    raw = pack.path.with_suffix(".img")
    pack.assemble_raw(raw, unit, order.sector_bytes)
    return raw


def write_elf(pack: SitePack, order: Order) -> None:
    pack.assemble_elf(order.out)


def write_efi(pack: SitePack, order: Order) -> None:
    pack.assemble_efi(order.out)


def write_raw(pack: SitePack, order: Order) -> None:
    pack.assemble_raw(order.out, sector_bytes=order.sector_bytes)


def write_compressed(pack: SitePack, order: Order) -> None:
    archives.write_compressed(raw_disk(pack, order, BLOCK), order.kind, order.out)


def write_converted(pack: SitePack, order: Order) -> None:
    copy_whole(conversions.converted(raw_disk(pack, order), order.kind, order.compress), order.out)


def write_google(pack: SitePack, order: Order) -> None:
    archives.write_google(raw_disk(pack, order, GIBIBYTE), order.out)


def write_ova(pack: SitePack, order: Order) -> None:
    raw = raw_disk(pack, order)
    ova.write(conversions.converted(raw, "vmdk"), raw.stat().st_size, pack.path.stat().st_size,
              order.out)


def write_iso(pack: SitePack, order: Order) -> None:
    iso.write(FIRMWARE, pack.path, order.out)


def write_oci(pack: SitePack, order: Order) -> None:
    write = oci.write_folder if is_folder(order) else oci.write_archive
    write(raw_disk(pack, order), order.out)


def is_folder(order: Order) -> bool:
    """Whether a folder was asked for; a tar has an ending that says so."""
    return order.kind == "oci" and order.out.suffix.lower() != ".tar"


FORMATS = {
    "raw": Format((".img", ".raw"), write_raw, any_sectors=True),
    "gz": Format((".gz",), write_compressed, any_sectors=True),
    "xz": Format((".xz",), write_compressed, any_sectors=True),
    "zst": Format((".zst",), write_compressed, setup.ZSTD, any_sectors=True),
    "qcow2": Format((".qcow2",), write_converted, setup.CONVERT, any_sectors=True),
    "vmdk": Format((".vmdk",), write_converted, setup.CONVERT),
    "vhd": Format((".vhd",), write_converted, setup.CONVERT),
    "vhdx": Format((".vhdx",), write_converted, setup.CONVERT),
    "vdi": Format((".vdi",), write_converted, setup.CONVERT),
    "google": Format((".tar.gz",), write_google),
    "iso": Format((".iso",), write_iso, setup.ISO),
    "ova": Format((".ova",), write_ova, setup.CONVERT),
    "oci": Format((".oci", ".oci.tar"), write_oci),
    "elf": Format((".elf",), write_elf),
    "efi": Format((".efi",), write_efi),
}


def order_of(out: Path, asked: str | None, compress: bool = False,
             sector_bytes: int = SECTOR) -> Order:
    """The order, with the format asked for or the one of the file's ending; refuses what doesn't
    go together, and what cannot be written."""
    if out.is_dir() and asked != "oci" and out.suffix.lower() != ".oci":
        check_target(out)  # it says so; an ending is not what the name lacks
    order = Order(out, asked or format_of(out), compress, sector_bytes)
    if compress and order.kind != "qcow2":
        raise UserError(f"--compress: is for qcow2 alone, not for {order.kind}; leave it out")
    if sector_bytes != SECTOR and not FORMATS[order.kind].any_sectors:
        able = ", ".join(name for name, one in FORMATS.items() if one.any_sectors)
        raise UserError(f"--sector-size {sector_bytes}: {order.kind} has sectors of its own; "
                        f"choose one of {able}")
    if is_folder(order) and (out.exists() or out.is_symlink()):
        raise UserError(f"{out}: is there already, and a layout is a new folder; remove it, or "
                        "name it like site.oci.tar for a file")
    check_target(out)
    return order


def format_of(out: Path) -> str:
    """The format of the longest ending that the name has."""
    found = [(len(ending), kind) for kind, one in FORMATS.items() for ending in one.endings
             if out.name.lower().endswith(ending)]
    if found:
        return max(found)[1]
    raise UserError(f"{out}: its ending names no format; name it like site.qcow2, or give "
                    f"--format {'|'.join(FORMATS)}")


def write_image(site: Path, order: Order, config: Path | None) -> None:
    """Writes the image in one step and prints its path, size and number of files."""
    with packed_site(site, config) as pack, Progress(f"Writing {order.out}"):
        FORMATS[order.kind].write(pack, order)
        files = pack.summary.files
    size = size_text(size_on_disk(order.out))
    print(f"{one_line(order.out)}: {size}, {files} file{'' if files == 1 else 's'}")


def size_on_disk(out: Path) -> int:
    """The bytes of a file, or of a folder's files."""
    return sum(path.stat().st_size for path in ([out] if out.is_file() else out.rglob("*"))
               if path.is_file())


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
