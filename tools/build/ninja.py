"""Drives configure.py and Ninja for the front door."""

import fcntl
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.base import setup
from tools.base.errors import UserError
from tools.base.terminal import Progress
from tools.build import lwip as lwip_tree
from tools.build import prebuilt

ROOT = Path(__file__).resolve().parents[2]
BUILD = prebuilt.firmware_folder()

# The parts of images: once they are built, no compiler is needed.
PARTS = [BUILD / "kernel.elf", BUILD / "loader.bin", BUILD / "mote.efi"]


def needs() -> dict[str, str]:
    """The tools to build with; none if the parts are built and can't be rebuilt here."""
    if prebuilt.RELEASED:
        return {}
    built = all(part.exists() for part in PARTS)
    can_build = os.access(BUILD, os.W_OK) and not setup.missing(setup.BUILD)
    return {} if built and not can_build else setup.BUILD


def provide_firmware(lwip: Path | None) -> None:
    """Brings kernel and loaders up to date; leaves them as they are if they can't be rebuilt."""
    if needs():
        build([str(part.relative_to(ROOT)) for part in PARTS], lwip)
    elif lwip and prebuilt.RELEASED:
        raise UserError(f"--lwip {lwip}: needs a source checkout, and this is a release")
    elif lwip:
        raise UserError(f"--lwip {lwip}: nothing can be built here; {BUILD} is not writable, or "
                        "there is no compiler")


def build(targets: list[str], lwip: Path | None) -> None:
    """Builds these targets, if any; configures first if need be, or for another lwIP tree."""
    if lwip:
        lwip_tree.check_tree(lwip)
    options = ["--lwip", str(lwip.resolve())] if lwip else []
    ninja_file = ROOT / "build.ninja"
    wanted = f"configure_options = {shlex.join(options)}\n"
    with Progress("Building") as progress, alone(progress):
        if not ninja_file.exists() or (lwip and wanted not in ninja_file.read_text()):
            run([sys.executable, "configure.py", *options], "configure.py failed")
        if targets:
            ninja(targets, progress)


@contextmanager
def alone(progress: Progress) -> Iterator[None]:
    """One build at a time: Ninja doesn't notice another one in the same folder, and both would
    write the same files (ninja-build/ninja#2770). The lock ends with the process that holds it."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("a") as lock:
        progress.note("waiting for another build")
        fcntl.flock(lock, fcntl.LOCK_EX)
        progress.note("")
        yield


def run(command: list[str], failure: str) -> None:
    result = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{failure}: {result.stderr.strip() or result.stdout.strip()}")


def ninja(targets: list[str], progress: Progress) -> None:
    """Runs Ninja; shows its steps as progress, and its output only if something fails."""
    environment = os.environ | {"NINJA_STATUS": "[%f/%t] ", "LC_ALL": "C.UTF-8"}
    said: list[str] = []
    with subprocess.Popen(["ninja", *targets], cwd=ROOT, env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        try:
            for line in process.stdout or ():
                if re.match(r"\[\d+/\d+\] ", line):
                    progress.note(line.strip())
                else:
                    said.append(line)
        except KeyboardInterrupt:  # the signal may not have reached Ninja
            process.terminate()
            process.wait()
            raise
    if process.returncode == 0:
        return
    for line in reversed(said):
        if line.startswith("--lwip "):
            raise UserError(line.strip())
        if line.startswith("lwIP: "):
            raise RuntimeError(line.strip())
    sys.stderr.writelines(said)
    raise RuntimeError("the build failed; see above")
