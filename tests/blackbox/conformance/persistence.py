"""Persistent and closing connections, expectations, and limits: RFC 9112, section 9."""

from conformance.model import Case, File, Page, ask, bad, get, good, head

JSON = File("data.json")


def closing(id: str, rfc: str, request: bytes) -> Case:
    return Case(id, rfc, request, 200, JSON, stays=False)


def old(*lines: str, host: str | None = None, target: str = "/data.json") -> bytes:
    return get(target, *lines, host=host, version="1.0")


PERSISTENCE = [
    closing("close", "9112 9.6", get("/data.json", "Connection: close")),
    closing("close-any-case", "9110 7.6.1", get("/data.json", "cOnNeCtIoN: CLOSE")),
    closing("close-in-a-list", "9110 7.6.1", get("/data.json", "Connection: foo, close,bar")),
    closing("close-among-lines", "9110 5.3",
            get("/data.json", "Connection: x", "Connection: close")),
    closing("close-wins-over-keep-alive", "9112 9.3",
            get("/data.json", "Connection: keep-alive, close")),
    good("keep-alive", "9112 9.3", get("/data.json", "Connection: keep-alive")),
    good("close-is-a-whole-word", "9110 7.6.1", get("/data.json", "Connection: closed, xclose")),
    good("connection-empty", "9110 7.6.1", get("/data.json", "Connection:")),
    good("connection-names-other-fields", "9110 7.6.1",
         get("/data.json", "Connection: x-hop", "X-Hop: 1")),
    good("upgrade-ignored", "9110 7.8",
         get("/data.json", "Connection: Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Version: 13")),
    good("upgrade-to-http-2-ignored", "9110 7.8",
         get("/data.json", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
             "HTTP2-Settings: AAMAAABkAAQAAP__")),
    good("te-ignored", "9110 10.1.4", get("/data.json", "TE: trailers, gzip", "Connection: TE")),
    good("keep-alive-field-ignored", "9112 C.2.2",
         get("/data.json", "Keep-Alive: timeout=5, max=1")),
    good("proxy-connection-ignored", "9112 C.2.2", get("/data.json", "Proxy-Connection: close")),
    good("max-forwards-ignored", "9110 7.6.2", get("/data.json", "Max-Forwards: 0")),
    closing("http-1.0", "9112 9.3", old()),
    closing("http-1.0-with-host", "9112 9.3", old(host="site.test")),
    closing("http-1.0-close", "9112 9.3", old("Connection: close")),
    good("http-1.0-keep-alive", "9112 9.3", old("Connection: keep-alive")),
    good("http-1.0-keep-alive-any-case", "9112 9.3", old("Connection: Keep-Alive")),
    closing("http-1.0-close-wins", "9112 9.3", old("Connection: keep-alive, close")),
    Case("http-1.0-head", "9110 9.3.2", head("/data.json", host=None, version="1.0"), 200, JSON,
         stays=False),
    Case("http-1.0-not-found", "9110 15.5.5", old("Connection: keep-alive", target="/nowhere"),
         404, Page("404.html")),
    Case("http-1.0-range", "9110 14.2", old("Connection: keep-alive", "Range: bytes=0-3"), 206,
         File("data.json", first=0, last=3)),
    Case("close-not-found", "9112 9.6", get("/nowhere", "Connection: close"), 404,
         Page("404.html"), stays=False),
    Case("close-not-allowed", "9112 9.6",
         ask("DELETE", "/data.json", "Connection: close"), 405, stays=False),
    Case("close-not-modified", "9112 9.6",
         get("/data.json", "Connection: close", "If-None-Match: *"), 304, stays=False),
    Case("close-great-file", "9112 9.6", get("/size/102400.bin", "Connection: close"), 200,
         File("size/102400.bin"), stays=False),
    Case("close-and-redirect", "9112 9.6", get("/old", "Connection: close"), 301, stays=False),
]

EXPECTATIONS = [
    Case("expect-refused-before-content", "9110 10.1.1",
         ask("POST", "/data.json", "Expect: 100-continue", "Content-Length: 5"), 405,
         stays=False, unfinished=True),
    good("expect-without-content", "9110 10.1.1", get("/data.json", "Expect: 100-continue")),
    good("expect-any-case", "9110 10.1.1", get("/data.json", "eXpEcT: 100-Continue")),
    good("expect-ignored-in-http-1.0", "9110 10.1.1",
         old("Expect: 100-continue", "Connection: keep-alive")),
    Case("expect-unknown", "9110 10.1.1", get("/data.json", "Expect: 200-ok"), 417,
         stays=False),
]


def long_target(size: int) -> bytes:
    """A request line of this many bytes."""
    return get("/" + "x" * (size - len("GET / HTTP/1.1")))


def long_fields(size: int) -> bytes:
    """A header section of this many bytes, with its empty line."""
    empty = get("/data.json", "X: ")
    fields = len(empty) - len(b"GET /data.json HTTP/1.1\r\n")
    return get("/data.json", "X: " + "x" * (size - fields))


def many_fields(count: int) -> bytes:
    """This many fields, including Host."""
    return get("/data.json", *(f"X-{number}: y" for number in range(count - 1)))


LIMITS = [
    Case("limit-line-longest", "9112 3", long_target(8192), 404, Page("404.html")),
    bad("limit-line-too-long", "9110 15.5.15", long_target(8193), 414),
    bad("limit-line-far-too-long", "9110 15.5.15", long_target(12000), 414),
    bad("limit-line-without-end", "9110 15.5.15", b"GET /" + b"x" * 9000, 414),
    good("limit-query-long", "9112 3", get("/data.json?" + "x" * 7000)),
    good("limit-section-longest", "6585 5", long_fields(16384)),
    bad("limit-section-too-long", "6585 5", long_fields(16385), 431),
    bad("limit-section-without-end", "6585 5", long_fields(20000)[:-4], 431),
    good("limit-fields-most", "6585 5", many_fields(100)),
    bad("limit-fields-too-many", "6585 5", many_fields(101), 431),
    good("limit-cookie-long", "6265 6.1", get("/data.json", "Cookie: " + "x" * 4096)),
]

CASES = [*PERSISTENCE, *EXPECTATIONS, *LIMITS]
