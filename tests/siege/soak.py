"""A soak: mixed traffic over a line that loses 1 % of the frames; memory and latency stay flat.

Each round is a minute of requests on kept connections and on one each, of downloads whose every
byte is checked, and of an honest client whose latency is told. After each the pools are at rest.
"""

import itertools
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import far_rig
from clients import Clients, NotPossible
from far_rig import Contender, FarMachine, Running
from images import Images
from lab import Lab
from watching import HONEST, honest_client, metrics, seconds_to_rest
from world import REQUEST, request

from tools.command_line.far_lines import SIZES, Line

NAME = "soak"
LINE = Line(rtt=2, loss=1, rate=0)
ROUND_S = 60
KEPT, EACH = 5_000, 500  # requests at a time, on kept connections and on one each
DOWNLOADS = ("14K", "1M", "100K", "16M")
SETTINGS = ("http.metrics=/metrics", "http.idle_timeout_s=60")
FLAT = 2.0  # the last third's latency may be so many times that of the first
SHARE = 0.99
BODY = len(b"<!doctype html>")
CLOSING = request("/", "Connection: close")


@dataclass
class Round:
    """What a round saw."""

    requests: int = 0
    mib: float = 0.0
    answered: float = 0.0  # the share of the honest client's requests
    median_ms: float = 0.0
    rest_s: float | None = None
    fault: str = ""

    def holds(self) -> bool:
        return not self.fault and self.answered >= SHARE and self.rest_s is not None


class Traffic:
    """Threads that use the machine until they are told to stop."""

    def __init__(self, lab: Lab, clients: Clients, seen: Round) -> None:
        self.seen = seen
        self._until = time.monotonic() + ROUND_S
        self._threads = [threading.Thread(target=self._repeat, args=(work,)) for work in (
            lambda: self._load(lab, clients, REQUEST, connections=32, count=KEPT),
            lambda: self._load(lab, clients, CLOSING, connections=16, count=EACH, each=1),
            lambda sizes=itertools.cycle(DOWNLOADS): self._download(lab, next(sizes)))]

    def _repeat(self, work: Callable[[], None]) -> None:
        try:
            while time.monotonic() < self._until and not self.seen.fault:
                work()
        except (AssertionError, NotPossible, OSError, subprocess.SubprocessError) as failure:
            self.seen.fault = str(failure) or type(failure).__name__

    def _load(self, lab: Lab, clients: Clients, text: str, **options: int | str) -> None:
        with clients.get(lab, text, deadline=120, body=BODY, **options) as client:
            self.seen.requests += client.work().finished

    def _download(self, lab: Lab, size: str) -> None:
        far_rig.download(lab, size)
        self.seen.requests += 1
        self.seen.mib += SIZES[size] / (1 << 20)

    def run(self) -> None:
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()


def one_round(running: Running, clients: Clients, seed: int, before: dict[str, int]) -> Round:
    seen = Round()
    lab = running.net.lab
    with running.net.through(LINE, seed):
        with honest_client(lab, BODY) as said:
            Traffic(lab, clients, seen).run()
        asked = sum(counts["asked"] for counts in said.values())
        seen.answered = sum(counts["answered"] for counts in said.values()) / max(asked, 1)
        seen.median_ms = said["kept"]["median_ms"]
    restless: dict[str, int] = {}
    with running.net.through(Line(rtt=0, rate=0), seed):
        seen.rest_s = seconds_to_rest(lab, before, restless)
    if restless:
        seen.fault = f"left {restless}"
    return seen


def row(number: int, seen: Round) -> str:
    rest = "never" if seen.rest_s is None else f"{seen.rest_s:.1f}"
    return (f"{number:>6}{seen.requests:>12,}{seen.mib:>10,.0f}{100 * seen.answered:>12.1f} %"
            f"{seen.median_ms:>12.2f}{rest:>12}  {seen.fault}")


def latency_is_flat(rounds: list[Round]) -> bool:
    third = max(len(rounds) // 3, 1)
    first, last = (median(seen.median_ms for seen in part)
                   for part in (rounds[:third], rounds[-third:]))
    return last <= FLAT * first


def run(folder: Path, memory_mib: int, seconds: int) -> bool:
    """Prints a row for each minute; whether all was well."""
    site = far_rig.make_site(folder / "far-site")
    machine = FarMachine().with_settings(*SETTINGS)
    machine = replace(machine, memory_mib=memory_mib)
    image = Images(folder / "far-images").bootable(site, machine.boot)
    running = Running(Contender(NAME, image, machine), folder)
    rounds: list[Round] = []
    try:
        running.first_answer()
        lab = running.net.lab
        lab.run("ip", "addr", "add", f"{HONEST}/{Lab.PREFIX}", "dev", far_rig.HOME)
        with running.net.through(Line(rtt=0, rate=0), 1):
            metrics(lab)
            before, _ = metrics(lab)
        clients = Clients(folder)
        print(f"{'minute':>6}{'requests':>12}{'MiB':>10}{'answered':>14}{'median, ms':>12}"
              f"{'at rest, s':>12}", flush=True)
        for number in range(1, max(seconds // ROUND_S, 1) + 1):
            rounds.append(one_round(running, clients, number, before))
            print(row(number, rounds[-1]), flush=True)
            running.guest.is_alive()
        with running.net.through(Line(rtt=0, rate=0), 1):
            uptime = metrics(lab)[1]
    finally:
        running.close()
    restarted = uptime < len(rounds) * ROUND_S
    print(f"{sum(seen.requests for seen in rounds):,} requests, "
          f"{sum(seen.mib for seen in rounds):,.0f} MiB; latency "
          f"{'flat' if latency_is_flat(rounds) else 'RISES'}"
          f"{'; it restarted' if restarted else ''}")
    return not restarted and latency_is_flat(rounds) and all(seen.holds() for seen in rounds)
