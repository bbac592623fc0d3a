"""Makes the heads of a site pack's messages: field lines, ready to send byte for byte."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tools.site import pack_format as layout
from tools.site.contents import Content

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun",
           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# The last second that an HTTP date can name: the year has four digits.
LAST_SECOND = 253402300799

# RFC 9110, 15.4.
REDIRECTS = {301: "Moved Permanently", 302: "Found", 307: "Temporary Redirect",
             308: "Permanent Redirect"}

# The names of content codings (RFC 9110, 8.4.1; RFC 7932; RFC 8878).
CODINGS = {layout.GZIP: "gzip", layout.BROTLI: "br", layout.ZSTD: "zstd"}

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Head:
    """A message's field lines in their three parts; the entity tag, if any, comes first."""

    common: bytes
    type: bytes
    rest: bytes
    tag: bytes = b""

    @property
    def block(self) -> bytes:
        return self.common + self.type + self.rest

    @property
    def tag_offset(self) -> int:
        return len(b"ETag: ") if self.tag else 0


def http_date(seconds: int) -> str:
    """IMF-fixdate (RFC 9110, 5.6.7), whatever the locale."""
    time = datetime.fromtimestamp(seconds, UTC)
    return (f"{_DAYS[time.weekday()]}, {time.day:02} {_MONTHS[time.month - 1]} {time.year:04} "
            f"{time:%H:%M:%S} GMT")


def entity_tag(content: Content, coding: int) -> str:
    """A strong validator (RFC 9110, 8.8.3): the first 96 bits of the content's SHA-256.

    Each coding has a tag of its own, since its bytes differ (RFC 9110, 8.8.3.3).
    """
    suffix = f"-{CODINGS[coding]}" if coding != layout.IDENTITY else ""
    return f'"{content.digest[:24]}{suffix}"'


def file_head(content: Content, media: str, fields: Fields, size: int, coding: int,
              has_variants: bool, is_coded: bool = False) -> Head:
    """The head of one representation of a file, `size` bytes long. `fields` are the site's own;
    `is_coded`: the file itself is in gzip."""
    tag = entity_tag(content, coding)
    common = {"ETag": tag}
    if content.modified:
        common["Last-Modified"] = http_date(content.modified)
    own = dict(fields)
    if control := own.pop("Cache-Control", ""):
        common["Cache-Control"] = control
    if has_variants:
        common["Vary"] = "Accept-Encoding"
    common |= {"Accept-Ranges": "bytes"} | own
    name = CODINGS[layout.GZIP] if is_coded else CODINGS.get(coding)
    kind = {"Content-Encoding": name} if name else {}
    return Head(_lines(common), _lines(kind | {"Content-Type": media}), _rest(size), tag.encode())


def error_head(media: str, fields: Fields, size: int) -> Head:
    """The head of an error page. It has no validators, since it represents no resource."""
    return Head(_lines(fields), _lines({"Content-Type": media}), _rest(size))


def redirect(location: str, status: int, fields: Fields) -> tuple[Head, bytes]:
    """A redirect's head, and its body for people."""
    title = f"{status} {REDIRECTS[status]}"
    link = html.escape(location)
    body = (f"<!doctype html><title>{title}</title>"
            f'<h1>{title}</h1><p><a href="{link}">{link}</a>\n').encode()
    head = Head(_lines(fields), _lines({"Content-Type": "text/html; charset=utf-8"}),
                _rest(len(body), {"Location": location}))
    return head, body


def _rest(size: int, fields: Fields = {}) -> bytes:
    return _lines({"Content-Length": str(size), **fields}) + b"\r\n"


def _lines(fields: Fields) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("ascii")
