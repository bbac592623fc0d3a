"""Targets, Host, and the file they name: RFC 9112, section 3.2; RFC 3986."""

from conformance.model import HOST, OTHER, Case, File, Page, ask, bad, get, good

LONG = "x" * 1000


def names(id: str, target: str, name: str, rfc: str = "3986 6.2.2") -> Case:
    return good(f"target-{id}", rfc, get(target), name)


def nowhere(id: str, target: str, rfc: str = "9110 15.5.5") -> Case:
    return Case(f"target-{id}", rfc, get(target), 404, Page("404.html"))


def wrong(id: str, target: str, rfc: str = "9112 3.2") -> Case:
    return bad(f"target-{id}", rfc, get(target))


def with_host(id: str, *fields: str, target: str = "/data.json") -> Case:
    """A request refused for its Host fields, or for having none."""
    return bad(f"host-{id}", "9112 3.2", get(target, *fields, host=None))


def served(id: str, host: str, site: str, target: str = "/data.json") -> Case:
    return Case(f"host-{id}", "9110 7.2", get(target, host=host), 200,
                File("data.json", site=site))


TARGETS = [
    names("root", "/", "index.html"),
    names("root-with-query", "/?a=b&c=/d?e", "index.html", "3986 3.4"),
    names("query-ignored", "/data.json?x", "data.json", "3986 3.4"),
    names("query-empty", "/data.json?", "data.json", "3986 3.4"),
    names("query-with-odd-characters", "/data.json?[a]|{b}^`\\\"<>", "data.json", "9112 3.2"),
    names("folder", "/sub/", "sub/index.html"),
    names("dot-segments", "/sub/./../sub/page.txt", "sub/page.txt", "3986 5.2.4"),
    names("dot-segments-escaped", "/sub/%2e%2E/data.json", "data.json", "3986 6.2.2.3"),
    names("dots-beyond-the-root", "/../../data.json", "data.json", "3986 5.2.4"),
    names("dot-at-the-end", "/sub/.", "sub/index.html", "3986 5.2.4"),
    names("dots-at-the-end", "/sub/..", "index.html", "3986 5.2.4"),
    names("two-slashes", "/sub//page.txt", "sub/page.txt"),
    names("slashes-first", "//data.json", "data.json"),
    names("escaped-letter", "/%64ata%2Ejson", "data.json", "3986 6.2.2.2"),
    names("escaped-any-case", "/odd/gr%C3%bc%c3%9Fe.txt", "odd/grüße.txt", "3986 6.2.2.1"),
    names("escaped-space", "/odd/a%20b.txt", "odd/a b.txt", "3986 2.1"),
    names("escaped-percent", "/odd/50%25.txt", "odd/50%.txt", "3986 2.4"),
    names("escaped-once-only", "/odd/%2541.txt", "odd/%41.txt", "3986 2.4"),
    names("escaped-question-mark", "/odd/what%3F.txt", "odd/what?.txt", "3986 2.2"),
    names("escaped-number-sign", "/odd/number%231.txt", "odd/number#1.txt", "3986 2.2"),
    names("escaped-dot", "/data%2ejson?%zz", "data.json", "3986 6.2.2.2"),
    names("plus-is-plus", "/odd/a+b.txt", "odd/a+b.txt", "3986 2.2"),
    names("semicolon", "/odd/semi;colon.txt", "odd/semi;colon.txt", "3986 3.3"),
    names("japanese", "/odd/%E6%97%A5%E6%9C%AC%E8%AA%9E.txt", "odd/日本語.txt", "3986 2.5"),
    names("two-dots-in-a-name", "/odd/two..dots.txt", "odd/two..dots.txt", "3986 5.2.4"),
    names("hidden", "/odd/.hidden", "odd/.hidden"),
    names("upper-case", "/odd/UPPER.HTML", "odd/UPPER.HTML", "3986 6.2.2.1"),
    nowhere("unknown", "/nowhere"),
    nowhere("case-matters", "/DATA.JSON", "3986 6.2.2.1"),
    nowhere("slash-behind-a-file", "/data.json/"),
    nowhere("folder-without-index", "/bare/"),
    nowhere("below-a-file", "/data.json/x"),
    nowhere("escaped-slash", "/sub%2Fpage.txt", "3986 2.2"),
    nowhere("escaped-space-behind", "/data.json%20"),
    nowhere("backslash-is-no-slash", "/sub%5Cpage.txt", "3986 3.3"),
    nowhere("out-of-the-site", "/../../../../etc/passwd", "3986 5.2.4"),
    nowhere("out-of-the-site-escaped", "/%2e%2e/%2e%2e/etc/passwd", "3986 5.2.4"),
    nowhere("long", "/" + LONG),
    nowhere("not-utf-8", "/%FF%FE", "3986 2.5"),
    wrong("escape-broken", "/%zz", "3986 2.1"),
    wrong("escape-half", "/%4", "3986 2.1"),
    wrong("escape-percent-last", "/data.json%", "3986 2.1"),
    wrong("escape-nul", "/data.json%00", "3986 7.3"),
    wrong("no-slash", "data.json"),
    wrong("fragment", "/data.json#top", "9112 3.2.1"),
    wrong("control-character", "/data\x01.json"),
    wrong("delete-character", "/data\x7f.json"),
    wrong("other-scheme", f"ftp://{HOST}/data.json", "9112 3.2.2"),
    wrong("authority-for-get", f"{HOST}:80", "9112 3.2.3"),
    good("absolute-form", "9112 3.2.2", get(f"http://{HOST}/data.json")),
    good("absolute-form-port", "9112 3.2.2", get(f"http://{HOST}:80/data.json")),
    good("absolute-form-https", "9112 3.2.2", get(f"https://{HOST}/data.json")),
    good("absolute-form-any-case", "9110 4.2.3", get(f"HTTP://{HOST.upper()}/data.json")),
    good("absolute-form-no-path", "9110 4.2.3", get(f"http://{HOST}"), "index.html"),
    good("absolute-form-query-alone", "9112 3.2.2", get(f"http://{HOST}?a=b"), "index.html"),
    Case("absolute-form-wins-over-host", "9112 3.2.2", get(f"http://{OTHER}/data.json"), 200,
         File("data.json", site=OTHER)),
    Case("absolute-form-no-site-but-host", "9112 3.2.2",
         get(f"http://{HOST}/data.json", host=OTHER), 200, File("data.json")),
    bad("absolute-form-no-host-field", "9112 3.2", get(f"http://{HOST}/", host=None)),
    bad("absolute-form-empty-host", "9110 4.2.1", get("http:///data.json")),
    bad("absolute-form-userinfo", "9110 4.2.4", get(f"http://me@{HOST}/data.json")),
    bad("absolute-form-bad-port", "9110 4.2.1", get(f"http://{HOST}:x/data.json")),
]

HOSTS = [
    with_host("missing"),
    with_host("twice", f"Host: {HOST}", f"Host: {OTHER}"),
    with_host("twice-the-same", f"Host: {HOST}", f"Host: {HOST}"),
    with_host("twice-any-case", f"Host: {HOST}", f"hOsT: {HOST}"),
    with_host("with-space", "Host: a b"),
    with_host("list", f"Host: {HOST}, {OTHER}"),
    with_host("with-slash", f"Host: {HOST}/data.json"),
    with_host("with-userinfo", f"Host: me@{HOST}"),
    with_host("with-bad-port", f"Host: {HOST}:http"),
    with_host("with-two-ports", f"Host: {HOST}:80:80"),
    with_host("with-open-bracket", "Host: [::1"),
    with_host("with-nul", "Host: a\0b"),
    with_host("missing-for-an-absolute-form", target=f"http://{HOST}/"),
    good("host-with-port", "9110 7.2", get("/data.json", host=f"{HOST}:80")),
    good("host-empty", "9112 3.2", get("/data.json", host="")),
    good("host-address", "9110 7.2", get("/data.json", host="192.0.2.2")),
    good("host-ipv6", "9110 7.2", get("/data.json", host="[2001:db8::1]:80")),
    good("host-field-any-case", "9110 5.1", get("/data.json", f"hOsT: {HOST}", host=None)),
    good("host-http-1.0-needs-none", "9112 3.2", get(
        "/data.json", "Connection: keep-alive", host=None, version="1.0")),
    bad("host-http-1.0-twice", "9112 3.2", get("/", "Host: a", "Host: b", host=None,
                                               version="1.0")),
    served("other-site", OTHER, OTHER),
    served("other-sites-second-name", f"www.{OTHER}", OTHER),
    served("other-site-any-case", OTHER.upper(), OTHER),
    served("other-site-with-port", f"{OTHER}:8080", OTHER),
    served("unknown-gets-the-default", "unknown.test", HOST),
    served("name-that-only-begins-alike", f"{OTHER}.evil", HOST),
    Case("host-other-sites-own-file", "9110 7.2", get("/only-here.txt", host=OTHER), 200,
         File("only-here.txt", site=OTHER)),
    Case("host-other-sites-file-elsewhere", "9110 7.2", get("/only-here.txt"), 404,
         Page("404.html")),
    Case("host-default-sites-file-elsewhere", "9110 7.2", get("/text.txt", host=OTHER), 404,
         Page("404.html", site=OTHER)),
    Case("host-post-to-other-site", "9110 7.2",
         ask("POST", "/data.json", "Content-Length: 0", host=OTHER), 405),
]

CASES = [*TARGETS, *HOSTS]
