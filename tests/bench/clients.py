"""The bench's own clients, load.c and pings.c: an exact amount of work, compiled on the spot, run
in a lab."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import Lab

FOLDER = Path(__file__).resolve().parent
C_FLAGS = ("-std=gnu23", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror")


class NotPossible(Exception):
    """This machine or this host can't give the figure; the message says why."""


def compile_c(name: str, into: Path, *flags: str) -> None:
    subprocess.run(["clang-19", *C_FLAGS, *flags, "-o", str(into), str(FOLDER / name)], check=True,
                   timeout=300)


def build_plugin(folder: Path) -> Path:
    plugin = folder / "count.so"
    compile_c("count.c", plugin, "-fPIC", "-shared")
    return plugin


def build_application(folder: Path) -> Path:
    """uefi_floor.c as UEFI's firmware loads it."""
    made = folder / "floor.efi"
    subprocess.run(["clang-19", "--target=x86_64-unknown-windows", "-ffreestanding", "-O2",
                    "-mno-red-zone", "-fuse-ld=lld", "-nostdlib", "-Wl,-entry:efi_main",
                    "-Wl,-subsystem:efi_application", "-o", str(made),
                    str(FOLDER / "uefi_floor.c")], check=True, timeout=300)
    with made.open("r+b") as file:
        file.truncate(64 * 1024)  # QEMU takes no smaller file for a kernel
    return made


@dataclass(frozen=True)
class Result:
    """A client's report on its work."""

    finished: int
    seconds: float
    body_bytes: int
    latency_us: dict[str, int]


class Client:
    """A client, prepared when the `with` is entered, and ended with it."""

    def __init__(self, lab: Lab, command: list[str]) -> None:
        self._process = lab.start(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)

    def __enter__(self) -> "Client":
        self._expect("ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(20)

    def _expect(self, word: str) -> str:
        line = self._process.stdout.readline().strip()
        if line.startswith('{"error"'):
            error: dict[str, Any] = json.loads(line)
            raise NotPossible(f"{error['error']}, after {error['finished']:,} answers")
        assert word in line, f"the client said: {line!r}"
        return line

    def work(self) -> Result:
        """Does the client's work; call it once."""
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return Result(**json.loads(self._expect("finished")))


class Clients:
    """Creates clients for a lab's guest."""

    def __init__(self, folder: Path) -> None:
        self._load, self._pings = folder / "load", folder / "pings"
        compile_c("load.c", self._load)
        compile_c("pings.c", self._pings)

    def get(self, lab: Lab, request: str, **options: int | str) -> Client:
        return Client(lab, [str(self._load), Lab.GUEST, "80", f"request={request}",
                            *words(options)])

    def ping(self, lab: Lab, **options: int | str) -> Client:
        return Client(lab, [str(self._pings), Lab.GUEST, *words(options)])


def words(options: dict[str, int | str]) -> list[str]:
    return [f"{name}={value}" for name, value in options.items()]
