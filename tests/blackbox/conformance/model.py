"""The parts of a conformance case: a request byte by byte, and the expected response.

In a request's text and in the value of an expected field, `{tag:NAME}` stands for a file's entity
tag, and `{tag:NAME CODING}` for that of one of its variants. The server under test is asked for the
tag first.
"""

import re
from dataclasses import dataclass, field

# The host of the default site, and that of the other one.
HOST = "site.test"
OTHER = "other.test"

Value = str | re.Pattern[str] | frozenset[str]
SOMETHING = re.compile(r".+")


@dataclass(frozen=True)
class File:
    """A file's content, in a coding, whole or from `first` to `last`."""

    name: str
    coding: str = "identity"  # "any": whichever it declares, if it decodes so
    first: int | None = None
    last: int | None = None
    site: str = HOST


@dataclass(frozen=True)
class Page:
    """A page about an error or the like: a file of the site, but sent without validators."""

    name: str
    site: str = HOST


@dataclass(frozen=True)
class Parts:
    """Ranges of a file, in this order, as multipart/byteranges (RFC 9110, 14.6)."""

    name: str
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Text:
    """Content that matches an expression."""

    pattern: bytes


@dataclass(frozen=True)
class Nothing:
    """No content at all."""


@dataclass(frozen=True)
class Anything:
    """Any content, whatever the server generates."""


Body = File | Page | Parts | Text | Nothing | Anything


@dataclass(frozen=True)
class Case:
    """One request and its response. The RFC's section justifies the expectation."""

    id: str
    rfc: str
    request: bytes
    status: int | tuple[int, ...]
    body: Body = Anything()
    has: dict[str, Value] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    # Whether the connection can take another request, as the response must tell. None: it closes,
    # but the response may have been sent before that was known.
    stays: bool | None = True
    unfinished: bool = False  # bytes sent after it belong to it
    at_once: int = 200  # how many can be answered at a time; 256 requests may be begun

    @property
    def method(self) -> str:
        """The method, as far as a client's parser must know it."""
        found = re.match(rb"(?:\r\n)*([A-Za-z]+) ", self.request)
        return found[1].decode() if found else "GET"

    @property
    def version(self) -> str:
        return "1.0" if re.match(rb"[^\r\n]*HTTP/1\.0\r\n", self.request) else "1.1"

    @property
    def statuses(self) -> tuple[int, ...]:
        return self.status if isinstance(self.status, tuple) else (self.status,)


def members(*names: str) -> frozenset[str]:
    """The value of a list field, in any order."""
    return frozenset(names)


def ask(method: str, target: str, *lines: str, host: str | None = HOST, version: str = "1.1",
        content: bytes = b"") -> bytes:
    """A request. `lines` are field lines without their line ends, placed behind Host."""
    fields = [f"Host: {host}"] if host is not None else []
    head = [f"{method} {target} HTTP/{version}", *fields, *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + content


def get(target: str, *lines: str, host: str | None = HOST, version: str = "1.1",
        content: bytes = b"") -> bytes:
    """A GET."""
    return ask("GET", target, *lines, host=host, version=version, content=content)


def head(target: str, *lines: str, host: str | None = HOST, version: str = "1.1") -> bytes:
    """A HEAD."""
    return ask("HEAD", target, *lines, host=host, version=version)


def bad(id: str, rfc: str, request: bytes, status: int | tuple[int, ...] = 400) -> Case:
    """A request that can't be answered; nor can anything behind it on the connection."""
    return Case(id, rfc, request, status, stays=False)


def good(id: str, rfc: str, request: bytes, name: str = "data.json") -> Case:
    """An unusual request that gets its file nevertheless."""
    return Case(id, rfc, request, 200, File(name))
