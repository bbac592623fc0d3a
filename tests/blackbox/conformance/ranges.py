"""Range requests: RFC 9110, section 14."""

from conformance.conditions import EARLIER, LATER
from conformance.model import Case, File, Nothing, Parts, ask, get, head
from conformance.site import MODIFIED_TEXT

BLOB = "/blob"  # 256 bytes, each its own offset
UNSATISFIED = {"content-range": "bytes */256"}


def part(id: str, value: str, first: int, last: int | None = None, rfc: str = "14.1.2") -> Case:
    """206 with one range of the file."""
    return Case(f"range-{id}", f"9110 {rfc}", get(BLOB, f"Range: {value}"), 206,
                File("blob", first=first, last=last))


def parts(id: str, value: str, *ranges: tuple[int, int], rfc: str = "15.3.7.2") -> Case:
    """206 with several ranges as multipart/byteranges."""
    return Case(f"range-{id}", f"9110 {rfc}", get(BLOB, f"Range: {value}"), 206,
                Parts("blob", ranges), lacks=("content-range",))


def whole(id: str, rfc: str, *lines: str) -> Case:
    """200: the field is ignored."""
    return Case(f"range-{id}", f"9110 {rfc}", get(BLOB, *lines), 200, File("blob"),
                lacks=("content-range",))


def beyond(id: str, value: str, rfc: str = "15.5.17") -> Case:
    """416, with the file's length."""
    return Case(f"range-{id}", f"9110 {rfc}", get(BLOB, f"Range: {value}"), 416,
                has=UNSATISFIED, lacks=("etag",))


GREAT = "size/102400.bin"


def ascending(count: int) -> tuple[tuple[int, int], ...]:
    """This many ranges of the great file, too far apart to be joined."""
    return tuple((at, at + 9) for at in range(0, 500 * count, 500))


def many(id: str, rfc: str, ranges: tuple[tuple[int, int], ...],
         content: Parts | None = None) -> Case:
    """Ranges of the great file; if they are too many, it is sent whole."""
    value = ",".join(f"{first}-{last}" for first, last in ranges)
    return Case(f"range-{id}", f"9110 {rfc}", get(f"/{GREAT}", f"Range: bytes={value}"),
                206 if content else 200, content or File(GREAT))


SINGLE = [
    part("first-byte", "bytes=0-0", 0, 0),
    part("first-four", "bytes=0-3", 0, 3),
    part("middle", "bytes=100-199", 100, 199),
    part("last-byte", "bytes=255-255", 255, 255),
    part("all-of-it", "bytes=0-255", 0, 255),
    part("open", "bytes=10-", 10),
    part("open-from-the-start", "bytes=0-", 0),
    part("open-last-byte", "bytes=255-", 255),
    part("suffix", "bytes=-5", 251),
    part("suffix-one", "bytes=-1", 255),
    part("suffix-longer-than-the-file", "bytes=-1000", 0),
    part("end-beyond", "bytes=200-1000", 200, 255),
    part("end-beyond-64-bits", "bytes=200-99999999999999999999", 200, 255),
    part("leading-zeros", "bytes=0005-0009", 5, 9),
    part("unit-any-case", "Bytes=0-3", 0, 3, "14.1"),
    part("blanks-around", "bytes= 0-3 ", 0, 3, "5.6.1"),
    part("empty-members", "bytes=,0-3,", 0, 3, "5.6.1"),
    Case("range-field-any-case", "9110 5.1", get(BLOB, "rAnGe: bytes=0-3"), 206,
         File("blob", first=0, last=3)),
    Case("range-of-a-great-file", "9110 14.1.2",
         get("/size/102400.bin", "Range: bytes=1000-90999"), 206,
         File("size/102400.bin", first=1000, last=90999)),
    Case("range-suffix-of-a-great-file", "9110 14.1.2",
         get("/size/102400.bin", "Range: bytes=-1"), 206,
         File("size/102400.bin", first=102399)),
    Case("range-of-one-byte", "9110 14.1.2", get("/size/1.bin", "Range: bytes=0-0"), 206,
         File("size/1.bin", first=0, last=0)),
    Case("range-of-the-index", "9110 14.1.2", get("/", "Range: bytes=0-9"), 206,
         File("index.html", first=0, last=9)),
]

SEVERAL = [
    parts("two", "bytes=0-3,200-203", (0, 3), (200, 203)),
    parts("two-backwards", "bytes=200-203,0-3", (200, 203), (0, 3)),
    parts("three", "bytes=0-0,110-119,-1", (0, 0), (110, 119), (255, 255)),
    parts("blanks-in-the-list", "bytes=0-3 ,\t200-203", (0, 3), (200, 203)),
    parts("one-unsatisfiable", "bytes=0-3,300-400,200-203", (0, 3), (200, 203)),
    Case("range-two-far-apart", "9110 15.3.7.2",
         get("/size/102400.bin", "Range: bytes=0-999,90000-99999"), 206,
         Parts("size/102400.bin", ((0, 999), (90000, 99999)))),
    part("overlapping", "bytes=0-99,50-149", 0, 149, "15.3.7.2"),
    part("adjacent", "bytes=0-99,100-199", 0, 199, "15.3.7.2"),
    part("same-twice", "bytes=5-9,5-9", 5, 9, "15.3.7.2"),
    part("one-within-another", "bytes=0-99,10-19", 0, 99, "15.3.7.2"),
    part("small-gap", "bytes=0-3,10-13", 0, 13, "15.3.7.2"),
    part("one-left-of-two", "bytes=0-3,300-400", 0, 3, "15.3.7.2"),
    part("suffix-joins", "bytes=200-250,-10", 200, 255, "15.3.7.2"),
    # zsync asks for 20 at a time; Apache's limit is 200 as well.
    many("many", "15.3.7.2", ascending(20), Parts(GREAT, ascending(20))),
    many("two-hundred", "15.3.7.2", ascending(200), Parts(GREAT, ascending(200))),
    many("too-many", "14.2", ascending(201)),
    many("sixteen-backwards", "15.3.7.2", ascending(16)[::-1], Parts(GREAT, ascending(16)[::-1])),
    many("many-backwards", "14.2", ascending(17)[::-1]),
    part("many-joined", "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 250, 2)), 0, 248,
         "15.3.7.2"),
    part("many-overlapping", "bytes=" + ",".join(f"{n}-" for n in range(120)), 0, 255, "17.15"),
]

REFUSED = [
    beyond("behind-the-end", "bytes=256-"),
    beyond("behind-the-end-closed", "bytes=300-400"),
    beyond("far-behind-the-end", "bytes=99999999999999999999-"),
    beyond("all-unsatisfiable", "bytes=256-256,300-"),
    beyond("suffix-of-nothing", "bytes=-0", "14.1.2"),
    Case("range-of-an-empty-file", "9110 15.5.17", get("/size/0.bin", "Range: bytes=0-"), 416,
         has={"content-range": "bytes */0"}),
    Case("range-of-an-empty-file-suffix", "9110 14.1.2", get("/size/0.bin", "Range: bytes=-1"),
         200, File("size/0.bin")),
    whole("two-lines", "5.3", "Range: bytes=0-3", "Range: bytes=5-9"),
    whole("unknown-unit", "14.2", "Range: lines=0-3"),
    whole("no-unit", "14.2", "Range: 0-3"),
    whole("no-set", "14.2", "Range: bytes="),
    whole("no-equals-sign", "14.2", "Range: bytes 0-3"),
    whole("backwards", "14.1.1", "Range: bytes=5-2"),
    whole("no-numbers", "14.1.1", "Range: bytes=a-b"),
    whole("dash-alone", "14.1.1", "Range: bytes=-"),
    whole("two-dashes", "14.1.1", "Range: bytes=--5"),
    whole("blanks-in-a-range", "14.1.1", "Range: bytes=0 - 3"),
    whole("one-bad-among-good", "14.1.1", "Range: bytes=0-3,x"),
    whole("space-before-equals-sign", "14.1.1", "Range: bytes =0-3"),
    whole("not-there", "14.3", "X: y"),
    Case("range-of-head", "9110 14.2", head(BLOB, "Range: bytes=0-3"), 200, File("blob")),
    Case("range-of-head-unsatisfiable", "9110 14.2", head(BLOB, "Range: bytes=999-"), 200,
         File("blob")),
    Case("range-of-post", "9110 14.2",
         ask("POST", BLOB, "Content-Length: 0", "Range: bytes=0-3"), 405),
    Case("range-not-of-errors", "9110 14.2", get("/nowhere", "Range: bytes=0-3"), 404),
    Case("range-not-of-redirects", "9110 14.2", get("/old", "Range: bytes=0-3"), 301),
]

TAG = "{tag:blob}"


def if_range(id: str, value: str, matches: bool, *more: str) -> Case:
    lines = (f"If-Range: {value}", *more) if more else ("Range: bytes=0-3", f"If-Range: {value}")
    body = File("blob", first=0, last=3) if matches else File("blob")
    return Case(f"if-range-{id}", "9110 13.1.5", get(BLOB, *lines), 206 if matches else 200, body)


IF_RANGE = [
    if_range("tag", TAG, True),
    if_range("tag-other", '"other"', False),
    if_range("tag-weak", f"W/{TAG}", False),
    if_range("tag-in-a-list", f'"a", {TAG}', False),
    if_range("asterisk", "*", False),
    # A strong validator: the file was more than a second old when it was packed (8.8.2.2).
    if_range("date", MODIFIED_TEXT, True),
    if_range("date-earlier", EARLIER, False),
    if_range("date-later", LATER, False),
    if_range("nonsense", "yesterday", False),
    if_range("without-range", TAG, False, "X: y"),
    if_range("before-range", TAG, True, "Range: bytes=0-3"),
    Case("if-range-fails-before-416", "9110 13.1.5",
         get(BLOB, "Range: bytes=999-", 'If-Range: "a"'), 200, File("blob")),
    Case("if-range-holds-416", "9110 13.1.5", get(BLOB, "Range: bytes=999-", f"If-Range: {TAG}"),
         416, has=UNSATISFIED),
    Case("if-range-none-match-first", "9110 13.2.2",
         get(BLOB, "Range: bytes=0-3", f"If-Range: {TAG}", f"If-None-Match: {TAG}"), 304,
         Nothing()),
]

CASES = [*SINGLE, *SEVERAL, *REFUSED, *IF_RANGE]
