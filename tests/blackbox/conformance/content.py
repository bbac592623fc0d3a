"""Content and its metadata: RFC 9110, section 8; caching, policy and redirects."""

import re

from conformance.model import (OTHER, SOMETHING, Case, File, Nothing, Page, Text, ask, bad, get,
                               head)
from conformance.site import HSTS, METRICS, PLAIN_SIZES, POLICY, address

YEAR = "public, max-age=31536000, immutable"
ASKED = "no-cache"


def typed(name: str, media: str) -> Case:
    return Case(f"type-{name.replace('/', '-')}", "9110 8.3", get(address(name)), 200,
                File(name), {"content-type": media})


def cached(id: str, target: str, name: str, control: str) -> Case:
    return Case(f"cache-{id}", "9111 5.2.2", get(target), 200, File(name),
                {"cache-control": control})


def redirect(id: str, target: str, status: int, to: str, method: str = "GET") -> Case:
    return Case(f"redirect-{id}", f"9110 15.4.{(2, 3, 8, 9)[(301, 302, 307, 308).index(status)]}",
                ask(method, target), status, has={"location": to},
                lacks=("etag", "last-modified"))


SIZES = [Case(f"size-{size}", "9110 8.6", get(f"/size/{size}.bin"), 200,
              File(f"size/{size}.bin"), {"content-length": str(size)}) for size in PLAIN_SIZES]

TYPES = [
    typed("index.html", "text/html; charset=utf-8"),
    typed("odd/UPPER.HTML", "text/html; charset=utf-8"),
    typed("sub/page.txt", "text/plain; charset=utf-8"),
    typed("sub/latin1.txt", "text/plain"),
    typed("bare/only.css", "text/css; charset=utf-8"),
    typed("data.json", "application/json"),
    typed("app.js", "text/javascript; charset=utf-8"),
    typed("picture.svg", "image/svg+xml; charset=utf-8"),
    typed("photo.jpg", "image/jpeg"),
    typed("module.wasm", "application/wasm"),
    typed("archive.tar.gz", "application/gzip"),
    typed("blob", "application/octet-stream"),
    typed("odd/no-ending", "application/octet-stream"),
]

CACHES = [
    cached("html", "/", "index.html", "no-cache"),
    cached("fingerprinted", "/app.3f2a9c1b.js", "app.3f2a9c1b.js", YEAR),
    cached("other", "/app.js", "app.js", ASKED),
    cached("by-pattern", "/text.txt", "text.txt", "public, max-age=60"),
    cached("last-pattern-wins", "/private/note.txt", "private/note.txt", "no-store"),
    Case("cache-told-by-304", "9110 15.4.5", get("/text.txt", "If-None-Match: {tag:text.txt}"),
         304, Nothing(), {"cache-control": "public, max-age=60", "etag": "{tag:text.txt}"}),
    Case("cache-told-by-206", "9110 15.3.7", get("/text.txt", "Range: bytes=0-3"), 206,
         File("text.txt", first=0, last=3), {"cache-control": "public, max-age=60"}),
    Case("cache-control-in-request", "9111 5.2.1", get("/data.json", "Cache-Control: no-cache",
                                                       "Pragma: no-cache"), 200,
         File("data.json")),
    Case("cache-only-if-cached", "9111 5.2.1.7", get("/data.json",
                                                     "Cache-Control: only-if-cached"), 200,
         File("data.json")),
]

POLICIES = [
    Case("policy-for-all", "6797 6.1", get("/data.json"), 200, File("data.json"),
         {"strict-transport-security": HSTS, "x-frame-options": "DENY"},
         ("content-security-policy",)),
    Case("policy-for-html", "9110 5.1", get("/about"), 200, File("about.html"),
         {"strict-transport-security": HSTS, "content-security-policy": POLICY}),
    Case("policy-later-one-wins", "9110 5.1", get("/private/note.txt"), 200,
         File("private/note.txt"), {"x-frame-options": "SAMEORIGIN"},
         ("strict-transport-security",)),
    Case("policy-for-variants", "9110 5.1", get("/text.txt", "Accept-Encoding: gzip"), 200,
         File("text.txt", "gzip"), {"strict-transport-security": HSTS}),
    Case("policy-for-206", "9110 5.1", get("/data.json", "Range: bytes=0-3"), 206,
         File("data.json", first=0, last=3), {"strict-transport-security": HSTS}),
    Case("policy-for-head", "9110 9.3.2", head("/about"), 200, File("about.html"),
         {"content-security-policy": POLICY}),
]

REDIRECTS = [
    Case("redirect-folder", "9110 15.4.2", get("/sub"), 301,
         has={"location": "/sub/"}),
    Case("redirect-folder-query", "9110 15.4.2", get("/sub?a=b"), 301,
         has={"location": re.compile(r"/sub/(\?a=b)?")}),
    Case("redirect-folder-head", "9110 15.4.2", head("/sub"), 301,
         has={"location": "/sub/"}),
    redirect("301", "/old", 301, "/data.json"),
    redirect("302", "/found", 302, "https://elsewhere.test/found?a=b"),
    redirect("307", "/temporary", 307, "/data.json"),
    redirect("308", "/permanent", 308, "/data.json"),
    redirect("head", "/old", 301, "/data.json", "HEAD"),
    redirect("prefix", "/blog/2024/post", 301, "/news/2024/post"),
    redirect("prefix-alone", "/blog/", 301, "/news/"),
    redirect("prefix-query", "/blog/post?a=b&c=d", 301, "/news/post?a=b&c=d"),
    redirect("prefix-escapes", "/blog/a%20b", 301, "/news/a%20b"),
    redirect("prefix-dots", "/blog/a/../b", 301, "/news/b"),
    redirect("exact-escaped", "/%6fld", 301, "/data.json"),
    redirect("exact-query", "/old?a=b", 301, "/data.json"),
    redirect("to-no-other-server", "/go//evil.test/x", 301, "/evil.test/x"),
    redirect("to-no-other-server-backslash", "/go/%5Cevil.test/x", 301, "/evil.test/x"),
    redirect("to-no-other-server-both", "/go/%5C%5C/evil.test", 301, "/evil.test"),
    Case("redirect-leaves-by-dots", "3986 5.2.4", get("/blog/../data.json"), 200,
         File("data.json")),
    Case("redirect-to-no-other-server-escaped", "9110 17.5", get("/go/%2Fevil.test"), 404,
         Page("404.html")),
    redirect("prefix-longest-wins", "/blog/2019/post", 302, "/archive.html"),
    Case("redirect-prefix-is-no-other-name", "9110 15.5.5", get("/blogger"), 404,
         Page("404.html")),
    Case("redirect-at-the-other-site", "9110 15.4.2", get("/old", host=OTHER), 301,
         has={"location": "/data.json"}),
    bad("redirect-splits-no-response", "9110 17.5", get("/blog/%0d%0aSet-Cookie:x\r\nX"), 400),
    Case("redirect-escaped-line-end-stays-escaped", "9110 17.5",
         get("/blog/%0d%0aSet-Cookie:%20x"), 301,
         has={"location": re.compile("(?i)/news/%0d%0aset-cookie:%20x")}, lacks=("set-cookie",)),
]

CLEAN = [
    Case("clean-url", "3986 3.3", get("/about"), 200, File("about.html")),
    Case("clean-url-query", "3986 3.3", get("/about?a=b"), 200, File("about.html")),
    Case("clean-url-variant", "9110 8.4", get("/about", "Accept-Encoding: br"), 200,
         File("about.html", "br")),
    Case("clean-url-long-form", "9110 15.4.2", get("/about.html"), 301,
         has={"location": "/about"}),
    Case("clean-url-index", "9110 15.4.2", get("/sub/index.html"), 301,
         has={"location": "/sub/"}),
    Case("clean-url-slash", "9110 15.5.5", get("/about/"), 404),
]

NEVER = {"cache-control": re.compile("no-store|no-cache.*")}

ENDPOINTS = [
    Case("health", "8259 2", get("/healthz"), 200, Text(rb"\{.*\"uptime.*\}\s*"),
         {"content-type": "application/json", **NEVER}, ("etag", "last-modified")),
    Case("health-head", "9110 9.3.2", head("/healthz"), 200, has=NEVER),
    Case("health-query", "3986 3.4", get("/healthz?verbose"), 200, has=NEVER),
    Case("health-any-host", "9110 7.2", get("/healthz", host=OTHER), 200, has=NEVER),
    Case("health-has-no-conditions", "9110 13.2.1",
         get("/healthz", "If-None-Match: *", "Range: bytes=0-0"), 200, has=NEVER),
    Case("health-post", "9110 9.3.3", ask("POST", "/healthz", "Content-Length: 0"), 405),
    Case("metrics", "9110 8.3", get(METRICS), 200,
         Text(rb"(#.*|[a-z_]+.*|\n)*\n"),
         {"content-type": re.compile(r"text/plain; version=0\.0\.4(; charset=utf-8)?"), **NEVER},
         at_once=2),
    Case("metrics-head", "9110 9.3.2", head(METRICS), 200, has={"content-type": SOMETHING},
         at_once=2),
]

CASES = [*SIZES, *TYPES, *CACHES, *POLICIES, *REDIRECTS, *CLEAN, *ENDPOINTS]
