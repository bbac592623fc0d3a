"""Connections to run cases on, and responses, each parsed twice: by us and by h11."""

import re
import socket
from dataclasses import dataclass
from typing import Self

import h11

from http_client import FIELD_LINE, STATUS_LINE, all_received

NO_CONTENT = (204, 304)


class Malformed(AssertionError):
    """The bytes received are no response, or contradict themselves."""


@dataclass(frozen=True)
class Response:
    """A response as received, with the parts that RFC 9112 names."""

    status: int
    fields: dict[str, str]  # by lower-case name
    body: bytes
    raw: bytes  # all of it, including an interim response before it
    interim: bool = False

    @property
    def closes(self) -> bool:
        return "close" in options(self.fields)


def options(fields: dict[str, str]) -> set[str]:
    """The options in the Connection field."""
    return {word.strip().lower() for word in fields.get("connection", "").split(",")}


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and fields of a header section, given without its empty line."""
    status_line, *lines = head.split(b"\r\n")
    status = STATUS_LINE.fullmatch(status_line)
    if not status:
        raise Malformed(f"not a status line: {status_line!r}")
    fields: dict[str, str] = {}
    for line in lines:
        found = FIELD_LINE.fullmatch(line)
        if not found:
            raise Malformed(f"not a field line: {line!r}")
        name = found[1].decode().lower()
        if name in fields:
            raise Malformed(f"{name} is there twice")
        fields[name] = (found[2] or b"").decode()
    return int(status[1]), fields


def second_opinion(method: str, response: Response) -> None:
    """Has h11 parse the bytes as a client that sent a request with this method."""
    parser = h11.Connection(h11.CLIENT)
    asked = "GET" if method == "CONNECT" else method
    parser.send(h11.Request(method=asked, target="/", headers=[("Host", "h11.test")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(response.raw)
    heads: list[h11.InformationalResponse | h11.Response] = []
    body = b""
    try:
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA or event is h11.PAUSED:
                raise Malformed("h11 finds no end of the response")
            if isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                heads.append(event)
    except h11.RemoteProtocolError as error:
        raise Malformed(f"h11: {error}") from error
    fields = {name.decode(): value.decode() for name, value in heads[-1].headers}
    agrees = (heads[-1].status_code, fields, body, len(heads) > 1) == (
        response.status, response.fields, response.body, response.interim)
    if not agrees or parser.trailing_data[0]:
        raise Malformed(f"h11 reads another response: {heads!r}, {len(body)} bytes of body")
    if (parser.their_state is h11.MUST_CLOSE) != response.closes:
        raise Malformed(f"h11 is {parser.their_state}, the response says otherwise")


class Channel:
    """A connection to a server, with the bytes received but not yet consumed."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def all_received(self) -> bool:
        """Whether the peer has acknowledged everything sent."""
        return all_received(self.socket)

    def _more(self) -> bool:
        try:
            piece = self.socket.recv(1 << 18)
        except TimeoutError:
            raise Malformed(f"no more comes; so far: {self._buffer[:300]!r}") from None
        self._buffer += piece
        return bool(piece)

    def _take_head(self) -> bytes:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if not self._more():
                raise Malformed(f"closed where a response was due, after {self._buffer[:300]!r}")
        head, self._buffer = self._buffer[:end], self._buffer[end + 4:]
        return head

    def response(self, method: str = "GET") -> Response:
        """Reads the next response, including an interim one before it."""
        head = self._take_head()
        status, fields = parse_head(head)
        raw, interim = head + b"\r\n\r\n", status == 100
        if interim:
            head = self._take_head()
            status, fields = parse_head(head)
            raw += head + b"\r\n\r\n"
        if status < 200:
            raise Malformed(f"{status} in place of a final response")
        has_content = method != "HEAD" and status not in NO_CONTENT
        body = self._take_body(fields) if has_content else b""
        return Response(status, fields, body, raw + body, interim)

    def _take_body(self, fields: dict[str, str]) -> bytes:
        """Takes the body by Content-Length, which this server always sends."""
        length = fields.get("content-length", "")
        if not re.fullmatch(r"0|[1-9][0-9]*", length) or "transfer-encoding" in fields:
            raise Malformed(f"framed by something else than Content-Length: {fields}")
        while len(self._buffer) < int(length):
            if not self._more():
                raise Malformed(f"closed, {int(length) - len(self._buffer)} bytes short")
        body, self._buffer = self._buffer[:int(length)], self._buffer[int(length):]
        return body

    def ended(self) -> bool:
        """Waits for the peer to close; true if nothing came before that."""
        return not self._buffer and not self._more()
