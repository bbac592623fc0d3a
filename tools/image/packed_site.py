"""Packs a site, and makes the ELF or the disk image from the pack. Needs no compiler."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.base.errors import UserError
from tools.base.terminal import Progress
from tools.build.ninja import BUILD, ROOT
from tools.image import bootable, disk, uefi
from tools.site.config import Settings, read_settings
from tools.site.pack import PackSummary, pack_site

EXAMPLE_SITE = ROOT / "www"
FIRMWARE = disk.Firmware(BUILD / "kernel.elf", BUILD / "loader.bin", BUILD / "mote.efi")


@dataclass(frozen=True)
class SitePack:
    """A packed site, in a temporary folder of its own."""

    path: Path
    settings: Settings
    summary: PackSummary

    @property
    def http_port(self) -> int:
        """The port that Mote will listen on."""
        ports = [line.partition("=")[2] for line in self.settings.lines
                 if line.startswith("http.port=")]
        return int(ports[-1]) if ports else 80

    def assemble_elf(self, out: Path) -> None:
        bootable.assemble_elf(FIRMWARE.kernel, self.path, out)

    def assemble_efi(self, out: Path) -> None:
        uefi.assemble_efi(FIRMWARE.uefi, self.path, out)

    def assemble_raw(self, out: Path, unit: int = disk.BLOCK,
                     sector_bytes: int = disk.SECTOR) -> None:
        disk.assemble_raw(FIRMWARE, self.path, out, unit, sector_bytes)


def read_input(site: Path, config: Path | None) -> Settings:
    """The settings; refuses a missing site or configuration before work begins."""
    if not site.is_dir():
        what = "not a folder" if site.exists() else "no such folder"
        raise UserError(f"{site}: {what}; give the folder whose files are to be served")
    return read_settings(config) if config else Settings()


def temporary_folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="mote-")
    except OSError as error:
        raise RuntimeError(f"no place for temporary files ({error.strerror}); set TMPDIR to a "
                           "folder that can be written") from None


@contextmanager
def packed_site(site: Path, config: Path | None) -> Iterator[SitePack]:
    """Packs a site; the pack stays while the `with` block runs."""
    settings = read_input(site, config)
    with temporary_folder() as folder:
        path = Path(folder) / "site.pack"
        with Progress(f"Packing {site}") as progress:
            summary = pack_site(site, path, settings, progress.note)
        yield SitePack(path, settings, summary)
