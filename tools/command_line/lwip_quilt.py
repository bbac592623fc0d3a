"""./mote lwip: opens our patches to lwIP as a source tree, and takes changes into the series.

Debian's quilt does the work, in build/lwip-quilt; netstack/lwip/README.md is the manual.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools.base.errors import UserError
from tools.build import lwip, lwip_series, ninja
from tools.build.lwip_series import PATCHES, ROOT
from tools.command_line import lwip_removal

TREE = ROOT / "build/lwip-quilt"
REFRESH = ("refresh", "-p", "ab", "--no-timestamps", "--no-index")

HELP = """\
Maintains the patches to lwIP (netstack/lwip/README.md). They are opened as a source tree in
build/lwip-quilt, changed there, and taken back into netstack/lwip/patches."""

HEAD = """\
Description: What changes, in one sentence.
 Why, in as many as it takes.
Test: netstack/lwip/tcp "the case that fails without this patch"
Forwarded: no (whether it is for lwIP, and why)

"""

Say = Callable[[str], None]


def parser(kind: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    made = kind(prog="mote lwip", description=HELP, allow_abbrev=False)
    steps = made.add_subparsers(dest="step", required=True, metavar="STEP")
    opening = steps.add_parser("open", help="lay lwIP out with all patches, or those up to PATCH, "
                               "which can then be changed")
    opening.add_argument("patch", nargs="?", metavar="PATCH")
    making = steps.add_parser("new", help="begin a new patch behind the one that is open")
    making.add_argument("patch", metavar="PATCH")
    taking = steps.add_parser("refresh", help="take what was changed into the open patch, and fit "
                              "those behind it to that")
    taking.add_argument("patch", nargs="?", metavar="PATCH",
                        help="refuse unless this patch is the open one")
    moving = steps.add_parser("rebase", help="fit the series to another lwIP source tree")
    moving.add_argument("source", type=Path, metavar="DIR")
    steps.add_parser("status", help="say which patch is open, and what was changed")
    steps.add_parser("check", help="check heads, series, and that no patch rewrites another")
    proving = steps.add_parser("prove", help="take out each patch in turn, or PATCH, and see its "
                               "test fail")
    proving.add_argument("patch", nargs="?", metavar="PATCH")
    steps.add_parser("close", help="remove the tree; changes that weren't taken are refused")
    return made


def run(options: argparse.Namespace, say: Say) -> int:
    """Does a step; returns the exit status."""
    if options.step == "check":
        return check(say)
    if options.step == "rebase":
        rebase(options.source, say)
        return 0
    if options.step == "prove":
        return prove(options.patch, say)
    if options.step == "refresh":
        return refresh(options.patch, say)
    steps: dict[str, Callable[[], None]] = {
        "open": lambda: open_tree(options.patch, say), "new": lambda: new(options.patch, say),
        "status": lambda: status(say), "close": lambda: close(say)}
    steps[options.step]()
    return 0


# --- The steps ---

def open_tree(patch: str | None, say: Say) -> None:
    name = known(patch) if patch else lwip_series.names(PATCHES)[-1]
    if is_open():
        refuse_changes()
    else:
        lay_out(None, say)
    go_to(name)
    watch_all()
    say(f"{name} is open: edit {shown(TREE)}/src, then run ./mote lwip refresh")


def new(patch: str, say: Say) -> None:
    name = file_name(patch)
    if (PATCHES / name).exists():
        raise UserError(f"lwip new {patch}: {shown(PATCHES / name)} is there already; "
                        f"./mote lwip open {patch} opens it")
    if not is_open():
        lay_out(None, say)
        go_to(lwip_series.names(PATCHES)[-1])
    refuse_changes()
    quilt("new", name)
    (PATCHES / name).write_text(HEAD)
    watch_all()
    say(f"{name} is open: edit {shown(TREE)}/src, run ./mote lwip refresh, and write its head in "
        f"{shown(PATCHES / name)}")


def refresh(patch: str | None, say: Say) -> int:
    """Leaves the same patch open; 1 if the series is not in order any more."""
    top = need_top()
    if patch and known(patch) != top:
        raise UserError(f"lwip refresh {patch}: {top} is open, not this one; "
                        f"run ./mote lwip open {patch}")
    if rejected := sorted(TREE.rglob("*.rej")):
        raise UserError(f"lwip refresh: {shown(rejected[0])} holds what did not fit; work it into "
                        "the file beside it, and remove it")
    quilt(*REFRESH)
    say(f"{top} is refreshed")
    push_rest(say)
    go_to(top)
    watch_all()
    return check(say)


def rebase(source: Path, say: Say) -> None:
    if not (source / "src/core/tcp.c").is_file():
        raise UserError(f"lwip rebase {source}: not an lwIP source tree (src/core/tcp.c is not "
                        "there); give the folder that holds src/")
    if is_open():
        refuse_changes()
        shutil.rmtree(TREE)
    lay_out(source, say)
    push_rest(say)


def status(say: Say) -> None:
    names = lwip_series.names(PATCHES)
    top = applied()[-1] if applied() else None
    say(f"{len(names)} patches in {shown(PATCHES)}")
    if not is_open():
        say("none is open")
        return
    say(f"{top or 'none'} is open in {shown(TREE)}")
    for path in changed():
        say(f"  changed and not refreshed: {path}")


def check(say: Say) -> int:
    """Prints the findings about the series; 1 if there are any."""
    findings = lwip_series.findings(PATCHES, pristine(say))
    for finding in findings:
        say(finding)
    return 1 if findings else 0


def prove(patch: str | None, say: Say) -> int:
    """Prints how each patch's test ends without the patch; 1 if any passes."""
    series = lwip_removal.Series.read(PATCHES, pristine(say))
    wanted = [known(patch)] if patch else lwip_series.names(PATCHES)
    ninja.build([series.program(name) for name in wanted], None)
    status = 0
    for name in wanted:
        row = series.row(name)
        say(row.line())
        if not row.is_needed:
            status = 1
    return status


def close(say: Say) -> None:
    if not is_open():
        say("none is open")
        return
    refuse_changes()
    shutil.rmtree(TREE)
    say(f"{shown(TREE)} is removed")


# --- The tree ---

def lay_out(source: Path | None, say: Say) -> None:
    """lwIP's source without any of our patches, ready for quilt."""
    fresh = TREE.with_name("lwip-quilt.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(exist_ok=True)
    if source:
        shutil.copytree(source, fresh, ignore=shutil.ignore_patterns(".git", ".pc", "*.orig"))
    else:
        shutil.copytree(pristine(say), fresh)
    (fresh / ".pc").mkdir()
    (fresh / ".pc/.version").write_text("2\n")
    fresh.rename(TREE)


def pristine(say: Say) -> Path:
    """Debian's source without our patches, unpacked once."""
    description = lwip.debian_source(ROOT / "build/lwip-debian", say)
    tree = description.with_name("tree")
    if not tree.is_dir():
        with tempfile.TemporaryDirectory(dir=description.parent) as folder:
            fresh = Path(folder) / "tree"
            lwip.unpack(description, fresh)
            shutil.rmtree(fresh / ".pc", ignore_errors=True)
            with contextlib.suppress(OSError):  # another process was faster
                fresh.rename(tree)
    return tree


def is_open() -> bool:
    return (TREE / ".pc").is_dir()


def applied() -> list[str]:
    path = TREE / ".pc/applied-patches"
    return path.read_text().split() if path.exists() else []


def need_top() -> str:
    """The open patch."""
    if not applied():
        raise UserError("lwip refresh: no patch is open; run ./mote lwip open PATCH first")
    return applied()[-1]


def go_to(name: str) -> None:
    """Applies or removes patches until this one is the last."""
    if applied()[-1:] != [name]:
        quilt("pop" if name in applied() else "push", name)


def push_rest(say: Say) -> None:
    """Applies the rest of the series, and refreshes each patch that had to move."""
    moved = 0
    for name in lwip_series.names(PATCHES)[len(applied()):]:
        result = start("push", "--fuzz=1")
        if result.returncode != 0:
            start("push", "--fuzz=1", "-f")
            rejected = ", ".join(shown(path) for path in sorted(TREE.rglob("*.rej")))
            raise UserError(f"{name} does not fit: work {rejected or 'its parts'} into the files "
                            "beside, remove what is named .rej, and run ./mote lwip refresh")
        if "offset" in result.stdout or "fuzz" in result.stdout:
            quilt(*REFRESH)
            moved += 1
    say(f"all {len(applied())} patches fit"
        + (f"; {moved} had lines that moved, and are refreshed" if moved else ""))


def watch_all() -> None:
    """Adds every file to the open patch: quilt misses changes in files it didn't know before."""
    files = [str(path.relative_to(TREE)) for path in sorted((TREE / "src").rglob("*.[ch]"))]
    already = set(quilt("files").split())
    if ahead := [path for path in files if path not in already]:
        quilt("add", *ahead)


def changed() -> list[str]:
    """Files with changes that aren't in the open patch yet."""
    if not applied():
        return []
    lines = quilt("diff", "-z", "--no-timestamps", "--no-index").splitlines()
    return [line.split()[1].split("/", 1)[1] for line in lines if line.startswith("+++ ")]


def refuse_changes() -> None:
    if paths := changed():
        raise UserError(f"{applied()[-1]} has changes in {paths[0]} that it doesn't have yet; run "
                        "./mote lwip refresh to take them, or remove build/lwip-quilt to drop them")


# --- quilt ---

def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"QUILT_PATCHES": str(PATCHES), "QUILT_DIFF_OPTS": "-p",
                                "LC_ALL": "C.UTF-8"}
    return subprocess.run(["quilt", "--quiltrc=-", *arguments], cwd=TREE, env=environment,
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False)


def quilt(*arguments: str) -> str:
    """Runs quilt and returns its output; the last line becomes the error."""
    result = start(*arguments)
    if result.returncode != 0:
        lines = result.stdout.strip().splitlines() or ["no message"]
        raise RuntimeError(f"quilt {arguments[0]}: {lines[-1]}")
    return result.stdout


def file_name(patch: str) -> str:
    name = patch if patch.endswith(".patch") else f"{patch}.patch"
    if "/" in name or name.startswith((".", "-")):
        raise UserError(f"{patch}: give the name of a patch, not a path")
    return name


def known(patch: str) -> str:
    """The file name of a patch, which must be in the series."""
    name = file_name(patch)
    if name not in lwip_series.names(PATCHES):
        raise UserError(f"{patch}: no patch of the series; {shown(PATCHES)}/series names them")
    return name


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
