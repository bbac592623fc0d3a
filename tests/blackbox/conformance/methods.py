"""Methods and the request line: RFC 9110, section 9; RFC 9112, section 3."""

from conformance.model import (HOST, Case, File, Nothing, Page, ask, bad, get, good, head, members)

ALLOWED = members("GET", "HEAD", "OPTIONS")


def not_allowed(method: str, rfc: str) -> Case:
    return Case(f"method-{method.lower()}", rfc, ask(method, "/data.json", "Content-Length: 0"),
                405, Page("errors/405.html"), {"allow": ALLOWED})


def options(id: str, target: str, **more: str) -> Case:
    """OPTIONS, answered with the allowed methods and no content."""
    return Case(id, "9110 9.3.7", ask("OPTIONS", target, **more), 204, Nothing(),
                {"allow": ALLOWED})


def line(id: str, text: bytes, status: int | tuple[int, ...] = 400) -> Case:
    """A malformed request line."""
    return bad(id, "9112 3", text + f"\r\nHost: {HOST}\r\n\r\n".encode(), status)


METHODS = [
    Case("method-get", "9110 9.3.1", get("/data.json"), 200, File("data.json")),
    Case("method-head", "9110 9.3.2", head("/data.json"), 200, File("data.json")),
    Case("method-head-not-found", "9110 9.3.2", head("/nowhere"), 404, Page("404.html")),
    Case("method-head-great-file", "9110 9.3.2", head("/size/102400.bin"), 200,
         File("size/102400.bin")),
    Case("method-head-empty-file", "9110 9.3.2", head("/size/0.bin"), 200, File("size/0.bin")),
    not_allowed("POST", "9110 9.3.3"), not_allowed("PUT", "9110 9.3.4"),
    not_allowed("DELETE", "9110 9.3.5"), not_allowed("PATCH", "5789 2"),
    Case("method-trace", "9110 9.3.8", ask("TRACE", "/data.json"), 405,
         Page("errors/405.html"), {"allow": ALLOWED}),
    Case("method-trace-echoes-nothing", "9110 9.3.8", ask("TRACE", "/", "Cookie: secret"), 405,
         Page("errors/405.html"), {"allow": ALLOWED}),
    Case("method-post-nowhere", "9110 9.1", ask("POST", "/nowhere", "Content-Length: 0"),
         405),
    Case("method-post-folder", "9110 9.1", ask("POST", "/sub/", "Content-Length: 0"), 405,
         Page("errors/405.html"), {"allow": ALLOWED}),
    Case("method-connect", "9110 9.3.6", ask("CONNECT", "elsewhere.test:443"), 405,
         stays=False),
    options("method-options", "/data.json"),
    options("method-options-asterisk", "*"),
    options("method-options-root", "/"),
    options("method-options-absolute-form", f"http://{HOST}/data.json"),
    options("method-options-absolute-form-no-path", f"http://{HOST}"),
    Case("method-options-nowhere", "9110 9.3.7", ask("OPTIONS", "/nowhere"), 204, Nothing(),
         {"allow": ALLOWED}),
    Case("method-options-with-content", "9110 9.3.7",
         ask("OPTIONS", "/data.json", "Content-Length: 5", content=b"hello"), 204,
         Nothing(), {"allow": ALLOWED}),
    bad("method-asterisk-for-get", "9112 3.2.4", get("*")),
    bad("method-asterisk-for-head", "9112 3.2.4", head("*")),
    bad("method-unknown", "9110 9.1", ask("BREW", "/"), 501),
    bad("method-lower-case", "9110 9.1", ask("get", "/"), 501),
    bad("method-mixed-case", "9110 9.1", ask("Get", "/"), 501),
    bad("method-begins-like-get", "9110 9.1", ask("GETX", "/"), 501),
    bad("method-cut-off", "9110 9.1", ask("GE", "/"), 501),
    bad("method-long", "9110 9.1", ask("M" * 300, "/"), 501),
    bad("method-propfind", "9110 16.1", ask("PROPFIND", "/"), 501),
    bad("method-http-2-preface", "9113 3.4", b"PRI * HTTP/2.0\r\n\r\n", 505),
]

LINES = [
    line("line-no-method", b"/ HTTP/1.1"),
    line("line-no-target", b"GET HTTP/1.1"),
    line("line-no-target-two-spaces", b"GET  HTTP/1.1"),
    line("line-two-spaces-before-target", b"GET  / HTTP/1.1"),
    line("line-two-spaces-before-version", b"GET /  HTTP/1.1"),
    line("line-tab-before-target", b"GET\t/ HTTP/1.1"),
    line("line-tab-before-version", b"GET /\tHTTP/1.1"),
    line("line-space-first", b" GET / HTTP/1.1"),
    line("line-space-last", b"GET / HTTP/1.1 "),
    line("line-space-in-target", b"GET /a b HTTP/1.1"),
    line("line-a-word-more", b"GET / HTTP/1.1 X"),
    line("line-bad-method-character", b"G@T / HTTP/1.1"),
    line("line-nul-in-method", b"G\0T / HTTP/1.1"),
    line("line-colon-in-method", b"GET: / HTTP/1.1"),
    line("line-no-version", b"GET /"),
    line("line-no-version-but-space", b"GET / "),
    line("line-only-a-word", b"NONSENSE"),
    line("line-version-lower-case", b"GET / http/1.1"),
    line("line-version-no-number", b"GET / HTTP/"),
    line("line-version-major-alone", b"GET / HTTP/1"),
    line("line-version-comma", b"GET / HTTP/1,1"),
    line("line-version-two-digits", b"GET / HTTP/1.10"),
    line("line-version-major-two-digits", b"GET / HTTP/11.1"),
    line("line-version-other-protocol", b"GET / ICY/1.1"),
    line("line-version-letters", b"GET / HTTP/x.y"),
    line("line-version-leading-zero", b"GET / HTTP/01.1"),
    bad("line-version-2.0", "9110 15.6.6", get("/", version="2.0"), 505),
    bad("line-version-3.0", "9110 15.6.6", get("/", version="3.0"), 505),
    bad("line-version-0.9", "9112 2.3", get("/", version="0.9")),
    good("line-version-1.2", "9110 2.5", get("/data.json", version="1.2")),
    good("line-version-1.9", "9110 2.5", get("/data.json", version="1.9")),
    bad("line-simple-request", "9112 2.3", b"GET /\r\n\r\n"),
]

CASES = [*METHODS, *LINES]
