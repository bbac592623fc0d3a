"""The common base of this folder: other people's programs, and the site and machine they meet.

The programs are Debian's; those that are heavy to install run under `--interop` only (marked
`interop`).
"""

import random
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

import sites
from conftest import IN_CI, Bench
from http_client import Client
from images import Images
from lab import ENVIRONMENT, Lab, end, until
from machine import Guest, Machine

HERE = Path(__file__).parent
URL = f"http://{Lab.GUEST}"
CONFIG = '[http]\nmetrics = "/metrics"\n'
DEADLINE_S = 240  # for one run of a program


def needed(*programs: str) -> None:
    """Requires these programs; `./mote test` installs them."""
    for program in programs:
        if not shutil.which(program, path=ENVIRONMENT["PATH"]):
            reason = f"{program} is not here; ./mote test --interop installs it"
            pytest.fail(reason) if IN_CI else pytest.skip(reason)


# --- The site and its machine ---

def png(width: int, height: int) -> bytes:
    """A picture of one colour (PNG, third edition, 5.2 and 11.2)."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + \
            struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x20\x60\xa0" * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + \
        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def make_site(site: Path) -> None:
    """The pages of site/, and generated files beside them."""
    for name in sites.files(HERE / "site"):
        sites.write(site, name, (HERE / "site" / name).read_bytes())
    sites.write(site, "picture.png", png(40, 30))
    sites.write(site, "text.txt", "".join(f"{n} green bottles\n" for n in range(9000)).encode())
    for size in (1, 1460, 65536, 1_000_003):
        sites.write(site, f"size/{size}.bin", random.Random(size).randbytes(size))
    sites.write(site, "data/small.json", b'{"mote": true}\n')
    paths = ",\n".join(f'"{sites.url_path(name)}"' for name in sites.files(site))
    sites.write(site, "data/list.json", f"[{paths}]\n".encode())


def the_site(images: Images) -> Path:
    return images.once("interop-site", make_site)


def boot(bench: Bench, config: str = CONFIG) -> Guest:
    """The machine that all programs meet: as delivered, plus /metrics."""
    bench.results.mkdir(parents=True, exist_ok=True)
    settings = bench.results / "mote.toml"
    settings.write_text(config)
    image = bench.images.configured(the_site(bench.images), settings)
    return bench.boot(Machine(memory_mib=32), image=image)


def metric(guest: Guest, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels, read over its own connection."""
    with Client(guest.lab.connect()) as client:
        lines = client.get("/metrics").body.decode().splitlines()
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    values = [float(line.rpartition(" ")[2]) for line in lines
              if line.startswith((f"{name} ", f"{name}{{")) and all(w in line for w in wanted)]
    assert values, f"no sample of {name} {labels} among\n" + "\n".join(lines)
    return sum(values)


class Use:
    """The machine's activity since this was made: requests answered, connections accepted."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._before = self._now()

    def _now(self) -> tuple[float, float]:
        return (metric(self._guest, "mote_http_requests_total"),
                metric(self._guest, "mote_http_connections_accepted_total"))

    def so_far(self) -> tuple[int, int]:
        """Leaves out its own: two requests, each on a connection of its own."""
        now = self._now()
        return tuple(int(after - before) - 2 for after, before in zip(now, self._before))


# --- Programs ---

class Service:
    """A program that runs until the test's end; its output is kept."""

    def __init__(self, bench: Bench, name: str, *command: str) -> None:
        needed(command[0])
        bench.results.mkdir(parents=True, exist_ok=True)
        self._lab = bench.lab
        self.name = name
        self.log = bench.results / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = bench.lab.start(*command, stdout=log, stderr=subprocess.STDOUT)

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def is_alive(self) -> bool:
        assert self.process.poll() is None, f"{self.name} ended:\n{self.said}"
        return True

    def listens(self, port: int) -> "Service":
        """Waits until it accepts connections."""
        until(lambda: self.is_alive() and self._takes(port), f"{self.name} on port {port}", 60)
        return self

    def _takes(self, port: int) -> bool:
        try:
            self._lab.connect(port, "127.0.0.1").close()
        except ConnectionRefusedError:
            return False
        return True

    def end(self) -> None:
        end(self.process)


def wrong_files(folder: Path, site: Path, names: list[str]) -> list[str]:
    """The site's files that arrived altered, or not at all."""
    return [name for name in names
            if not (folder / name).is_file() or
            (folder / name).read_bytes() != (site / name).read_bytes()]
