"""A server under test: how to connect to it, and what has been learnt about its files."""

import re
import socket
from collections.abc import Callable
from pathlib import Path

from conformance.decode import decoded
from conformance.exchange import Channel, Malformed, Response
from conformance.model import HOST, Case, get
from conformance.site import address, content

TAG = re.compile(rb"\{tag:([^ {}]+)(?: (\w+))?\}")


class Server:
    """One server with the conformance sites."""

    def __init__(self, root: Path, connect: Callable[[], socket.socket]) -> None:
        self.root = root
        self._connect = connect
        self._learnt: dict[tuple[str, str, str], Response] = {}

    def channel(self) -> Channel:
        return Channel(self._connect())

    def learn(self, name: str, coding: str = "identity", site: str = HOST) -> Response:
        """The response to a plain GET of a file, checked to have the file's content."""
        key = (name, coding, site)
        if key not in self._learnt:
            with self.channel() as channel:
                channel.send(get(address(name), f"Accept-Encoding: {coding}", host=site))
                response = channel.response()
            told = response.fields.get("content-encoding", "identity")
            if response.status != 200 or decoded(response.body, told) != content(
                    self.root, name, site):
                raise Malformed(f"{name} in {coding}: {response.status}, {response.fields}")
            self._learnt[key] = response
        return self._learnt[key]

    def filled(self, text: bytes) -> bytes:
        """Replaces placeholders by entity tags."""
        return TAG.sub(lambda found: self.learn(
            found[1].decode(), (found[2] or b"identity").decode()).fields["etag"].encode(), text)

    def request(self, case: Case) -> bytes:
        """A case's request as sent."""
        return self.filled(case.request)
