"""The base of every measurement: a lab, a site, images of it, and machines to boot them."""

import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from clients import Clients, build_plugin
from counting import Meter, Symbols
from images import KERNEL, ROOT, Images
from lab import Lab
from machine import MAC, Guest, Machine

BODY_BYTES = 1024
LARGE_MIB = 16
SMALL_SITE = ROOT / "www"  # the example site, for boots
SOURCES = tuple(f"192.0.2.{host}" for host in range(10, 14))
SETTINGS = (f"network.0.address={Lab.GUEST}/{Lab.PREFIX}", "http.idle_timeout_s=3600")

# 34 bytes; a test checks that.
REQUEST = "GET / HTTP/1.1\r\nHost: mote.lan\r\n\r\n"


def request(path: str = "/", *fields: str) -> str:
    """REQUEST with another path, or with more fields."""
    more = "".join(f"{field}\r\n" for field in fields)
    return REQUEST.replace("/", path, 1).removesuffix("\r\n") + more + "\r\n"


@dataclass(frozen=True)
class BenchMachine(Machine):
    """A machine without the tests' packet capture, which would cost time."""

    memory_mib: int = 64
    settings: str | None = "\n".join(SETTINGS)

    def arguments(self, *where: object) -> list[str]:
        line = super().arguments(*where)
        while "-object" in line:
            at = line.index("-object")
            del line[at:at + 2]
        return line

    def with_settings(self, *lines: str) -> "BenchMachine":
        return replace(self, settings="\n".join([self.settings or "", *lines]))


def make_site(site: Path) -> None:
    """A page of 1 KiB, and a large file that no coding makes smaller."""
    site.mkdir()
    (site / "index.html").write_bytes((b"<!doctype html>" + b"mote " * BODY_BYTES)[:BODY_BYTES])
    (site / "large.bin").write_bytes(random.Random(0).randbytes(LARGE_MIB << 20))


class World:
    """One lab; its machines run one after the other."""

    def __init__(self, folder: Path, nic: str) -> None:
        self.folder, self.nic = folder, nic
        self.site = folder / "site"
        make_site(self.site)
        self.plugin = build_plugin(folder)
        self.clients = Clients(folder)
        self.images = Images(folder / "images")
        self.symbols = Symbols.of(KERNEL)
        self.lab = Lab()
        self.started = 0.0  # time.monotonic of the latest machine's start
        self._count = 0

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.close()

    def machine(self, **dimensions: object) -> BenchMachine:
        return BenchMachine(**{"nic": self.nic} | dimensions)

    @contextmanager
    def start(self, machine: Machine, site: Path | None = None, image: Path | None = None
              ) -> Iterator[Guest]:
        """A started machine; it is stopped at the end."""
        image = image or self.images.bootable(site or self.site, machine.boot)
        wire = self.lab.tap()
        for address in SOURCES:
            self.lab.run("ip", "addr", "add", f"{address}/{Lab.PREFIX}", "dev", "mote0")
        # Known in advance, as to any recent peer: ARP isn't measured.
        self.lab.run("ip", "neigh", "replace", Lab.GUEST, "lladdr", MAC, "dev", "mote0")
        self._count += 1
        self.started = time.monotonic()
        guest = Guest(self.lab, machine, image, self.folder / f"machine{self._count}", wire)
        try:
            yield guest
        finally:
            guest.stop()

    @contextmanager
    def boot(self, machine: Machine) -> Iterator[Guest]:
        with self.start(machine) as guest:
            yield guest.ready()

    @contextmanager
    def counted(self, machine: BenchMachine, site: Path | None = None, *options: str,
                image: Path | None = None) -> Iterator[tuple[Guest, Meter]]:
        """A started machine whose instructions are counted from reset."""
        counts = self.folder / f"count{self._count}"
        plugin = ",".join([str(self.plugin), f"out={counts}", *options])
        counting = replace(machine, extra=(*machine.extra, "-plugin", plugin))
        with self.start(counting, site, image) as guest:
            yield guest, Meter(counts, self.symbols)


def about(nic: str) -> dict[str, str]:
    """The conditions that the figures were measured under."""
    version = subprocess.run(["qemu-system-x86_64", "--version"], text=True, capture_output=True,
                             check=True, timeout=60).stdout.splitlines()[0]
    commit = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], text=True,
                            capture_output=True, check=False, timeout=60).stdout.strip()
    return {"nic": nic, "qemu": version, "commit": commit or "unknown",
            "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())}
