"""Compares a response with its case's expectations and with what holds for all responses."""

import email.parser
import email.policy
import re
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from conformance import site
from conformance.decode import decoded
from conformance.exchange import Response, options
from conformance.model import (Anything, Case, File, Nothing, Page, Parts, Text, Value)
from conformance.server import Server

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct"
                  r"|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT")
STRONG_TAG = re.compile(r'"[\x21\x23-\x7e]*"')

# How far the machine's clock may be off: QEMU's CMOS clock has the host's time in whole seconds.
CLOCK_S = 120


def differences(server: Server, case: Case, response: Response) -> list[str]:
    """Everything wrong with a response, one line each; empty if it is right."""
    return list(_differences(server, case, response))


def _differences(server: Server, case: Case, response: Response) -> Iterator[str]:
    if response.status not in case.statuses:
        yield f"status {response.status}, not {case.status}"
        return
    yield from _always(response)
    yield from _connection(case, response)
    if response.interim:
        yield "an interim response, which nobody waits for"
    for name, value in case.has.items():
        if not _matches(server, response.fields.get(name), value):
            yield f"{name} is {response.fields.get(name)!r}, not {value!r}"
    for name in case.lacks:
        if name in response.fields:
            yield f"{name} is there: {response.fields[name]!r}"
    yield from _body(server, case, response)


def _matches(server: Server, found: str | None, value: Value) -> bool:
    if found is None:
        return False
    if isinstance(value, str):
        return found == server.filled(value.encode()).decode()
    if isinstance(value, re.Pattern):
        return value.fullmatch(found) is not None
    names = {word.strip().lower() for word in found.split(",")}
    return names == {word.lower() for word in value}


# Fields that a response of this status must have (RFC 9110, 15).
NEEDED = {206: "content-range|content-type", 301: "location", 302: "location", 304: "etag",
          307: "location", 308: "location", 405: "allow", 416: "content-range",
          503: "retry-after"}


def _always(response: Response) -> Iterator[str]:
    """Checks that hold for every response of a server with a clock (RFC 9110, 6.6.1)."""
    date = response.fields.get("date", "")
    if not DATE.fullmatch(date):
        yield f"Date is {date!r}"
    elif abs(parsedate_to_datetime(date).timestamp() - time.time()) > CLOCK_S:
        yield f"Date is {date!r}, far from the host's time"
    if response.status == 204 and "content-length" in response.fields:
        yield "Content-Length in a response without content (RFC 9110, 8.6)"
    if response.body and "content-type" not in response.fields:
        yield "content without a type"
    needed = NEEDED.get(response.status, "")
    if needed and not any(name in response.fields for name in needed.split("|")):
        yield f"{response.status} without {needed}"
    tag = response.fields.get("etag")
    if tag is not None and not STRONG_TAG.fullmatch(tag):
        yield f"ETag is {tag}"
    if response.status == 200 and "content-range" in response.fields:
        yield "Content-Range in a 200"


def _connection(case: Case, response: Response) -> Iterator[str]:
    said = options(response.fields)
    if response.closes is case.stays:
        yield f"Connection is {response.fields.get('connection')!r}"
    if case.stays and case.version == "1.0" and "keep-alive" not in said:
        yield "HTTP/1.0 is not told that the connection stays open"


def _body(server: Server, case: Case, response: Response) -> Iterator[str]:
    match case.body:
        case File():
            yield from _file(server, case, case.body, response)
        case Page():
            wanted = site.content(server.root, case.body.name, case.body.site)
            yield from _content(case, response, wanted)
            for name in ("etag", "last-modified", "accept-ranges"):
                if name in response.fields:
                    yield f"{name} in what is not the resource's"
            if response.fields.get("cache-control") != "no-store":
                yield f"Cache-Control is {response.fields.get('cache-control')!r}"
        case Parts():
            yield from _parts(server, case.body, response)
        case Text():
            if not re.fullmatch(case.body.pattern, response.body, re.S):
                yield f"the content is {response.body[:200]!r}"
        case Nothing():
            if response.body or response.fields.get("content-length", "0") != "0":
                yield f"content: {response.body[:80]!r}"
        case Anything():
            pass


def _content(case: Case, response: Response, wanted: bytes) -> Iterator[str]:
    """Checks content in any coding; it must decode as its fields say."""
    coding = response.fields.get("content-encoding", "identity")
    if case.method != "HEAD" and decoded(response.body, coding) != wanted:
        yield f"the content ({coding}) is {response.body[:80]!r}"


def _file(server: Server, case: Case, wanted: File, response: Response) -> Iterator[str]:
    fields = response.fields
    coding = fields.get("content-encoding", "identity")
    if wanted.coding != "any" and coding != wanted.coding:
        yield f"Content-Encoding is {coding}, not {wanted.coding}"
        return
    known = server.learn(wanted.name, coding, wanted.site)
    whole, size = known.body, len(known.body)
    if wanted.first is not None:
        last = size - 1 if wanted.last is None else wanted.last
        whole = whole[wanted.first:last + 1]
        if fields.get("content-range") != f"bytes {wanted.first}-{last}/{size}":
            yield f"Content-Range is {fields.get('content-range')}, of {size} bytes"
    if fields.get("content-length") != str(len(whole)):
        yield f"Content-Length is {fields.get('content-length')}, not {len(whole)}"
    if response.body != (b"" if case.method == "HEAD" else whole):
        yield f"the content is {response.body[:80]!r}"
    for name in ("etag", "vary", "cache-control", "content-type", "last-modified"):
        if fields.get(name) != known.fields.get(name):
            yield f"{name} is {fields.get(name)!r}, and {known.fields.get(name)!r} in a GET"
    if fields.get("last-modified") != site.MODIFIED_TEXT or "etag" not in fields:
        yield f"validators are {fields.get('etag')} and {fields.get('last-modified')}"
    if fields.get("accept-ranges") != "bytes":
        yield f"Accept-Ranges is {fields.get('accept-ranges')!r}"


def _parts(server: Server, wanted: Parts, response: Response) -> Iterator[str]:
    kind = response.fields.get("content-type", "")
    found = re.fullmatch(r'multipart/byteranges; ?boundary="?([\w\'()+,./:=?-]{1,70})"?', kind)
    if not found or "content-range" in response.fields:
        yield f"Content-Type is {kind!r}, Content-Range {response.fields.get('content-range')!r}"
        return
    known = server.learn(wanted.name)
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        f"Content-Type: {kind}\r\n\r\n".encode() + response.body)
    parts = message.get_payload()
    if not isinstance(parts, list) or message.defects:
        yield f"not a multipart content: {response.body[:200]!r}"
        return
    told = [(part["content-range"], part["content-type"], part.get_payload(decode=True))
            for part in parts]
    size = len(known.body)
    right = [(f"bytes {first}-{last}/{size}", known.fields["content-type"],
              known.body[first:last + 1]) for first, last in wanted.ranges]
    if told != right:
        yield f"parts are {[part[:2] for part in told]}, not {[part[:2] for part in right]}"
    if not response.body.rstrip(b"\r\n").endswith(f"\r\n--{found[1]}--".encode()):
        yield f"the multipart content ends in {response.body[-80:]!r}"

