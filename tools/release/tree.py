"""The folder that a release is: tools, firmware, example site and documents; and it as a tar."""

import io
import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.base.errors import UserError
from tools.build import prebuilt, version

ROOT = Path(__file__).resolve().parents[2]
PROGRAM, PLAIN = 0o755, 0o644

# What is shipped of the repository.
SHIPPED = ("mote", "tools", "www", "docs", "LICENSE", "README.md", "CHANGELOG.md")


@dataclass(frozen=True)
class Shipped:
    """A file of a release, or a symbolic link. Time and owner are the same for all."""

    data: bytes
    mode: int = PLAIN
    link: str = ""


Tree = Mapping[str, Shipped]


@dataclass(frozen=True)
class Facts:
    """What a release says of itself."""

    version: str
    commit: str
    seconds: int  # SOURCE_DATE_EPOCH

    def told(self) -> bytes:
        """For prebuilt.facts()."""
        facts = {"commit": self.commit, "version": self.version}
        return (json.dumps(facts, indent=2) + "\n").encode()


def facts() -> Facts:
    """This checkout's. Where a file differs from its commit, that bears a plus."""
    commit = version.commit()
    if changed() and not commit.endswith("+"):
        commit += "+"
    return Facts(version.VERSION, commit, version.epoch())


def changed() -> bool:
    differs = version.git("diff", "--quiet", "HEAD")
    return differs is None or differs.returncode != 0


def repository() -> dict[str, Shipped]:
    """The repository's files that are shipped, with git's modes, whatever the umask made them."""
    listed = version.git("ls-files", "--stage", "-z", "--", *SHIPPED)
    if listed is None or listed.returncode != 0:
        raise UserError(f"{ROOT}: not a git repository; dist works in a clone")
    found = {}
    for entry in filter(None, listed.stdout.split("\0")):
        told, _, path = entry.partition("\t")
        if (ROOT / path).is_file():
            mode = PROGRAM if told.startswith("100755") else PLAIN
            found[path] = Shipped((ROOT / path).read_bytes(), mode)
    return found


def notice(lwip: str) -> str:
    """The licences of all that a release holds."""
    own = (ROOT / "LICENSE").read_text()
    return (f"Mote is free software, under these terms:\n\n{own.strip()}\n\n\n{lwip.strip()}\n\n\n"
            "tools/site/mime.types comes from Debian's package media-types, which its authors "
            "have\nplaced in the public domain.\n")


def release(parts: Mapping[str, bytes], told: Facts,
            pages: Mapping[str, str]) -> dict[str, Shipped]:
    """All files of a release, by their paths in its folder, sorted."""
    found = repository()
    for name, data in parts.items():
        found[f"{prebuilt.FOLDER.name}/{name}"] = Shipped(data)
    found[f"{prebuilt.FOLDER.name}/{prebuilt.FACTS}"] = Shipped(told.told())
    for path, text in pages.items():
        found[path] = Shipped(text.encode())
    return dict(sorted(found.items()))


def tar(files: Tree, folder: str, seconds: int) -> bytes:
    """A .tar.xz of the files in one folder: the same bytes for the same files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz", format=tarfile.USTAR_FORMAT) as archive:
        for path in folders(files):
            name = f"{folder}/{path}".rstrip("/")
            archive.addfile(member(name, seconds, PROGRAM, tarfile.DIRTYPE))
        for path, one in files.items():
            kind = tarfile.SYMTYPE if one.link else tarfile.REGTYPE
            entry = member(f"{folder}/{path}", seconds, one.mode, kind)
            entry.linkname, entry.size = one.link, len(one.data)
            archive.addfile(entry, io.BytesIO(one.data))
    return out.getvalue()


def member(path: str, seconds: int, mode: int, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.mtime, entry.mode, entry.type = seconds, mode, kind
    entry.uname = entry.gname = "root"
    return entry


def folders(files: Tree) -> list[str]:
    """All folders above the files; the empty name is the uppermost."""
    above = {str(parent) for path in files for parent in Path(path).parents}
    return sorted(name.removeprefix(".") for name in above)


def lay_out(files: Tree, target: Path, seconds: int) -> None:
    """Writes the files into a new folder, with the modes and times that they are to have."""
    for path, one in files.items():
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if one.link:
            place.symlink_to(one.link)
        else:
            place.write_bytes(one.data)
            place.chmod(one.mode)
        os.utime(place, (seconds, seconds), follow_symlinks=False)
    for path in sorted(folders(files), reverse=True):
        (target / path).chmod(PROGRAM)
        os.utime(target / path, (seconds, seconds))
