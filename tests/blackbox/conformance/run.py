"""The ways to run a case, each on its own connections."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from conformance.check import differences
from conformance.exchange import Channel, Malformed, Response, second_opinion
from conformance.model import Case, File, get
from conformance.server import Server
from lab import until

PROBE = Case("probe", "9112 9.3", get("/sub/page.txt"), 200, File("sub/page.txt"))
DATE = re.compile(rb"\r\nDate: [^\r\n]*", re.I)

# Longer requests are split at every byte near both ends, and here and there between: a MiB not a
# thousand times, which is a GiB.
CUT_EVERYWHERE = 1000
ENDS, STEP, BETWEEN = 16, 997, 64


def judged(server: Server, case: Case, channel: Channel) -> Response:
    """Reads the next response on a connection; fails unless it is right for the case."""
    response = channel.response(case.method)
    second_opinion(case.method, response)
    wrong = differences(server, case, response)
    if wrong:
        raise Malformed(f"{'; '.join(wrong)}\n{response.raw[:600]!r}")
    return response


def afterwards(server: Server, case: Case, channel: Channel, asked: bool) -> None:
    """Checks that the connection answers the probe, sent already or not, or has closed."""
    if not case.stays:
        if not channel.ended():
            raise Malformed("something comes behind the last response")
        return
    if not asked:
        channel.send(PROBE.request)
    judged(server, PROBE, channel)


def kept_alive(server: Server, case: Case) -> None:
    """The case, then the probe once the response has come."""
    with server.channel() as channel:
        channel.send(server.request(case))
        judged(server, case, channel)
        afterwards(server, case, channel, asked=False)


def pipelined(server: Server, case: Case) -> None:
    """The case with the probe behind it in one piece, and then between two."""
    if case.unfinished:
        return
    request = server.request(case) + PROBE.request
    with server.channel() as channel:
        channel.send(request)
        judged(server, case, channel)
        afterwards(server, case, channel, asked=True)
    with server.channel() as channel:
        channel.send(PROBE.request + request)
        judged(server, PROBE, channel)
        judged(server, case, channel)
        afterwards(server, case, channel, asked=True)


def closed(server: Server, case: Case) -> None:
    """The case with `Connection: close`, where that adds something and there is room."""
    request = server.request(case)
    says = re.search(rb"\r\nConnection:", request, re.I)
    if not case.stays or case.version != "1.1" or says or case.id.startswith("limit-"):
        return
    line_end = request.index(b"\r\n", request.index(b" ")) + 2
    request = request[:line_end] + b"Connection: close\r\n" + request[line_end:]
    case = replace(case, stays=False)
    with server.channel() as channel:
        channel.send(request)
        judged(server, case, channel)
        afterwards(server, case, channel, asked=False)


@dataclass(frozen=True)
class Cut:
    """A case's request, split in two."""

    case: Case
    request: bytes
    at: int
    expected: bytes  # the response, without its date


def cuts(server: Server, cases: Iterable[Case]) -> Iterator[Cut]:
    """Each of these cases, split at every byte."""
    for case in cases:
        request = server.request(case)
        try:
            with server.channel() as channel:
                channel.send(request)
                expected = DATE.sub(b"", judged(server, case, channel).raw)
        except (Malformed, OSError):
            continue  # wrong even when sent whole, which another test reports
        step = max(STEP, len(request) // BETWEEN | 1)
        for at in range(1, len(request)):
            end = min(at, len(request) - at)
            if len(request) <= CUT_EVERYWHERE or end < ENDS or at % step == 0:
                yield Cut(case, request, at, expected)


class Cutter:
    """Sends split requests, the second part once the first has been received; many at once."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._idle: list[Channel] = []

    def run(self, pending: Iterator[Cut], at_once: int) -> list[str]:
        """Runs them all; returns the failures."""
        wrong: list[str] = []
        while batch := list(islice(pending, at_once)):
            wrong += self._round(batch)
            if len(wrong) > 10:
                break
        return wrong

    def close(self) -> None:
        for channel in self._idle:
            channel.socket.close()

    def _round(self, batch: list[Cut]) -> list[str]:
        channels = [self._idle.pop() if self._idle else self._server.channel() for _ in batch]
        for cut, channel in zip(batch, channels):
            channel.send(cut.request[:cut.at])
        until(lambda: all(channel.all_received() for channel in channels),
              "acknowledgments of the first parts")
        for cut, channel in zip(batch, channels):
            channel.send(cut.request[cut.at:])
        wrong = []
        for cut, channel in zip(batch, channels):
            try:
                self._finish(cut, channel)
            except (AssertionError, OSError) as error:
                channel.socket.close()
                wrong.append(f"{cut.case.id} cut at {cut.at}: {error}")
        return wrong

    def _finish(self, cut: Cut, channel: Channel) -> None:
        response = channel.response(cut.case.method)
        if DATE.sub(b"", response.raw) != cut.expected:
            found = differences(self._server, cut.case, response)
            if found:
                raise Malformed("; ".join(found))
        if cut.case.stays:
            self._idle.append(channel)
            return
        if not channel.ended():
            raise Malformed("something comes behind the last response")
        channel.socket.close()


def at_once(request: bytes, case: Case) -> int:
    """How many such requests may be begun at a time: the buffers in limits.hpp, less a few."""
    if len(request) > 4000:
        return 8
    return 15 if len(request) > CUT_EVERYWHERE else case.at_once


def split(server: Server, cases: Iterable[Case]) -> list[str]:
    """Runs every case in two segments, split at every byte."""
    cutter = Cutter(server)
    groups: dict[int, list[Case]] = {}
    for case in cases:
        groups.setdefault(at_once(server.request(case), case), []).append(case)
    try:
        return [wrong for number, group in groups.items()
                for wrong in cutter.run(cuts(server, group), number)]
    finally:
        cutter.close()
