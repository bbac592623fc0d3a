"""Reads HTTP/1.1 responses from a socket, as strictly as a test should."""

import fcntl
import re
import socket
import termios
from dataclasses import dataclass
from typing import Self

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [\t\x20-\x7e]*")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*"
                        rb"[\x21-\x7e])?)?[ \t]*")
NO_BODY = (204, 304)


def all_received(connection: socket.socket) -> bool:
    """Whether the peer has acknowledged everything sent."""
    left = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(left, "little") == 0


@dataclass(frozen=True)
class Response:
    """One response with the parts that RFC 9112 names."""

    status: int
    fields: dict[str, str]  # by lower-case name
    body: bytes

    @property
    def closes(self) -> bool:
        return self.fields.get("connection", "").lower() == "close"


class Client:
    """A connection with the bytes received but not yet consumed."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *lines: str, body: bytes = b"") -> None:
        """Sends a request made of these lines; adds the empty one at the end."""
        self.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)

    def get(self, target: str, *fields: str, method: str = "GET") -> Response:
        """Sends a request and reads its response."""
        self.send(f"{method} {target} HTTP/1.1", "Host: mote", *fields)
        return self.response(method)

    def _more(self) -> bool:
        data = self.socket.recv(1 << 16)
        self._buffer += data
        return bool(data)

    def response(self, method: str = "GET") -> Response:
        """Reads the next response; Content-Length must give its length."""
        while b"\r\n\r\n" not in self._buffer:
            assert self._more(), f"closed within the header section: {self._buffer!r}"
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        status_line, *lines = head.split(b"\r\n")
        status = STATUS_LINE.fullmatch(status_line)
        assert status, f"not a status line: {status_line!r}"
        fields: dict[str, str] = {}
        for line in lines:
            field = FIELD_LINE.fullmatch(line)
            assert field, f"not a field line: {line!r}"
            name = field[1].decode().lower()
            assert name not in fields, f"{name} is there twice"
            fields[name] = (field[2] or b"").decode()
        code = int(status[1])
        length = 0 if method == "HEAD" or code in NO_BODY else int(fields["content-length"])
        body = self._body(length)
        return Response(code, fields, body)

    def _body(self, length: int) -> bytes:
        pieces = [self._buffer[:length]]
        self._buffer = self._buffer[length:]
        missing = length - len(pieces[0])
        while missing:
            data = self.socket.recv(min(missing, 1 << 20))
            assert data, f"closed, {missing} bytes of the body short"
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def ended(self) -> bool:
        """Waits for the peer to close; true if nothing came before that."""
        return not self._buffer and not self._more()
