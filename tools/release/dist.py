"""./mote dist: makes all that a release consists of, in one folder, the same bytes each time."""

import argparse
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.base import setup
from tools.base.errors import UserError, one_line, system_error
from tools.base.files import replacing
from tools.base.terminal import Progress, size_text
from tools.build import lwip, lwip_series, ninja
from tools.image import formats
from tools.release import check, completions, debian, manual, sbom, tree
from tools.release.words import Command

ROOT = Path(__file__).resolve().parents[2]
USUAL_OUT = ROOT / "build/dist"
SUMS = "SHA256SUMS"
COMPRESSED = ("gz", "xz", "zst")

HELP = """\
Makes a release: firmware and tools that need no compiler, the Debian package, the example site in
each format, a list of what is inside (SPDX), and checksums. The same commit gives the same bytes,
wherever and whenever. --check shows that: it builds twice, the second time from a clone in another
folder, and compares."""


def a_folder(text: str) -> Path:
    """A folder as typed. An empty one, which a shell makes of an unset variable, is refused."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return Path(text)


def parser(kind: type[argparse.ArgumentParser] = argparse.ArgumentParser
           ) -> argparse.ArgumentParser:
    made = kind(prog="mote dist", description=HELP, allow_abbrev=False)
    made.add_argument("-o", dest="out", type=a_folder, default=USUAL_OUT, metavar="DIR",
                      help="the folder to write it to (default: build/dist)")
    made.add_argument("--check", action="store_true",
                      help="build all of it again elsewhere, and compare each file")
    return made


def run(options: argparse.Namespace, commands: Sequence[Command]) -> int:
    """Makes the release; with --check, twice."""
    if options.check and tree.changed():
        raise UserError("dist --check: builds from the commit, and there are changes to it; commit "
                        "them first")
    make_folder(options.out)
    setup.provide(*setup.USES["dist"], needs())
    ninja.build([str(part.relative_to(ROOT)) for part in ninja.PARTS], None)
    refuse_odd_builds((ROOT / "build.ninja").read_text())
    parts = {part.name: part.read_bytes() for part in ninja.PARTS}
    names = make(options.out, tree.facts(), parts, commands)
    return check.run(options.out, names) if options.check else 0


def make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=out == USUAL_OUT, exist_ok=True)
    except OSError as error:
        raise system_error(out, error, "give a folder, or a name for a new one") from None


def refuse_odd_builds(ninja_file: str) -> None:
    """A release has neither a user's own lwIP nor faults in it."""
    if found := re.search(r"^  configure_options = (.*\S)", ninja_file, re.M):
        raise UserError(f"dist: build/ was configured with {found[1]}; run ./configure.py without "
                        "options first")


def needs() -> dict[str, str]:
    """The tools that any of the formats needs."""
    return setup.table(*(one.needs for one in formats.FORMATS.values()))


def make(out: Path, told: tree.Facts, parts: Mapping[str, bytes],
         commands: Sequence[Command]) -> list[str]:
    """Writes everything; returns the names."""
    os.environ["SOURCE_DATE_EPOCH"] = str(told.seconds)
    name = f"mote-{told.version}"
    lwip_notice = (ROOT / "build/NOTICE").read_text()
    files = tree.release(parts, told, pages(told, commands, lwip_notice))
    with Progress("Making the release") as progress:
        progress.note("firmware and tools")
        made = {f"{name}-firmware.tar.xz": tree.tar(files, name, told.seconds),
                f"{name}.spdx.json": list_of_contents(told, files).encode(),
                "NOTICE": files["NOTICE"].data}
        for file, data in made.items():
            write(out / file, data)
        progress.note("Debian package")
        package = f"mote_{told.version}_all.deb"
        debian.build(files, told, needs(), out / package)
    for file in [*made, package]:
        print(f"{one_line(out / file)}: {size_text((out / file).stat().st_size)}", flush=True)
    images = write_examples(out, f"{name}-example", files, told.seconds)
    names = sorted([*made, package, *images])
    write(out / SUMS, sums(out, names).encode())
    print(f"{one_line(out / SUMS)}: {len(names)} files, of commit {told.commit}", flush=True)
    return [*names, SUMS]


def pages(told: tree.Facts, commands: Sequence[Command], lwip_notice: str) -> dict[str, str]:
    """What is written for a release, by its path in it."""
    return {
        "NOTICE": tree.notice(lwip_notice),
        "share/man/man1/mote.1": manual.page(commands, told.version, told.seconds),
        "share/bash-completion/completions/mote": completions.bash(commands),
        "share/zsh/site-functions/_mote": completions.zsh(commands),
        "share/fish/vendor_completions.d/mote.fish": completions.fish(commands),
    }


def list_of_contents(told: tree.Facts, files: tree.Tree) -> str:
    source = lwip.debian_source(ROOT / "build/lwip-debian", print)
    folder = lwip_series.PATCHES.relative_to(ROOT)
    patches = {f"{folder}/{patch}": (lwip_series.PATCHES / patch).read_bytes()
               for patch in lwip_series.names()}
    return sbom.document(told, files, sbom.read_source(source), patches)


def write_examples(out: Path, name: str, files: tree.Tree, seconds: int) -> list[str]:
    """The example site in each format, from a copy of it in which all is of the same age."""
    site = {path: one for path, one in files.items() if path.startswith("www/")}
    with tempfile.TemporaryDirectory(prefix="mote-example-") as folder:
        tree.lay_out(site, Path(folder) / "release", seconds)
        for ending in endings().values():
            order = formats.order_of(out / f"{name}{ending}", None)
            formats.write_image(Path(folder) / "release/www", order, None)
    return [f"{name}{ending}" for ending in endings().values()]


def endings() -> dict[str, str]:
    """Each format's ending: its usual one, and that of a single file where there is a choice; of
    compressed disks, behind the disk's own."""
    return {kind: f".img{one.endings[-1]}" if kind in COMPRESSED else
            one.endings[-1] if kind == "oci" else one.endings[0]
            for kind, one in formats.FORMATS.items()}


def sums(out: Path, names: Sequence[str]) -> str:
    """As sha256sum writes them, and checks them with -c."""
    return "".join(f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}\n"
                   for name in names)


def write(path: Path, data: bytes) -> None:
    with replacing(path) as file:
        file.write(data)
