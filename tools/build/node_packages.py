"""Installs the npm packages for tests into build/, in the versions of their lock file."""

import os
import shutil
import subprocess
from pathlib import Path

from tools.base.terminal import Progress

ROOT = Path(__file__).resolve().parents[2]
WANTED = ROOT / "tests/blackbox/interop/node"
FOLDER = ROOT / "build/node"
LOCK = "package-lock.json"


def present() -> bool:
    """Whether the installed packages are those of the lock file."""
    done = FOLDER / "installed.json"
    return done.is_file() and done.read_bytes() == (WANTED / LOCK).read_bytes()


def provide() -> None:
    """Installs missing packages from the registry that npm is configured for."""
    if present():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", LOCK):
        shutil.copy(WANTED / name, FOLDER / name)
    with Progress("Installing npm packages"):
        npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    shutil.copy(FOLDER / LOCK, FOLDER / "installed.json")


def npm(arguments: list[str]) -> None:
    """Runs npm in the packages' folder; reports its first error."""
    environment = os.environ | {"npm_config_update_notifier": "false"}
    result = subprocess.run(["npm", *arguments], cwd=FOLDER, env=environment, text=True,
                            stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode != 0:
        errors = [line for line in result.stderr.splitlines()
                  if line.lower().startswith(("npm err! ", "npm error "))]
        reason = errors[0].split(maxsplit=2)[2] if errors else f"status {result.returncode}"
        raise RuntimeError(f"npm {arguments[0]} failed: {reason}")
