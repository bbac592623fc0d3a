"""Scripts of other origins: the Fetch standard, by its sections as of 2024.

A rule lets other origins in at /shared/ (see site.py). A browser hides from their scripts every
response without that field, errors and redirects too.
"""

from conformance.model import (Case, File, Nothing, Page, Value, ask, get, members)

ORIGIN = "Origin: http://elsewhere.test"
ANY: dict[str, Value] = {"access-control-allow-origin": "*"}
NONE = ("access-control-allow-origin", "access-control-allow-methods",
        "access-control-allow-headers", "access-control-max-age")
TAG = "{tag:shared/data.txt}"


def preflight(id: str, target: str, asked: str, allowed: dict[str, Value],
              lacks: tuple[str, ...] = ()) -> Case:
    """The preflight that a browser sends before a request that no form could make."""
    return Case(id, "Fetch 3.3.3", ask(
        "OPTIONS", target, ORIGIN, "Access-Control-Request-Method: GET", *(
            [f"Access-Control-Request-Headers: {asked}"] if asked else [])), 204, Nothing(),
        {"allow": members("GET", "HEAD", "OPTIONS"), **allowed}, lacks)


ALLOWED: dict[str, Value] = {**ANY, "access-control-allow-methods": members("GET", "HEAD"),
                             "access-control-max-age": "3600"}

CASES = [
    Case("origin-file", "Fetch 4.10", get("/shared/data.txt", ORIGIN), 200,
         File("shared/data.txt"), ANY),
    Case("origin-range", "Fetch 4.10", get("/shared/data.txt", ORIGIN, "Range: bytes=-3"), 206,
         File("shared/data.txt", first=9, last=11), ANY),
    Case("origin-not-modified", "Fetch 4.10",
         get("/shared/data.txt", ORIGIN, f"If-None-Match: {TAG}"), 304, Nothing(), ANY),
    Case("origin-not-found", "Fetch 4.10", get("/shared/nothing", ORIGIN), 404, Page("404.html"),
         ANY),
    Case("origin-range-beyond", "Fetch 4.10",
         get("/shared/data.txt", ORIGIN, "Range: bytes=99-"), 416, has=ANY),
    Case("origin-condition-failed", "Fetch 4.10",
         get("/shared/data.txt", ORIGIN, 'If-Match: "other"'), 412, has=ANY),
    Case("origin-not-allowed", "Fetch 4.10",
         ask("POST", "/shared/data.txt", ORIGIN, "Content-Length: 0"), 405,
         Page("errors/405.html"), ANY),
    Case("origin-redirect", "Fetch 4.4", get("/shared/old", ORIGIN), 301,
         has={**ANY, "location": "/data.json"}),
    Case("origin-redirect-by-prefix", "Fetch 4.4", get("/shared/blog/x", ORIGIN), 301,
         has={**ANY, "location": "/shared/news/x"}),
    Case("origin-folder-redirect", "Fetch 4.4", get("/shared", ORIGIN), 301, lacks=NONE),
    Case("origin-not-let-in", "Fetch 4.10", get("/data.json", ORIGIN), 200, File("data.json"),
         lacks=NONE),
    Case("origin-not-let-in-error", "Fetch 4.10", get("/nothing", ORIGIN), 404, Page("404.html"),
         lacks=NONE),
    preflight("preflight-custom-field", "/shared/data.txt", "x-own", {
        **ALLOWED, "access-control-allow-headers": "x-own"}),
    preflight("preflight-range-and-condition", "/shared/data.txt", "if-none-match,range", {
        **ALLOWED, "access-control-allow-headers": "if-none-match,range"}),
    preflight("preflight-nothing-there", "/shared/nothing", "range", {
        **ALLOWED, "access-control-allow-headers": "range"}),
    preflight("preflight-method-alone", "/shared/data.txt", "", ALLOWED,
              ("access-control-allow-headers",)),
    preflight("preflight-no-names", "/shared/data.txt", "<script>", ALLOWED,
              ("access-control-allow-headers",)),
    preflight("preflight-very-many-fields", "/shared/data.txt", ",".join(
        f"x-own-{number}" for number in range(200)), {
        **ALLOWED, "access-control-allow-headers": "*"}),
    preflight("preflight-not-let-in", "/data.json", "range", {}, NONE),
    preflight("preflight-of-the-server", "*", "range", {}, NONE),
]
