"""Compares two servers' reactions to the same case, in the respects that can be compared."""

import hashlib
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from conformance.decode import decoded
from conformance.exchange import Channel, Malformed, Response
from conformance.model import Case
from conformance.run import PROBE
from conformance.server import Server

REDIRECTS = (301, 302, 307, 308)


@dataclass(frozen=True)
class Outcome:
    """A server's reaction to a case."""

    status: int  # 0: no response
    stays: bool = False  # another request on the connection was answered
    interim: bool = False
    allow: bool = False  # Allow is there
    location: str = ""
    coding: str = ""
    range: str = ""
    content: str = ""  # a digest of the decoded content of a 200 or 206

    def unlike(self, other: "Outcome") -> list[str]:
        """The respects in which two outcomes differ."""
        return [field.name for field in fields(self)
                if getattr(self, field.name) != getattr(other, field.name)]


def observe(server: Server, case: Case) -> Outcome:
    """Runs a case on a connection of its own, and the probe behind it."""
    with server.channel() as channel:
        try:
            channel.send(server.request(case))
            response = channel.response(case.method)
        except (Malformed, OSError):
            return Outcome(0)
        stays = not response.closes if case.unfinished else answers(channel)
        return Outcome(response.status, stays, response.interim, "allow" in response.fields,
                       **told(response))


def answers(channel: Channel) -> bool:
    """Whether the connection accepts another request."""
    try:
        channel.send(PROBE.request)
        return channel.response().status == 200
    except (Malformed, OSError):
        return False


def told(response: Response) -> dict[str, str]:
    """The comparable facts in a successful response or a redirect."""
    if response.status in REDIRECTS:
        to = urlsplit(response.fields.get("location", ""))
        return {"location": to.path + ("?" + to.query if to.query else "")}
    if response.status not in (200, 206):
        return {}
    coding = response.fields.get("content-encoding", "identity")
    told = response.fields.get("content-range", "")
    several = "multipart" in response.fields.get("content-type", "")
    # Servers make different variants, and different boundaries between parts.
    partly_coded = response.status == 206 and coding != "identity"
    content = b"" if several or partly_coded else decoded(response.body, coding) or b""
    return {"coding": coding, "range": "several" if several else told,
            "content": hashlib.sha256(content).hexdigest()[:16]}
