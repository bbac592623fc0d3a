"""Packs sites and makes them bootable, once a session however many processes ask."""

import fcntl
import hashlib
import os
from collections.abc import Callable
from contextlib import contextmanager
from collections.abc import Iterator
from pathlib import Path

from tools.image import bootable, disk, uefi
from tools.site.config import Settings, read_settings
from tools.site.pack import pack_site

ROOT = Path(__file__).resolve().parents[2]
KERNEL = ROOT / "build/kernel.elf"
FIRMWARE = disk.Firmware(KERNEL, ROOT / "build/loader.bin", ROOT / "build/mote.efi")


class Images:
    """A folder that all test processes of a session share, with what they have made so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def once(self, name: str, make: Callable[[Path], object]) -> Path:
        """A file or folder, made by the first process that asks for it."""
        path = self.folder / name
        with self._locked(name):
            if not path.exists():
                unfinished = self.folder / f"{name}.part"
                make(unfinished)
                os.rename(unfinished, path)
        return path

    def bootable(self, site: Path, boot: str, lines: tuple[str, ...] = (),
                 codings: tuple[int, ...] = Settings.compress) -> Path:
        """What serves a site, booted in this way; `lines` are settings baked into it."""
        pack = self.pack(site, lines, codings)
        if boot == "pvh":
            return self.once(f"{pack.stem}.elf",
                             lambda out: bootable.assemble_elf(KERNEL, pack, out))
        if boot == "uefi":
            return self.once(f"{pack.stem}.efi",
                             lambda out: uefi.assemble_efi(FIRMWARE.uefi, pack, out))
        return self.once(f"{pack.stem}.img",
                         lambda out: disk.assemble_raw(FIRMWARE, pack, out))

    def pack(self, site: Path, lines: tuple[str, ...] = (),
             codings: tuple[int, ...] = Settings.compress) -> Path:
        """A site's pack."""
        assert all(part.exists() for part in FIRMWARE), \
            "nothing is built: run `./mote test`, or ninja"
        key = hashlib.sha256("\n".join([str(site), *lines, str(codings)]).encode()).hexdigest()[:12]
        settings = Settings(lines=lines, compress=codings)
        return self.once(f"{site.name}-{key}.pack", lambda out: pack_site(site, out, settings))

    def configured(self, site: Path, config: Path) -> Path:
        """The ELF that serves a site with its own mote.toml."""
        assert KERNEL.exists(), "nothing is built: run `./mote test`, or ninja"
        key = hashlib.sha256(f"{site}\n{config.read_text()}".encode()).hexdigest()[:12]
        pack = self.once(f"{site.name}-{key}.pack",
                         lambda out: pack_site(site, out, read_settings(config)))
        return self.once(f"{site.name}-{key}.elf",
                         lambda out: bootable.assemble_elf(KERNEL, pack, out))
