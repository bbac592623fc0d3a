"""The responses of a site pack, each byte of their header blocks ready to send."""

import html
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from tools.media_types import content_type

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun",
           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# The last second that an HTTP date can name: the year has four digits.
LAST_SECOND = 253402300799


@dataclass(frozen=True)
class Content:
    """What is known of a file after it was read once."""

    bytes: int
    digest: str  # SHA-256 in hexadecimal
    utf8: bool
    modified: int  # seconds since 1970


@dataclass(frozen=True)
class Head:
    """A header block, and how long its status line is, behind which fields may be put."""

    status: int
    block: bytes
    status_line_bytes: int


def http_date(seconds: int) -> str:
    """IMF-fixdate (RFC 9110, 5.6.7), whatever the locale."""
    time = datetime.fromtimestamp(seconds, UTC)
    return (f"{_DAYS[time.weekday()]}, {time.day:02} {_MONTHS[time.month - 1]} {time.year:04} "
            f"{time:%H:%M:%S} GMT")


def entity_tag(content: Content) -> str:
    """A strong validator (RFC 9110, 8.8.3): the first 96 bits of the content's SHA-256."""
    return f'"{content.digest[:24]}"'


def file_head(path: bytes, content: Content) -> Head:
    """200 for a file; the path is the one whose name's ending tells the media type."""
    return _head(200, "OK", _representation(path, content) + _validators(content))


def not_modified_head(content: Content) -> Head:
    """304 with what RFC 9110, 15.4.5, asks for."""
    return _head(304, "Not Modified", _validators(content))


def not_found_head(path: bytes, content: Content) -> Head:
    """404 with the site's own page."""
    return _head(404, "Not Found", _representation(path, content))


def redirect(folder: bytes) -> tuple[Head, bytes]:
    """301 to a folder's path, which ends in a slash, with a body for those who read it."""
    location = quote(folder, safe="/:@!$&'()*+,;=~")
    link = html.escape(location)
    body = (f"<!doctype html><title>301 Moved Permanently</title>"
            f'<h1>301 Moved Permanently</h1><p><a href="{link}">{link}</a>\n').encode()
    fields = [("Location", location), ("Content-Type", "text/html; charset=utf-8"),
              ("Content-Length", str(len(body)))]
    return _head(301, "Moved Permanently", fields), body


def _representation(path: bytes, content: Content) -> list[tuple[str, str]]:
    name = path.rsplit(b"/", 1)[1].decode()
    return [("Content-Type", content_type(name, content.utf8)),
            ("Content-Length", str(content.bytes))]


def _validators(content: Content) -> list[tuple[str, str]]:
    return [("ETag", entity_tag(content)), ("Last-Modified", http_date(content.modified))]


def _head(status: int, reason: str, fields: list[tuple[str, str]]) -> Head:
    line = f"HTTP/1.1 {status} {reason}\r\n"
    block = line + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return Head(status, block.encode("ascii"), len(line))
