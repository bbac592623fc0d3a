"""Content codings: RFC 9110, sections 8.4 and 12.5.3; RFC 7932; RFC 8878."""

from conformance.model import Case, File, Nothing, Page, get, head, members
from conformance.site import MODIFIED_TEXT

TEXT = "text.txt"
VARY = {"vary": members("Accept-Encoding")}


def chosen(id: str, accepted: str, coding: str, rfc: str = "9110 12.5.3") -> Case:
    """A file with all variants, and the coding that must be chosen."""
    return Case(f"coding-{id}", rfc, get("/text.txt", f"Accept-Encoding: {accepted}"), 200,
                File(TEXT, coding), VARY)


def unvaried(id: str, name: str) -> Case:
    """A file without variants, since none would be smaller."""
    return Case(f"coding-{id}", "9110 8.4", get(f"/{name}", "Accept-Encoding: br, zstd, gzip"),
                200, File(name), lacks=("content-encoding", "vary"))


CHOICES = [
    Case("coding-nothing-said", "9110 12.5.3", get("/text.txt"), 200, File(TEXT), VARY),
    chosen("nothing-wanted", "", "identity"),
    chosen("gzip", "gzip", "gzip"),
    chosen("brotli", "br", "br", "7932 13"),
    chosen("zstd", "zstd", "zstd", "8878 7.2"),
    chosen("x-gzip", "x-gzip", "gzip", "9110 8.4.1.3"),
    chosen("any-case", "GZip", "gzip", "9110 8.4.1"),
    chosen("identity", "identity", "identity"),
    chosen("unknown", "deflate", "identity"),
    chosen("unknown-and-gzip", "deflate, compress, gzip", "gzip"),
    chosen("name-that-begins-alike", "gzipped, brx, zstdx", "identity"),
    chosen("gzip-beats-identity", "gzip, identity", "gzip"),
    chosen("blanks", "  gzip\t;\tq=1 ,deflate", "gzip", "9110 12.4.2"),
    chosen("empty-members", ",, gzip ,,", "gzip", "9110 5.6.1"),
    chosen("q-prefers-gzip", "br;q=0.1, gzip;q=0.9", "gzip", "9110 12.4.2"),
    chosen("q-prefers-brotli", "gzip;q=0.5, br;q=0.501", "br", "9110 12.4.2"),
    chosen("q-prefers-zstd", "gzip;q=0.1, br;q=0.2, zstd;q=0.3", "zstd", "9110 12.4.2"),
    chosen("q-prefers-identity", "identity;q=1, gzip;q=0.5", "identity", "9110 12.4.2"),
    chosen("q-zero", "gzip;q=0", "identity", "9110 12.4.2"),
    chosen("q-zero-with-decimals", "gzip;q=0.000", "identity", "9110 12.4.2"),
    chosen("q-zero-of-one", "gzip;q=0, br;q=0, zstd", "zstd", "9110 12.4.2"),
    chosen("q-tiny", "gzip;q=0.001", "gzip", "9110 12.4.2"),
    chosen("q-any-case", "gzip;Q=0.5", "gzip", "9110 12.4.2"),
    chosen("q-one-point", "gzip;q=1.", "gzip", "9110 12.4.2"),
    chosen("q-too-great", "gzip;q=2, br;q=0.1", "any", "9110 12.4.2"),
    chosen("q-no-number", "gzip;q=x", "any", "9110 12.4.2"),
    chosen("q-empty", "gzip;q=", "any", "9110 12.4.2"),
    chosen("q-alone", ";q=1", "identity", "9110 12.4.2"),
    chosen("other-parameter", "gzip;level=9", "any", "9110 12.5.3"),
    chosen("very-many", ", ".join(f"x{n}" for n in range(100)) + ", gzip", "gzip"),
    chosen("same-twice", "gzip;q=0, gzip;q=1", "any"),
    chosen("any-but", "gzip;q=0, *", "any"),
    chosen("all", "*", "any"),
    chosen("all-but-brotli-and-zstd", "br;q=0, zstd;q=0, *;q=0.5, identity;q=0.1", "gzip"),
    chosen("identity-refused", "identity;q=0, gzip", "gzip"),
    chosen("identity-refused-by-asterisk", "gzip, *;q=0", "gzip"),
    chosen("identity-refused-alone", "identity;q=0", "any"),
    chosen("asterisk-refused-but-identity", "identity, *;q=0", "identity"),
    chosen("two-lines", "deflate\r\nAccept-Encoding: gzip", "gzip", "9110 5.3"),
    chosen("browser", "gzip, deflate, br, zstd", "any"),
]

REPRESENTATIONS = [
    Case("coding-head", "9110 9.3.2", head("/text.txt", "Accept-Encoding: gzip"), 200,
         File(TEXT, "gzip"), VARY),
    Case("coding-html-index", "9110 8.4", get("/", "Accept-Encoding: br"), 200,
         File("index.html", "br"), VARY),
    Case("coding-javascript", "9110 8.4", get("/app.js", "Accept-Encoding: gzip"), 200,
         File("app.js", "gzip"), VARY),
    Case("coding-svg", "9110 8.4", get("/picture.svg", "Accept-Encoding: br"), 200,
         File("picture.svg", "br"), VARY),
    Case("coding-wasm", "9110 8.4", get("/module.wasm", "Accept-Encoding: zstd"), 200,
         File("module.wasm", "zstd"), VARY),
    unvaried("none-for-small-files", "data.json"),
    unvaried("none-for-random-bytes", "size/65536.bin"),
    unvaried("none-for-empty-files", "size/0.bin"),
    unvaried("none-for-jpeg", "photo.jpg"),
    unvaried("none-for-png", "plain.png"),
    unvaried("none-for-archives", "archive.tar.gz"),
    Case("coding-archive-is-its-type", "9110 8.4.1", get("/archive.tar.gz",
                                                         "Accept-Encoding: gzip"), 200,
         File("archive.tar.gz"), {"content-type": "application/gzip"}, ("content-encoding",)),
    Case("coding-of-the-404-page", "9110 8.4", get("/nowhere", "Accept-Encoding: gzip, br"), 404,
         Page("404.html")),
]


def tagged(id: str, tag: str, accepted: str, status: int, coding: str = "identity") -> Case:
    """A variant's tag differs from all others (RFC 9110, 8.8.3.3)."""
    body = File(TEXT, coding) if status == 200 else Nothing()
    return Case(f"coding-tag-{id}", "9110 8.8.3.3", get(
        "/text.txt", f"Accept-Encoding: {accepted}", f"If-None-Match: {tag}"), status, body, VARY)


TAGS = [
    tagged("identity", "{tag:text.txt}", "identity", 304),
    tagged("gzip", "{tag:text.txt gzip}", "gzip", 304),
    tagged("brotli", "{tag:text.txt br}", "br", 304),
    tagged("zstd", "{tag:text.txt zstd}", "zstd", 304),
    tagged("of-gzip-for-identity", "{tag:text.txt gzip}", "identity", 200),
    tagged("of-identity-for-gzip", "{tag:text.txt}", "gzip", 200, "gzip"),
    tagged("of-brotli-for-gzip", "{tag:text.txt br}", "gzip", 200, "gzip"),
    tagged("any", "*", "gzip", 304),
    tagged("all-of-them", "{tag:text.txt}, {tag:text.txt gzip}", "gzip", 304),
    Case("coding-match-variant", "9110 13.1.1", get(
        "/text.txt", "Accept-Encoding: gzip", "If-Match: {tag:text.txt gzip}"), 200,
         File(TEXT, "gzip"), VARY),
    Case("coding-match-other-variant", "9110 13.1.1", get(
        "/text.txt", "Accept-Encoding: gzip", "If-Match: {tag:text.txt br}"), 412),
    # requests, aiohttp, httpx, PHP and curl --compressed count decoded bytes.
    Case("coding-range-of-identity", "9110 14.2", get(
        "/text.txt", "Accept-Encoding: gzip", "Range: bytes=10-99"), 206,
         File(TEXT, first=10, last=99), VARY, lacks=("content-encoding",)),
    Case("coding-range-suffix-of-identity", "9110 14.2", get(
        "/text.txt", "Accept-Encoding: br", "Range: bytes=-10"), 206,
         File(TEXT, first=19_990), VARY, lacks=("content-encoding",)),
    Case("coding-range-without-identity", "9110 12.5.3", get(
        "/text.txt", "Accept-Encoding: gzip, identity;q=0", "Range: bytes=10-99"), 206,
         File(TEXT, "gzip", 10, 99), VARY),
    Case("coding-match-range-of-a-variant", "9110 13.1.1", get(
        "/text.txt", "Accept-Encoding: gzip", "Range: bytes=0-9",
        "If-Match: {tag:text.txt gzip}"), 206, File(TEXT, "gzip", 0, 9), VARY),
    Case("coding-if-range-of-a-variant", "9110 13.1.5", get(
        "/text.txt", "Accept-Encoding: gzip", "Range: bytes=0-9",
        "If-Range: {tag:text.txt gzip}"), 206, File(TEXT, "gzip", 0, 9), VARY),
    Case("coding-if-range-of-identity", "9110 13.1.5", get(
        "/text.txt", "Accept-Encoding: gzip", "Range: bytes=0-9",
        "If-Range: {tag:text.txt}"), 206, File(TEXT, first=0, last=9), VARY),
    Case("coding-if-range-of-other-variant", "9110 13.1.5", get(
        "/text.txt", "Accept-Encoding: gzip", "Range: bytes=0-9",
        "If-Range: {tag:text.txt br}"), 200, File(TEXT), VARY),
    Case("coding-if-range-date", "9110 8.8.2.2", get(
        "/text.txt", "Range: bytes=0-9", f"If-Range: {MODIFIED_TEXT}"), 206,
         File(TEXT, first=0, last=9), VARY),
    # The earlier part may be of a variant, which has the same date.
    Case("coding-if-range-date-of-a-variant", "9110 8.8.2.2", get(
        "/text.txt", "Accept-Encoding: gzip", "Range: bytes=0-9",
        f"If-Range: {MODIFIED_TEXT}"), 200, File(TEXT), VARY),
    Case("coding-range-unsatisfiable", "9110 15.5.17", get(
        "/text.txt", "Accept-Encoding: identity", "Range: bytes=20000-"), 416,
         has={"content-range": "bytes */20000"}),
]

# Content doesn't vary in these respects (RFC 9110, 12.5).
OTHER = [
    Case("accept-ignored", "9110 12.5.1", get("/data.json", "Accept: text/html"), 200,
         File("data.json")),
    Case("accept-charset-ignored", "9110 12.5.2", get("/data.json", "Accept-Charset: x"), 200,
         File("data.json")),
    Case("accept-language-ignored", "9110 12.5.4", get("/data.json", "Accept-Language: de"), 200,
         File("data.json")),
]

CASES = [*CHOICES, *REPRESENTATIONS, *TAGS, *OTHER]
