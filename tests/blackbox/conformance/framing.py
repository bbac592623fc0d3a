"""Where a message ends, and which bytes are no message: RFC 9112, sections 2, 5 and 6."""

from conformance.model import HOST, Anything, Case, File, ask, bad, get, good

LINE = f"GET /data.json HTTP/1.1\r\nHost: {HOST}\r\n".encode()


def raw(field: bytes) -> bytes:
    """A good request with a raw line inserted."""
    return LINE + field + b"\r\n\r\n"


def posted(*lines: str, content: bytes = b"") -> bytes:
    return ask("POST", "/data.json", *lines, content=content)


def drained(id: str, rfc: str, request: bytes, **more: bool) -> Case:
    """A request with unwanted content: the server reads it to its end and answers 405."""
    return Case(id, rfc, request, 405, **more)


LINES = [
    bad("framing-bare-lf-request-line", "9112 2.2", b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
    bad("framing-bare-lf-field", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\n\r\n"),
    bad("framing-bare-lf-empty-line", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
    bad("framing-bare-lf-everywhere", "9112 2.2", b"GET / HTTP/1.1\nHost: a\n\n"),
    bad("framing-bare-cr-request-line", "9112 2.2", b"GET / \rHTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("framing-bare-cr-as-line-end", "9112 2.2", b"GET / HTTP/1.1\rHost: a\r\r\n\r\n"),
    bad("framing-bare-cr-in-value", "9112 2.2", raw(b"X: a\rb")),
    bad("framing-bare-cr-ends-value", "9112 2.2", raw(b"X: a\r")),
    bad("framing-bare-cr-before-name", "9112 2.2", raw(b"\rX: a")),
    good("framing-empty-line-first", "9112 2.2", b"\r\n" + raw(b"X: a")),
    good("framing-empty-lines-first", "9112 2.2", b"\r\n\r\n\r\n" + raw(b"X: a")),
    bad("framing-cr-first", "9112 2.2", b"\r" + raw(b"X: a")),
    bad("framing-cr-cr-lf-first", "9112 2.2", b"\r\r\n" + raw(b"X: a")),
    bad("framing-lf-first", "9112 2.2", b"\n" + raw(b"X: a")),
    bad("framing-space-before-fields", "9112 2.2", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    bad("framing-space-line-before-fields", "9112 2.2",
        b"GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n"),
]

FIELDS = [
    bad("field-space-before-colon", "9112 5.1", raw(b"X : a")),
    bad("field-tab-before-colon", "9112 5.1", raw(b"X\t: a")),
    bad("field-space-before-colon-length", "9112 5.1", raw(b"Content-Length : 0")),
    bad("field-space-before-colon-coding", "9112 5.1", raw(b"Transfer-Encoding : chunked")),
    bad("field-space-in-name", "9112 5.1", raw(b"X Y: a")),
    bad("field-no-colon", "9112 5", raw(b"nonsense")),
    bad("field-no-name", "9112 5", raw(b": a")),
    bad("field-fold-space", "9112 5.2", raw(b"X: a\r\n b")),
    bad("field-fold-tab", "9112 5.2", raw(b"X: a\r\n\tb")),
    bad("field-fold-of-length", "9112 5.2", raw(b"Content-Length:\r\n 0")),
    bad("field-fold-of-coding", "9112 5.2", raw(b"Transfer-Encoding:\r\n chunked")),
    bad("field-line-of-blanks", "9112 5.2", raw(b"  ")),
    bad("field-nul-in-value", "9110 5.5", raw(b"X: a\0b")),
    bad("field-control-in-value", "9110 5.5", raw(b"X: a\x01b")),
    bad("field-vertical-tab-in-value", "9110 5.5", raw(b"X: a\x0bb")),
    bad("field-delete-in-value", "9110 5.5", raw(b"X: a\x7fb")),
    bad("field-nul-in-name", "9110 5.1", raw(b"X\0Y: a")),
    bad("field-bracket-in-name", "9110 5.1", raw(b"X[0]: a")),
    bad("field-slash-in-name", "9110 5.1", raw(b"X/Y: a")),
    bad("field-quote-in-name", "9110 5.1", raw(b'"X": a')),
    bad("field-bytes-over-127-in-name", "9110 5.1", raw("ü: a".encode())),
    good("field-bytes-over-127-in-value", "9110 5.5", raw("X: grüezi".encode())),
    good("field-tab-in-value", "9110 5.5", raw(b"X: a\tb")),
    good("field-empty-value", "9112 5", raw(b"X:")),
    good("field-blanks-only", "9112 5.1", raw(b"X: \t ")),
    good("field-no-space-behind-colon", "9112 5.1", raw(b"X:a")),
    good("field-blanks-around-value", "9112 5.1", raw(b"X:\t a \t")),
    good("field-token-characters", "9110 5.6.2", raw(b"!#$%&'*+-.^_`|~09AZaz: a")),
    good("field-colons-in-value", "9110 5.5", raw(b"X: a:b::c")),
    good("field-repeated-unknown", "9110 5.3", raw(b"X: a\r\nX: b")),
    good("field-unknown-names", "9110 5.1", raw(b"Foo: 1\r\nBar: 2")),
]

LENGTHS = [
    bad("length-not-a-number", "9112 6.3", posted("Content-Length: x")),
    bad("length-empty", "9112 6.3", posted("Content-Length:")),
    bad("length-negative", "9112 6.3", posted("Content-Length: -1")),
    bad("length-plus", "9112 6.3", posted("Content-Length: +5", content=b"hello")),
    bad("length-hexadecimal", "9112 6.3", posted("Content-Length: 0x5", content=b"hello")),
    bad("length-fraction", "9112 6.3", posted("Content-Length: 5.0", content=b"hello")),
    bad("length-two-numbers", "9112 6.3", posted("Content-Length: 5 5", content=b"hello")),
    bad("length-list-of-same", "9112 6.3", posted("Content-Length: 5, 5", content=b"hello")),
    bad("length-list-of-others", "9112 6.3", posted("Content-Length: 5, 6", content=b"hello!")),
    bad("length-twice-other", "9112 6.3",
        posted("Content-Length: 5", "Content-Length: 6", content=b"hello!")),
    bad("length-twice-same", "9112 6.3",
        posted("Content-Length: 5", "Content-Length: 5", content=b"hello")),
    bad("length-twice-other-case", "9112 6.3",
        posted("Content-Length: 0", "content-length: 5", content=b"hello")),
    bad("length-too-great-for-64-bits", "9110 8.6",
        posted("Content-Length: 18446744073709551616")),
    bad("length-wraps-to-5", "9110 8.6",
        posted("Content-Length: 18446744073709551621", content=b"hello")),
    drained("length-zero", "9110 8.6", posted("Content-Length: 0")),
    drained("length-five", "9112 6.2", posted("Content-Length: 5", content=b"hello")),
    drained("length-leading-zeros", "9110 8.6", posted("Content-Length: 005", content=b"hello")),
    drained("length-content-like-a-request", "9112 6.3", posted(
        "Content-Length: 37", content=b"GET /nowhere HTTP/1.1\r\nHost: evil\r\n\r\n")),
    drained("length-none-at-all", "9112 6.3", posted()),
    drained("length-1000", "9112 6.3", posted("Content-Length: 1000", content=b"x" * 1000)),
    Case("length-with-get", "9110 9.3.1", get("/data.json", "Content-Length: 5",
                                              content=b"hello"), 200, File("data.json")),
    good("length-zero-with-get", "9110 9.3.1", get("/data.json", "Content-Length: 0")),
    drained("length-1-mib", "9110 15.5.14",
            posted("Content-Length: 1048576", content=b"x" * 1048576)),
    drained("length-more-than-1-mib", "9110 15.5.14",
            posted("Content-Length: 1048577", content=b"x" * 1048577), stays=False),
    Case("length-with-get-more-than-1-mib", "9110 15.5.14",
         get("/data.json", "Content-Length: 1048577"), 200, File("data.json"), stays=False),
    drained("length-with-delete", "9110 9.3.5",
            ask("DELETE", "/data.json", "Content-Length: 5", content=b"hello")),
    drained("length-with-trace", "9110 9.3.8",
            ask("TRACE", "/data.json", "Content-Length: 5", content=b"hello")),
    bad("length-with-a-great-content", "9110 15.5.14",
        posted("Content-Length: 100000000000"), 405),
]

CHUNKS = [
    drained("chunked-empty", "9112 7.1",
            posted("Transfer-Encoding: chunked", content=b"0\r\n\r\n")),
    drained("chunked-one", "9112 7.1",
            posted("Transfer-Encoding: chunked", content=b"5\r\nhello\r\n0\r\n\r\n")),
    drained("chunked-several", "9112 7.1", posted(
        "Transfer-Encoding: chunked", content=b"1\r\na\r\nA\r\n0123456789\r\na\r\n0123456789"
        b"\r\n0\r\n\r\n")),
    drained("chunked-extension", "9112 7.1.1", posted(
        "Transfer-Encoding: chunked", content=b'5;a=b;c="d e";f\r\nhello\r\n0;x\r\n\r\n')),
    drained("chunked-trailers", "9112 7.1.2", posted(
        "Transfer-Encoding: chunked", content=b"5\r\nhello\r\n0\r\nX: a\r\nY: b\r\n\r\n")),
    drained("chunked-leading-zeros", "9112 7.1", posted(
        "Transfer-Encoding: chunked", content=b"0005\r\nhello\r\n000\r\n\r\n")),
    drained("chunked-any-case", "9112 7", posted(
        "Transfer-Encoding: ChunKed", content=b"5\r\nhello\r\n0\r\n\r\n")),
    drained("chunked-content-like-a-request", "9112 7.1", posted(
        "Transfer-Encoding: chunked",
        content=b"1b\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n")),
    drained("chunked-blanks-in-extension", "9112 7.1.1", posted(
        "Transfer-Encoding: chunked", content=b"5 ; a = b\t; c\r\nhello\r\n0\r\n\r\n")),
    drained("chunked-trailers-about-framing", "9110 6.5.1", posted(
        "Transfer-Encoding: chunked",
        content=b"0\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\nHost: evil\r\n\r\n")),
    Case("chunked-with-head", "9110 9.3.2", ask(
        "HEAD", "/data.json", "Transfer-Encoding: chunked", content=b"0\r\n\r\n"), 200,
         File("data.json")),
    Case("chunked-with-get", "9110 9.3.1", get(
        "/data.json", "Transfer-Encoding: chunked", content=b"5\r\nhello\r\n0\r\n\r\n"), 200,
         File("data.json")),
    bad("transfer-twice-chunked", "9112 6.1",
        posted("Transfer-Encoding: chunked, chunked", content=b"0\r\n\r\n")),
    bad("transfer-chunked-not-last", "9112 6.3",
        posted("Transfer-Encoding: chunked, gzip", content=b"0\r\n\r\n")),
    bad("transfer-gzip-then-chunked", "9112 6.1",
        posted("Transfer-Encoding: gzip, chunked", content=b"0\r\n\r\n"), 501),
    bad("transfer-identity", "9112 6.1",
        posted("Transfer-Encoding: identity", content=b"hello")),
    bad("transfer-unknown", "9112 6.1", posted("Transfer-Encoding: xchunked")),
    bad("transfer-nonsense-before-chunked", "9112 6.1",
        posted("Transfer-Encoding: x y, chunked", content=b"0\r\n\r\n"), 501),
    # RFC 9110, 5.6.1.2, allows skipping empty members; here that would help request smugglers.
    bad("transfer-empty-members", "9112 11.2",
        posted("Transfer-Encoding: , chunked ,", content=b"0\r\n\r\n")),
    bad("transfer-empty", "9112 6.1", posted("Transfer-Encoding:")),
    bad("transfer-with-vertical-tab", "9112 6.1",
        posted("Transfer-Encoding: \x0bchunked", content=b"0\r\n\r\n")),
    bad("transfer-in-quotes", "9112 6.1",
        posted('Transfer-Encoding: "chunked"', content=b"0\r\n\r\n")),
    bad("transfer-on-two-lines-chunked-twice", "9112 6.1", posted(
        "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", content=b"0\r\n\r\n")),
    bad("transfer-on-two-lines-identity", "9112 6.1", posted(
        "Transfer-Encoding: chunked", "Transfer-Encoding: identity", content=b"0\r\n\r\n")),
    bad("transfer-and-length", "9112 6.3", posted(
        "Content-Length: 5", "Transfer-Encoding: chunked", content=b"0\r\n\r\n")),
    bad("transfer-and-length-zero", "9112 6.3", posted(
        "Transfer-Encoding: chunked", "Content-Length: 0", content=b"0\r\n\r\n")),
    bad("transfer-and-length-with-get", "9112 6.3", get(
        "/", "Transfer-Encoding: chunked", "Content-Length: 0", content=b"0\r\n\r\n")),
    bad("transfer-in-http-1.0", "9112 6.1", ask(
        "POST", "/", "Transfer-Encoding: chunked", version="1.0", content=b"0\r\n\r\n")),
]


def broken(id: str, content: bytes) -> Case:
    """Malformed chunked content. The 405 may be sent before it shows; then the close reports it."""
    return Case(id, "9112 7.1", posted("Transfer-Encoding: chunked", content=content),
                (400, 405), Anything(), stays=None)


BROKEN_CHUNKS = [
    broken("chunk-size-no-number", b"x\r\nhello\r\n0\r\n\r\n"),
    broken("chunk-size-empty", b"\r\nhello\r\n0\r\n\r\n"),
    broken("chunk-size-negative", b"-5\r\nhello\r\n0\r\n\r\n"),
    broken("chunk-size-0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    broken("chunk-size-too-great", b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
    broken("chunk-size-space-first", b" 5\r\nhello\r\n0\r\n\r\n"),
    broken("chunk-size-space-last", b"5 \r\nhello\r\n0\r\n\r\n"),
    broken("chunk-size-bare-lf", b"5\nhello\r\n0\r\n\r\n"),
    broken("chunk-data-too-long", b"5\r\nhello!\r\n0\r\n\r\n"),
    broken("chunk-data-bare-lf", b"5\r\nhello\n0\r\n\r\n"),
    broken("chunk-extension-bare-lf", b"5;a\nhello\r\n0\r\n\r\n"),
    broken("chunk-extension-bare-cr", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    broken("chunk-extension-nul", b"5;a\0b\r\nhello\r\n0\r\n\r\n"),
    broken("chunk-extension-no-name", b"5;=b\r\nhello\r\n0\r\n\r\n"),
    broken("chunk-extension-quote-open", b'5;a="b\r\nhello\r\n0\r\n\r\n'),
    broken("chunk-extension-too-long",
           b"5;" + b"a" * 1100 + b"\r\nhello\r\n0\r\n\r\n"),
    broken("trailer-space-before-colon", b"0\r\nX : a\r\n\r\n"),
    broken("trailer-fold", b"0\r\nX: a\r\n b\r\n\r\n"),
    broken("trailer-bare-lf", b"0\r\nX: a\nY: b\r\n\r\n"),
    broken("trailer-bare-cr", b"0\r\nX: a\rb\r\n\r\n"),
    broken("trailer-no-colon", b"0\r\nX\r\n\r\n"),
    broken("trailer-nul", b"0\r\nX: \0\r\n\r\n"),
    broken("trailer-end-bare-lf", b"0\r\nX: a\r\n\n"),
]
