#!/usr/bin/env python3
"""Puts lwIP's sources into the build folder, with Debian's patches and ours applied.

apt fetches Debian's source package, with its state in the build folder: it uses the system's apt
settings (proxy, credentials, mirror) and leaves them unchanged. apt verifies Debian's signatures;
the upstream tarball is checked once more against the hash kept here. The package is kept, so only
the first build needs a network.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base.errors import UserError  # noqa: E402
from tools.build import lwip_series  # noqa: E402

SUITE = "trixie"
TARBALL = "lwip_2.2.1+dfsg1.orig.tar.xz"
TARBALL_SHA256 = "83729c274c499d3348e9fbbe043a3113f3fa8953e7efddc7c21c7fcbb1f2b7b1"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PATCHES = lwip_series.PATCHES

# Added to the system's settings. The sandbox user could not enter a build folder under a private
# home; the hooks are for the system's own lists and caches.
APT_SETTINGS = """\
Dir::State::Lists "{state}/lists";
Dir::Cache "{state}/cache";
Dir::Etc::SourceList "{state}/sources.list";
Dir::Etc::SourceParts "{state}/none";
APT::Sandbox::User "root";
Acquire::Retries "4";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""

Say = Callable[[str], None]


def provide(build_dir: Path, own_tree: Path | None, say: Say) -> None:
    """Brings build_dir/lwip up to date; does nothing if its stamp says that it is."""
    patches = [PATCHES / name for name in lwip_series.names(PATCHES)]
    key = hashlib.sha256()
    key.update(fingerprint(own_tree).encode() if own_tree else TARBALL_SHA256.encode())
    for patch in patches:
        key.update(patch.name.encode() + b"\0" + patch.read_bytes())
    stamp = build_dir / "lwip.stamp"
    tree = build_dir / "lwip"
    wanted = key.hexdigest() + "\n"
    if tree.is_dir() and stamp.exists() and stamp.read_text() == wanted:
        return
    fresh = build_dir / "lwip.new"
    shutil.rmtree(fresh, ignore_errors=True)
    build_dir.mkdir(parents=True, exist_ok=True)
    if own_tree:
        shutil.copytree(own_tree, fresh, ignore=shutil.ignore_patterns(".git", ".pc"))
    else:
        unpack(debian_source(build_dir / "lwip-debian", say), fresh)
    for patch in patches:
        apply(patch, fresh)
    keep_times(tree, fresh)
    shutil.rmtree(tree, ignore_errors=True)
    fresh.rename(tree)
    write_notice(tree, build_dir / "NOTICE")
    stamp.write_text(wanted)


def keep_times(old: Path, new: Path) -> None:
    """Keeps the times of unchanged files, so that Ninja builds only from those that changed."""
    for path in (new / "src").rglob("*.[ch]"):
        before = old / path.relative_to(new)
        if before.is_file() and before.read_bytes() == path.read_bytes():
            shutil.copystat(before, path)


def check_tree(tree: Path) -> None:
    """Refuses a user's folder that is no lwIP source tree."""
    if not (tree / "src/core/tcp.c").is_file():
        raise UserError(f"--lwip {tree}: not an lwIP source tree (src/core/tcp.c is not there); "
                        "give another, or run ./configure.py to go on without one")


def fingerprint(tree: Path) -> str:
    """A hash of the sources in a user's tree."""
    check_tree(tree)
    digest = hashlib.sha256()
    for path in sorted((tree / "src").rglob("*.[ch]")):
        digest.update(str(path.relative_to(tree)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def debian_source(folder: Path, say: Say) -> Path:
    """The package's description (.dsc), fetched unless it is there; its tarball is checked."""
    found = sorted(folder.glob("lwip_*.dsc"))
    if not found or not tarball_is_right(folder):
        say("lwIP: fetching Debian's source package")
        shutil.rmtree(folder, ignore_errors=True)
        fetch(folder)
        found = sorted(folder.glob("lwip_*.dsc"))
    if not found or not tarball_is_right(folder):
        raise RuntimeError(f"lwIP: {folder / TARBALL} is not the tarball this version was made "
                           "with (SHA-256 differs); give a 2.2.1 tree with --lwip DIR")
    return found[-1]


def tarball_is_right(folder: Path) -> bool:
    tarball = folder / TARBALL
    return (tarball.is_file()
            and hashlib.sha256(tarball.read_bytes()).hexdigest() == TARBALL_SHA256)


def fetch(folder: Path) -> None:
    """Lets apt download the source package into `folder`, where it also keeps its state."""
    state = folder.resolve() / "apt"
    (state / "lists/partial").mkdir(parents=True)
    (state / "cache/archives/partial").mkdir(parents=True)
    settings = state / "apt.conf"
    settings.write_text(APT_SETTINGS.format(state=state))
    (state / "sources.list").write_text(source_lines())
    run(["apt-get", "-q", f"--config-file={settings}", "update", "--error-on=any"],
        "lwIP: apt could not read the mirror's list of sources")
    run(["apt-get", "-q", f"--config-file={settings}", "source", "--download-only",
         "--only-source", "lwip"], "lwIP: apt could not download the source package",
        cwd=folder)
    shutil.rmtree(state)


def source_lines() -> str:
    """sources.list for trixie's sources, from the mirror that the system uses."""
    main, security = mirrors()
    if not main:
        raise RuntimeError("lwIP: apt knows no Debian mirror; add one to /etc/apt/sources.list, "
                           "or give an lwIP 2.2.1 source tree with --lwip DIR")
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    lines = [f"deb-src {signed}{main} {SUITE} main"]
    if security:
        lines.append(f"deb-src {signed}{security} {SUITE}-security main")
    return "\n".join(lines) + "\n"


def mirrors() -> tuple[str | None, str | None]:
    """Addresses of Debian's archive and of its security archive, from apt's own settings."""
    shown = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(LABEL)"],
        text=True, capture_output=True, check=False).stdout
    main = security = None
    for line in shown.splitlines():
        address, release, origin, label = line.split("|", 3)
        if origin not in ("", "Debian") or "-backports" in release:
            continue
        if label == "Debian-Security" or release.rstrip("/").endswith(("-security", "/updates")):
            security = security or address
        elif label == "Debian" or release in ("bookworm", "trixie", "stable"):
            main = main or address
    return main, security


def unpack(description: Path, target: Path) -> None:
    run(["dpkg-source", "--no-copy", "--extract", str(description), str(target)],
        "lwIP: dpkg-source could not unpack the source package")


def apply(patch: Path, tree: Path) -> None:
    """Applies one of our patches; a patch that doesn't fit exactly stops the build."""
    run(["patch", "--strip=1", "--forward", "--fuzz=0", "--silent", "--no-backup-if-mismatch",
         "--directory", str(tree), "--input", str(patch)],
        f"{patch.relative_to(ROOT)} does not apply to this lwIP")


def write_notice(tree: Path, notice: Path) -> None:
    """lwIP's copyright notice, which its licence requires beside every binary."""
    licence = (tree / "COPYING").read_text()
    notice.write_text("This software contains lwIP, under these terms:\n\n" + licence)


def run(command: list[str], failure: str, cwd: Path | None = None) -> None:
    """Runs a command silently; its first error message, if it fails, goes into the exception."""
    try:
        result = subprocess.run(command, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except FileNotFoundError:
        raise RuntimeError(f"{failure}: {command[0]} is not installed; ./mote run installs what "
                           "is missing") from None
    if result.returncode != 0:
        lines = [line for line in result.stdout.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("E: ")] or lines or ["no message"]
        raise RuntimeError(f"{failure}: {errors[0].removeprefix('E: ')}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Puts lwIP's sources into the build folder.")
    parser.add_argument("--build-dir", type=Path, default=Path("build"))
    parser.add_argument("--lwip", type=Path, metavar="DIR", help="a source tree of your own")
    options = parser.parse_args()
    try:
        provide(options.build_dir, options.lwip, lambda text: print(text, flush=True))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
