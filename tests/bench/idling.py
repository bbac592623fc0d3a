"""An idle machine's cost to its host, and its latency, by idle policy."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from figures import IDLE, Figure
from machine import Guest
from works import gets
from world import World

POLICIES = ("poll", "doze")
QUIET_S = 5  # CPU time is measured over this long
GAP_US = 30_000  # between an answer and the next request: long enough to doze
REQUESTS = 200


def cpu_seconds(stat: str) -> float:
    """The CPU time a process has used: utime and stime in proc(5)'s stat, which follow the name in
    parentheses, and that may contain anything."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_share(guest: Guest) -> float:
    """Per cent of a core that QEMU uses without traffic."""
    stat = Path(f"/proc/{guest.pid}/stat")
    before, began = cpu_seconds(stat.read_text()), time.monotonic()
    time.sleep(QUIET_S)  # a measurement, not a wait for something
    used = cpu_seconds(stat.read_text()) - before
    return 100 * used / (time.monotonic() - began)


def idle_figures(world: World) -> Iterator[Figure]:
    for policy in POLICIES:
        with world.boot(world.machine().with_settings(f"idle={policy}")) as guest:
            with gets(connections=1, gap_us=GAP_US)(world, REQUESTS) as client:
                latency = client.work().latency_us
            share = cpu_share(guest)
        for key, title, unit, value in (
                (f"idle_{policy}", "host CPU while nothing comes", "% of a core", share),
                (f"spaced_{policy}_50", "requests 30 ms apart: 50 % within", "µs", latency["50"]),
                (f"spaced_{policy}_99", "requests 30 ms apart: 99 % within", "µs", latency["99"])):
            yield Figure(IDLE, key, f'idle = "{policy}": {title}', unit, value)
