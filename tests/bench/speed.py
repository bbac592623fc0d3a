"""Figures by the clock: requests and pings a second, latencies, MB/s. They hold for this host and
moment only."""

import re
from collections.abc import Iterator

from figures import SPEED, Figure
from lab import Lab
from works import LARGE, gets
from world import LARGE_MIB, World

WRK_S = 3
CONNECTIONS = (1, 16, 64)
UNITS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}
PINGS = 20_000
WINDOW = 64
FILES = 16


def wrk_said(text: str) -> tuple[float, dict[str, float]]:
    """Parses wrk's report: requests a second, and latencies in microseconds by percentile."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert rate and "Non-2xx" not in text and "Socket errors" not in text, text
    latencies = re.findall(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE)
    return float(rate[1]), {percent: float(time) * UNITS[unit]
                            for percent, time, unit in latencies}


def wrk(lab: Lab, connections: int, *arguments: str) -> tuple[float, dict[str, float]]:
    return wrk_said(lab.run("wrk", "-t1", f"-c{connections}", f"-d{WRK_S}", "--latency",
                            *arguments, f"http://{Lab.GUEST}/").stdout)


def request_speed(lab: Lab) -> Iterator[Figure]:
    for connections in CONNECTIONS:
        rate, latency = wrk(lab, connections)
        yield Figure(SPEED, f"wrk_{connections}", f"wrk, {connections} connections kept alive",
                     "requests a second", rate, note="latency " + ", ".join(
                         f"{percent} % {time:,.0f} µs" for percent, time in latency.items()))
    rate, _ = wrk(lab, 64, "-H", "Connection: close")
    yield Figure(SPEED, "wrk_each_64", "wrk, a connection each, 64 at once", "requests a second",
                 rate)


def speed_figures(world: World) -> Iterator[Figure]:
    with world.boot(world.machine()):
        yield from request_speed(world.lab)
        with gets(LARGE, connections=8, body=LARGE_MIB << 20)(world, FILES) as client:
            result = client.work()
        yield Figure(SPEED, "large_file", f"a file of {LARGE_MIB} MiB, 8 connections",
                     "MB a second", result.body_bytes / 1e6 / result.seconds)
        with world.clients.ping(world.lab, window=WINDOW, count=PINGS) as client:
            result = client.work()
        yield Figure(SPEED, "pings", f"pings of 56 bytes, {WINDOW} at once", "a second",
                     result.finished / result.seconds)
