"""What a conformance case is made of: a request byte by byte, and what must come back.

In a request's text and in the value of an expected field, `{tag:NAME}` stands for the entity tag
of a file, and `{tag:NAME CODING}` for that of one of its variants. The server under test is asked
for it first.
"""

import re
from dataclasses import dataclass, field

# The host whose site is the default one, and another one's.
HOST = "site.test"
OTHER = "other.test"

Value = str | re.Pattern[str] | frozenset[str]
SOMETHING = re.compile(r".+")


@dataclass(frozen=True)
class File:
    """The content of a file of a site, in a coding, whole or from `first` to `last`."""

    name: str
    coding: str = "identity"  # "any": whichever, if what it says about itself is true
    first: int | None = None
    last: int | None = None
    site: str = HOST


@dataclass(frozen=True)
class Page:
    """A page of the site about an error or the like: a file, but none with validators."""

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
    """Whatever the server says about itself."""


Body = File | Page | Parts | Text | Nothing | Anything


@dataclass(frozen=True)
class Case:
    """One request and its response. The RFC's section is the reason for the expectation."""

    id: str
    rfc: str
    request: bytes
    status: int | tuple[int, ...]
    body: Body = Anything()
    has: dict[str, Value] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    # Whether the connection can take another request, of which the response tells. None: it ends,
    # and the response may have been out before that was known.
    stays: bool | None = True
    unfinished: bool = False  # what is sent behind it belongs to it
    at_once: int = 200  # how many at a time can be answered; requests begun may be 256

    @property
    def method(self) -> str:
        """The method as far as a client's parser must know it."""
        found = re.match(rb"(?:\r\n)*([A-Za-z]+) ", self.request)
        return found[1].decode() if found else "GET"

    @property
    def version(self) -> str:
        return "1.0" if re.match(rb"[^\r\n]*HTTP/1\.0\r\n", self.request) else "1.1"

    @property
    def statuses(self) -> tuple[int, ...]:
        return self.status if isinstance(self.status, tuple) else (self.status,)


def members(*names: str) -> frozenset[str]:
    """The value of a field that is a list, in any order."""
    return frozenset(names)


def ask(method: str, target: str, *lines: str, host: str | None = HOST, version: str = "1.1",
        content: bytes = b"") -> bytes:
    """A request. Lines are field lines without their end, behind Host."""
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
    """A request that cannot be answered, nor can anything behind it on the connection."""
    return Case(id, rfc, request, status, stays=False)


def good(id: str, rfc: str, request: bytes, name: str = "data.json") -> Case:
    """A request that is unusual, and gets its file nevertheless."""
    return Case(id, rfc, request, 200, File(name))
