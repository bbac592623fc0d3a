"""Conditional requests: RFC 9110, section 13."""

from conformance.model import Case, File, Nothing, Text, ask, get, head
from conformance.site import MODIFIED_TEXT

EARLIER = "Thu, 29 Feb 2024 12:34:55 GMT"
LATER = "Thu, 29 Feb 2024 12:34:57 GMT"
TAG = "{tag:data.json}"


def unchanged(id: str, rfc: str, *lines: str) -> Case:
    """304 with the validators that a 200 would have had, and no field describing the content."""
    return Case(f"condition-{id}", f"9110 {rfc}", get("/data.json", *lines), 304, Nothing(),
                {"etag": TAG}, ("content-type", "content-encoding"))


def sent(id: str, rfc: str, *lines: str) -> Case:
    return Case(f"condition-{id}", f"9110 {rfc}", get("/data.json", *lines), 200,
                File("data.json"))


def failed(id: str, rfc: str, *lines: str) -> Case:
    return Case(f"condition-{id}", f"9110 {rfc}", get("/data.json", *lines), 412,
                lacks=("accept-ranges", "last-modified"))


def dateless(id: str, rfc: str, *lines: str) -> Case:
    """A file whose time means no date, as Nix and some archives set it."""
    return Case(f"condition-{id}-without-a-date", f"9110 {rfc}", get("/epoch.txt", *lines), 200,
                Text(b"as Nix's store has it\n"), {"etag": "{tag:epoch.txt}"}, ("last-modified",))


NONE_MATCH = [
    unchanged("none-match", "13.1.2", f"If-None-Match: {TAG}"),
    unchanged("none-match-weak", "13.1.2", f"If-None-Match: W/{TAG}"),
    unchanged("none-match-any", "13.1.2", "If-None-Match: *"),
    unchanged("none-match-list-first", "13.1.2", f'If-None-Match: {TAG}, "other"'),
    unchanged("none-match-list-last", "13.1.2", f'If-None-Match: "a", W/"b",{TAG}'),
    unchanged("none-match-list-tight", "13.1.2", f'If-None-Match: "a",{TAG},"b"'),
    unchanged("none-match-list-empty-members", "5.6.1", f'If-None-Match: , "a",, {TAG} ,'),
    unchanged("none-match-two-lines", "5.3", 'If-None-Match: "a"', f"If-None-Match: {TAG}"),
    unchanged("none-match-comma-in-tag", "8.8.3", f'If-None-Match: "a,b", {TAG}'),
    unchanged("none-match-any-case-of-name", "5.1", f"iF-nOnE-mAtCh: {TAG}"),
    unchanged("none-match-asterisk-in-a-list", "13.1.2", f'If-None-Match: {TAG}, *'),
    sent("none-match-other", "13.1.2", 'If-None-Match: "other"'),
    sent("none-match-empty-tag", "13.1.2", 'If-None-Match: ""'),
    sent("none-match-list-of-others", "13.1.2", 'If-None-Match: "a", "b", W/"c"'),
    sent("none-match-tag-in-a-tag", "8.8.3", f'If-None-Match: "a, b{TAG}'),
    sent("none-match-without-quotes", "8.8.3", "If-None-Match: data"),
    sent("none-match-asterisk-in-quotes", "13.1.2", 'If-None-Match: "*"'),
    Case("condition-none-match-head", "9110 13.1.2", head("/data.json", f"If-None-Match: {TAG}"),
         304, Nothing(), {"etag": TAG}),
    Case("condition-none-match-index", "9110 13.1.2",
         get("/", "If-None-Match: {tag:index.html}"), 304, Nothing(),
         {"etag": "{tag:index.html}"}),
    Case("condition-none-match-empty-file", "9110 13.1.2",
         get("/size/0.bin", "If-None-Match: {tag:size/0.bin}"), 304, Nothing(),
         {"etag": "{tag:size/0.bin}"}),
]

DATES = [
    unchanged("modified-same", "13.1.3", f"If-Modified-Since: {MODIFIED_TEXT}"),
    unchanged("modified-later", "13.1.3", f"If-Modified-Since: {LATER}"),
    unchanged("modified-rfc-850", "5.6.7", "If-Modified-Since: Thursday, 29-Feb-24 12:34:56 GMT"),
    unchanged("modified-asctime", "5.6.7", "If-Modified-Since: Thu Feb 29 12:34:56 2024"),
    unchanged("modified-asctime-one-digit", "5.6.7",
              "If-Modified-Since: Fri Mar  1 00:00:00 2024"),
    sent("modified-earlier", "13.1.3", f"If-Modified-Since: {EARLIER}"),
    sent("modified-long-ago", "13.1.3", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"),
    sent("modified-no-date", "13.1.3", "If-Modified-Since: yesterday"),
    sent("modified-number", "13.1.3", "If-Modified-Since: 1709210096"),
    sent("modified-empty", "13.1.3", "If-Modified-Since:"),
    sent("modified-other-zone", "5.6.7", "If-Modified-Since: Fri, 01 Mar 2024 00:00:00 CET"),
    sent("modified-no-such-day", "5.6.7", "If-Modified-Since: Fri, 31 Feb 2025 00:00:00 GMT"),
    sent("modified-no-such-hour", "5.6.7", "If-Modified-Since: Fri, 01 Mar 2024 25:00:00 GMT"),
    sent("modified-list", "13.1.3", f"If-Modified-Since: {LATER}, {LATER}"),
    sent("unmodified-same", "13.1.4", f"If-Unmodified-Since: {MODIFIED_TEXT}"),
    sent("unmodified-later", "13.1.4", f"If-Unmodified-Since: {LATER}"),
    sent("unmodified-no-date", "13.1.4", "If-Unmodified-Since: tomorrow"),
    failed("unmodified-earlier", "13.1.4", f"If-Unmodified-Since: {EARLIER}"),
    failed("unmodified-rfc-850", "5.6.7",
           "If-Unmodified-Since: Wednesday, 28-Feb-24 12:34:56 GMT"),
    dateless("modified", "13.1.3", f"If-Modified-Since: {LATER}"),
    dateless("unmodified", "13.1.4", "If-Unmodified-Since: Wed, 31 Dec 1969 23:59:59 GMT"),
    Case("condition-modified-head", "9110 13.1.3",
         head("/data.json", f"If-Modified-Since: {MODIFIED_TEXT}"), 304, Nothing(),
         {"etag": TAG}),
]

MATCH = [
    sent("match", "13.1.1", f"If-Match: {TAG}"),
    sent("match-any", "13.1.1", "If-Match: *"),
    sent("match-list", "13.1.1", f'If-Match: "a", {TAG}'),
    sent("match-two-lines", "5.3", 'If-Match: "a"', f"If-Match: {TAG}"),
    failed("match-other", "13.1.1", 'If-Match: "other"'),
    failed("match-weak", "13.1.1", f"If-Match: W/{TAG}"),
    failed("match-list-of-others", "13.1.1", 'If-Match: "a", "b"'),
    Case("condition-match-head", "9110 13.1.1", head("/data.json", 'If-Match: "other"'), 412),
]

# RFC 9110, 13.2.2: order of precedence.
PRECEDENCE = [
    sent("match-before-unmodified", "13.2.2", f"If-Match: {TAG}",
         f"If-Unmodified-Since: {EARLIER}"),
    failed("match-fails-before-unmodified", "13.2.2", 'If-Match: "a"',
           f"If-Unmodified-Since: {LATER}"),
    sent("none-match-before-modified", "13.2.2", 'If-None-Match: "a"',
         f"If-Modified-Since: {MODIFIED_TEXT}"),
    unchanged("none-match-matches-before-modified", "13.2.2", f"If-None-Match: {TAG}",
              f"If-Modified-Since: {EARLIER}"),
    failed("match-before-none-match", "13.2.2", 'If-Match: "a"', f"If-None-Match: {TAG}"),
    unchanged("match-then-none-match", "13.2.2", f"If-Match: {TAG}", f"If-None-Match: {TAG}"),
    failed("unmodified-before-none-match", "13.2.2", f"If-Unmodified-Since: {EARLIER}",
           f"If-None-Match: {TAG}"),
    unchanged("unmodified-then-modified", "13.2.2", f"If-Unmodified-Since: {LATER}",
              f"If-Modified-Since: {LATER}"),
    unchanged("order-of-lines-is-no-matter", "13.2.2", f"If-Modified-Since: {EARLIER}",
              f"If-None-Match: {TAG}"),
    unchanged("before-range", "13.2.2", f"If-None-Match: {TAG}", "Range: bytes=0-3"),
    failed("fails-before-range", "13.2.2", 'If-Match: "a"', "Range: bytes=0-3"),
    Case("condition-holds-then-range", "9110 13.2.2",
         get("/data.json", f"If-Match: {TAG}", "Range: bytes=0-3"), 206,
         File("data.json", first=0, last=3)),
    Case("condition-not-for-unknown-paths", "9110 13.2.1", get("/nowhere", "If-Match: *"),
         404),
    Case("condition-none-match-not-for-unknown-paths", "9110 13.2.1",
         get("/nowhere", "If-None-Match: *"), 404),
    Case("condition-not-for-redirects", "9110 13.2.1",
         get("/sub", 'If-Match: "a"', "If-None-Match: *"), 301),
    Case("condition-not-for-other-methods", "9110 13.2.1",
         ask("POST", "/data.json", "Content-Length: 0", "If-None-Match: *"), 405),
    Case("condition-ignored-by-options", "9110 13.2.1",
         ask("OPTIONS", "/data.json", 'If-Match: "a"'), 204),
]

CASES = [*NONE_MATCH, *DATES, *MATCH, *PRECEDENCE]
