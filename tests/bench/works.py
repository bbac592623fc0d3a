"""The kinds of work whose instructions are counted, and how they are counted."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from clients import Client, NotPossible, Result
from counting import Counts, Meter
from figures import INSTRUCTIONS, Figure, of_several
from lab import Lab
from machine import Guest
from world import BODY_BYTES, SOURCES, World, request

MIB = 1 << 20
ACTIVE = 64

# Connections to close first, so that the TIME_WAIT table is full: only then is the cost of one more
# constant.
CLOSED_BEFORE = 2000
WARM_UP = 2000  # requests

# 158 bytes, as curl and simple programs send it with a few more fields.
LONGER = request("/", "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
                 "Accept: text/html, */*;q=0.8", "Accept-Language: en-GB, en;q=0.5")


MakeClient = Callable[[World, int], "Client | Wrk"]


def requests(result: Result) -> float:
    return result.finished


def mebibytes(result: Result) -> float:
    return result.body_bytes / MIB


@dataclass(frozen=True)
class Work:
    """A kind of work. `count` suffices for a figure that varies by a per cent or two at most."""

    key: str
    title: str
    client: MakeClient
    count: int
    units: Callable[[Result], float] = requests
    unit: str = "instructions"


def gets(text: str = request(), **options: int | str) -> MakeClient:
    return lambda world, count: world.clients.get(
        world.lab, text, count=count, **{"connections": ACTIVE, "body": BODY_BYTES} | options)


def beside(idle: int) -> MakeClient:
    return gets(idle=idle, sources=",".join(SOURCES))


def not_modified(world: World, count: int) -> Client:
    head = world.lab.run("curl", "-sI", f"http://{Lab.GUEST}/").stdout
    tag = re.search(r"^ETag: (.*?)\r?$", head, re.MULTILINE | re.IGNORECASE)
    assert tag, head
    return gets(request("/", f"If-None-Match: {tag[1]}"), status=304, body=0)(world, count)


def pings(size: int) -> MakeClient:
    return lambda world, count: world.clients.ping(world.lab, window=ACTIVE, count=count, size=size)


class Wrk:
    """wrk as a client; it makes its own request."""

    def __init__(self, world: World) -> None:
        self._lab = world.lab

    def __enter__(self) -> "Wrk":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def work(self) -> Result:
        said = self._lab.run("wrk", "-t1", f"-c{ACTIVE}", "-d2", f"http://{Lab.GUEST}/").stdout
        requests = re.search(r"(\d+) requests in ([\d.]+)s", said)
        assert requests and "Non-2xx" not in said and "Socket errors" not in said, said
        return Result(int(requests[1]), float(requests[2]), 0, {})


CLOSE = request("/", "Connection: close")
LARGE = request("/large.bin")

WORKS = (
    Work("get_64", "GET of 1 KiB, 34-byte request, 64 connections kept alive", gets(), 8000),
    Work("get_1", "the same, 1 connection", gets(connections=1), 3000),
    Work("get_1000", "the same, 64 of 1,000 connections at work", beside(1000 - ACTIVE), 8000),
    Work("get_10000", "the same, 64 of 10,000 connections at work", beside(10000 - ACTIVE), 8000),
    Work("get_longer", "the same, 158-byte request, 64 connections", gets(LONGER), 8000),
    Work("get_wrk", "the same by wrk, with its own request, 64 connections",
         lambda world, _: Wrk(world), 0),
    Work("get_each", "GET of 1 KiB, a connection each, 64 at once",
         gets(CLOSE, each=1, before=CLOSED_BEFORE), 2000),
    Work("get_304", "304, 64 connections kept alive", not_modified, 8000),
    Work("get_404", "404, 64 connections kept alive",
         gets(request("/nowhere"), status=404, body=-1), 8000),
    Work("mebibyte", "1 MiB of a large file, 4 connections",
         gets(LARGE, connections=4, body=-1), 16, mebibytes),
    Work("ping_0", "ping of 0 bytes, 64 at once", pings(0), 12800),
    Work("ping_56", "ping of 56 bytes, 64 at once", pings(56), 12800),
    Work("ping_1472", "ping of 1,472 bytes, 64 at once", pings(1472), 12800),
)
BY_KEY = {work.key: work for work in WORKS}


@dataclass(frozen=True)
class Cost:
    """The cost of one unit of some work."""

    instructions: float
    with_idle: float  # the same including idle turns; at saturation nearly equal
    units: float
    counts: Counts


def cost(world: World, meter: Meter, work: Work) -> Cost:
    """Does the work once, and counts."""
    with work.client(world, work.count) as client:
        before = meter.read()
        units = work.units(client.work())
        counts = meter.read() - before
    return Cost(meter.work(counts) / units, counts.total() / units, units, counts)


@contextmanager
def warm(world: World) -> Iterator[tuple[Guest, Meter]]:
    """A machine that is counted, its code translated and its tables warm."""
    with world.counted(world.machine()) as (guest, meter):
        guest.ready()
        with gets()(world, WARM_UP) as client:
            client.work()
        yield guest, meter


def figure(world: World, meter: Meter, work: Work, repeat: int) -> Figure:
    try:
        costs = [cost(world, meter, work) for _ in range(repeat)]
    except NotPossible as reason:
        return Figure(INSTRUCTIONS, work.key, work.title, work.unit, None, note=str(reason))
    with_idle = min(one.with_idle for one in costs)
    return of_several(INSTRUCTIONS, work.key, work.title, work.unit,
                      [one.instructions for one in costs],
                      f"{with_idle:,.0f} with idle turns, at best")


def instruction_figures(world: World, repeat: int, some: Sequence[Work] = WORKS
                        ) -> Iterator[Figure]:
    with warm(world) as (guest, meter):
        for work in some:
            yield figure(world, meter, work, repeat)
            guest.is_alive()


def hot(world: World, work: Work, rows: int) -> str:
    """The functions where one unit's instructions go; inlined code belongs to its caller."""
    with warm(world) as (_, meter):
        spent = cost(world, meter, work)
        lines, sum_so_far = [f"{work.title}: {spent.instructions:,.0f} instructions"], 0.0
        for name, count in meter.by_symbol(spent.counts).most_common(rows):
            sum_so_far += count / spent.units
            lines.append(f"{count / spent.units:11,.1f} {sum_so_far:11,.1f}  {name[:100]}")
    return "\n".join(lines)
