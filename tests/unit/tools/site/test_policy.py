"""What mote.toml's rules make of a site: caching, headers, redirects, clean URLs, several sites."""

from pathlib import Path

import pytest
from packs import Pack, field_of, packed, refusal, write_site

from tools.base.errors import UserError
from tools.site.config import parse_settings
from tools.site.pack import pack_site
from tools.site.policy import Pattern
from tools.site.settings import Settings

ASKED = "no-cache"
HOUR = "public, max-age=3600"
FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site", {
        "index.html": "<p>hello", "404.html": "<p>nothing here", "about.html": "<p>about",
        "style.css": "a {}", "app.3f2a9c1b.js": "0", "guide/index.html": "<p>guide"})


def configured(text: str) -> Settings:
    return parse_settings(text, "mote.toml")


def pack_of(site: Path, text: str) -> Pack:
    return packed(site, configured(text))


def redirects(*rules: tuple[str, str]) -> str:
    return "".join(f"[[http.redirect]]\nfrom = '{source}'\nto = '{target}'\n"
                   for source, target in rules)


# --- Patterns ---

@pytest.mark.parametrize(("pattern", "path", "matches"), [
    ("/a", "/a", True), ("/a", "/ab", False), ("/a", "/", False),
    ("*", "/", True), ("/*", "/a/b", True), ("*.html", "/a/b.html", True),
    ("*.html", "/a.html.gz", False), ("/a/*/c", "/a/b/x/c", True), ("/a/*/c", "/a/c", False),
    ("/a*a", "/a", False), ("/a*a", "/aa", True), ("*a*b*", "/b/a", False),
    ("*a*b*", "/xaxbx", True), ("/**", "/", True), ("/é*", "/éa", True), ("/a.b", "/axb", False),
    ("/[ab]", "/a", False), ("/*", "/a\nb", True)])
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    assert Pattern(pattern).matches(path.encode()) is matches


def test_many_stars_take_no_time() -> None:
    assert not Pattern("*a" * 200 + "b").matches(b"/" + b"a" * 1000)


# --- Caching ---

def test_cache_defaults(site: Path) -> None:
    pack = packed(site)
    assert pack.field("/", "Cache-Control") == "no-cache"
    assert pack.field("/about.html", "Cache-Control") == "no-cache"
    assert pack.field("/style.css", "Cache-Control") == ASKED
    assert pack.field("/app.3f2a9c1b.js", "Cache-Control") == FOR_EVER
    assert pack.field("/guide", "Cache-Control") == HOUR
    write_site(site, {"page.3f2a9c1b.html": "0"})
    assert packed(site).field("/page.3f2a9c1b.html", "Cache-Control") == "no-cache"


def test_the_last_cache_rule_counts(site: Path) -> None:
    pack = pack_of(site, """
        [[http.cache]]
        match = "/*"
        control = "max-age=1"
        [[http.cache]]
        match = "*.css"
        control = "max-age=2"
        [[http.cache]]
        match = "/guide/"
        control = ""
        """)
    assert pack.field("/", "Cache-Control") == "max-age=1"
    assert pack.field("/style.css", "Cache-Control") == "max-age=2"
    assert pack.field("/guide/index.html", "Cache-Control") is None
    assert pack.field("/guide", "Cache-Control") == "max-age=1"
    assert field_of(pack.head_of(pack.error(404)), "Cache-Control") == "no-store"


def test_an_error_page_is_cached_by_its_own_rule_only(site: Path) -> None:
    pack = pack_of(site, "[[http.cache]]\nmatch = '/404.html'\ncontrol = 'max-age=5'\n"
                         "[[http.cache]]\nmatch = '*'\ncontrol = 'max-age=6'")
    assert field_of(pack.head_of(pack.error(404)), "Cache-Control") == "max-age=5"
    assert pack.field("/404.html", "Cache-Control") == "max-age=6"


def test_temporary_redirects_are_not_stored(site: Path) -> None:
    pack = pack_of(site, "".join(f"[[http.redirect]]\nfrom = '/{status}'\nto = '/'\n"
                                 f"status = {status}\n" for status in (301, 302, 307, 308)))
    assert [pack.field(f"/{status}", "Cache-Control") for status in (301, 302, 307, 308)] == [
        HOUR, None, None, HOUR]


# --- Headers ---

def test_headers_by_pattern(site: Path) -> None:
    pack = pack_of(site, """
        [[http.headers]]
        match = "/*"
        set = { "X-Frame-Options" = "DENY", "X-A" = "1" }
        [[http.headers]]
        match = "/guide/*"
        set = { "x-frame-options" = "", "X-B" = "2" }
        [[http.headers]]
        match = "*.css"
        set = { "X-a" = "3" }
        [[http.redirect]]
        from = "/old"
        to = "/"
        """)
    assert pack.parts_of(pack.record("/"))[0].endswith(
        b"\r\nAccept-Ranges: bytes\r\nX-Frame-Options: DENY\r\nX-A: 1\r\n")
    assert pack.field("/guide/", "X-Frame-Options") is None
    assert (pack.field("/guide/", "X-A"), pack.field("/guide/", "X-B")) == ("1", "2")
    assert pack.field("/style.css", "X-a") == "3" and pack.field("/style.css", "X-A") is None
    assert pack.field("/old", "X-Frame-Options") == "DENY"
    assert pack.parts_of(pack.error(404))[0] == b"Cache-Control: no-store\r\n"


def test_content_type_by_pattern(site: Path) -> None:
    pack = pack_of(site, "[[http.headers]]\nmatch = '*'\nset = { content-type = 'text/x-a' }")
    assert pack.parts_of(pack.record("/"))[1] == b"Content-Type: text/x-a\r\n"
    assert b"ontent-" not in pack.parts_of(pack.record("/"))[0]
    assert pack.field("/", "Cache-Control") == ASKED
    assert field_of(pack.head_of(pack.error(404)), "Content-Type") == "text/x-a"
    assert pack.field("/guide", "Content-Type") == "text/html; charset=utf-8"


def test_fields_have_a_limit_together(site: Path) -> None:
    text = "".join(f"[[http.headers]]\nmatch = '/*'\nset = {{ X-{name} = '{'v' * 2039}' }}\n"
                   for name in "ab")
    # Two fields of 3 + 2 + 2039 + 2 bytes, and four more.
    pack_of(site, text)
    message = refusal(site, configured(text.replace("X-b", "X-b12345")))
    assert "http.headers" in message and "4097 bytes" in message


# --- Redirects ---

def test_exact_redirects(site: Path) -> None:
    pack = pack_of(site, redirects(("/old", "/about.html?a=b#c"), ("/a%20b", "/ü x"),
                                   ("/é", "https://example.com"), ("/guide", "/"),
                                   ("/x/", "//cdn.example:8080/x")))
    assert pack.status_and_location("/old") == (301, "/about.html?a=b#c")
    assert pack.status_and_location("/a b") == (301, "/%C3%BC%20x")
    assert pack.status_and_location("/é") == (301, "https://example.com")
    assert pack.status_and_location("/guide") == (301, "/"), "goes before a folder's own"
    assert pack.status_and_location("/x/") == (301, "//cdn.example:8080/x")
    assert b'<a href="/about.html?a=b#c">' in pack.body("/old")


def test_redirects_by_prefix(site: Path) -> None:
    pack = pack_of(site, redirects(("/a/*", "/b/*"), ("/a/long/*", "https://example.com/*"),
                                   ("/c*", "/about.html")) + "status = 302")
    assert [(pack.text(at, size), pack.text(to, to_size), site_number, status, keeps)
            for at, to, size, to_size, site_number, status, keeps in pack.rules] == [
        (b"/a/long/", b"https://example.com/", 0, 301, 1), (b"/a/", b"/b/", 0, 301, 1),
        (b"/c", b"/about.html", 0, 302, 0)]
    assert pack.find("/a/") is None


@pytest.mark.parametrize("source", ["/about.html", "/", "/guide/", "/guide/index.html"])
def test_a_redirect_where_a_file_answers_is_refused(site: Path, source: str) -> None:
    message = refusal(site, configured(redirects((source, "https://example.com/"))))
    assert "http.redirect" in message and source in message and ".html" in message


@pytest.mark.parametrize("rules", [
    [("/a", "/a")], [("/a", "/%61?x#y")], [("/a", "/b"), ("/b", "/c"), ("/c", "/b")],
    [("/a*", "/a/b")], [("/a/*", "/a/b/*")], [("/*", "/app/*")], [("/*", "/no-such-page")],
    [("/guide/", "/guide")], [("/a/*", "/b/*"), ("/b/*", "/a/*")], [("/a", "/b/c"), ("/b*", "/a")]])
def test_loops_are_refused(site: Path, rules: list[tuple[str, str]]) -> None:
    (site / "guide/index.html").rename(site / "guide/other.html")
    message = refusal(site, configured(redirects(*rules)))
    assert "http.redirect" in message and "leads back to itself" in message


@pytest.mark.parametrize("rules", [
    [("/a", "/b"), ("/b", "/c")], [("/*", "/index.html")], [("/gui*", "/guide/")],
    [("/a", "https://example.com/a")], [("/a/*", "/guide/*")], [("/a", "/a/")],
    [("/guide", "/guide/index.html")]])
def test_what_is_no_loop_is_taken(site: Path, rules: list[tuple[str, str]]) -> None:
    assert pack_of(site, redirects(*rules)).sites == 1


# --- Clean URLs ---

def test_clean_urls(site: Path) -> None:
    write_site(site, {"guide/first.htm": "<p>first", "old.xhtml": "x"})
    pack = pack_of(site, "http.clean_urls = true")
    assert pack.body("/about") == b"<p>about"
    assert pack.field("/about", "Content-Type") == "text/html; charset=utf-8"
    assert pack.status_and_location("/about.html") == (301, "/about")
    assert pack.body("/guide/first") == b"<p>first"
    assert pack.body("/guide/") == b"<p>guide"
    assert pack.status_and_location("/guide/index.html") == (301, "/guide/")
    assert pack.status_and_location("/index.html") == (301, "/")
    assert pack.find("/guide/index") is None and pack.find("/index") is None
    assert pack.find("/old.xhtml")[3] == 200 and pack.find("/style.css")[3] == 200
    assert pack.body_of(pack.error(404)) == b"<p>nothing here"


def test_clean_urls_beside_folders(site: Path) -> None:
    write_site(site, {"guide.html": "<p>page"})
    pack = pack_of(site, "http.clean_urls = true")
    assert pack.body("/guide") == b"<p>page" and pack.body("/guide/") == b"<p>guide"
    pack = packed(site)
    assert pack.status_and_location("/guide") == (301, "/guide/") and pack.find("/about") is None


def test_names_that_cannot_be_cleaned_stay(site: Path) -> None:
    write_site(site, {".html": "a", "a/...html": "b", "a/..html": "c", "a/.html": "d"})
    pack = pack_of(site, "http.clean_urls = true")
    for path, text in (("/.html", b"a"), ("/a/...html", b"b"), ("/a/..html", b"c"),
                       ("/a/.html", b"d")):
        assert pack.find(path)[3] == 200 and pack.body(path) == text


@pytest.mark.parametrize("other", ["about", "about.htm", "about.html.html"])
def test_two_pages_for_one_path_are_refused(site: Path, other: str) -> None:
    write_site(site, {other: "x"})
    message = refusal(site, configured("http.clean_urls = true"))
    assert "about.html" in message and f"{other}'" in message and "http.clean_urls" in message


def test_rules_match_clean_and_own_paths(site: Path) -> None:
    for pattern in ("/about", "/about.html"):
        pack = pack_of(site, "http.clean_urls = true\n"
                             f"[[http.cache]]\nmatch = '{pattern}'\ncontrol = 'max-age=9'")
        assert pack.field("/about", "Cache-Control") == "max-age=9"


def test_a_redirect_from_a_cleaned_page_is_refused(site: Path) -> None:
    for source in ("/about", "/about.html"):
        assert "about.html" in refusal(site, configured(
            "http.clean_urls = true\n" + redirects((source, "/guide/"))))


# --- Several sites, and the server's own paths ---

SITES = """
[[http.site]]
hosts = ["b.example", "WWW.B.example", "[2001:DB8::1]", "192.0.2.1"]
root = "b"
[[http.site]]
hosts = ["a.example"]
root = "a"
"""


@pytest.fixture
def config(site: Path) -> Path:
    write_site(site.parent / "b", {"index.html": "<p>b", "only-b.txt": "b"})
    write_site(site.parent / "a", {"index.html": "<p>a", "404.html": "<p>no a"})
    return site.parent / "mote.toml"


def test_sites_by_host(site: Path, config: Path) -> None:
    pack = packed(site, parse_settings(SITES, str(config)))
    assert pack.sites == 3
    assert [(pack.text(at, size), number) for at, size, number in pack.hosts] == [
        (b"192.0.2.1", 1), (b"[2001:db8::1]", 1), (b"a.example", 2), (b"b.example", 1),
        (b"www.b.example", 1)]
    assert [pack.body("/", site=number) for number in range(3)] == [b"<p>hello", b"<p>b", b"<p>a"]
    assert pack.find("/only-b.txt") is None and pack.find("/only-b.txt", 1)[2] == 1
    assert [page[:2] for page in pack.error_pages] == [(0, 404), (2, 404)]
    assert pack.body_of(pack.error(404, 2)) == b"<p>no a"
    assert pack.files == 6 + 2 + 2


def test_rules_hold_for_every_site(site: Path, config: Path) -> None:
    pack = packed(site, parse_settings(SITES + redirects(("/x/*", "/*"), ("/y", "/")) +
                                       "[http.error_pages]\n503 = 'about.html'", str(config)))
    assert [rule[4] for rule in pack.rules] == [0, 1, 2]
    assert [pack.status_and_location("/y", number) for number in range(3)] == [(301, "/")] * 3
    assert [page[:2] for page in pack.error_pages] == [(0, 404), (0, 503), (2, 404)]
    message = refusal(site, parse_settings(SITES + redirects(("/only-b.txt", "/")), str(config)))
    assert "only-b.txt" in message


def test_a_pack_may_lie_in_no_site(site: Path, config: Path) -> None:
    with pytest.raises(UserError, match="inside the site"):
        pack_site(site, site.parent / "a" / "site.pack", parse_settings(SITES, str(config)))


def test_a_site_without_files_is_named(site: Path, config: Path) -> None:
    for path in (site.parent / "a").iterdir():
        path.unlink()
    assert "/a'" in refusal(site, parse_settings(SITES, str(config)))


@pytest.mark.parametrize(("files", "text", "words"), [
    ({"healthz": "x"}, "", "hidden by http.health"),
    ({"up": "x"}, "http.health = '/up'", "hidden by http.health"),
    ({"metrics": "x"}, "http.metrics = '/metrics'", "hidden by http.metrics"),
    ({"metrics/index.html": "x"}, "http.metrics = '/metrics'", "hidden by http.metrics"),
    ({}, redirects(("/healthz", "/")), "hidden by http.health")])
def test_hidden_files_are_told(site: Path, files: dict[str, str], text: str, words: str) -> None:
    assert words in refusal(write_site(site, files), configured(text))


def test_a_file_may_have_a_path_that_is_not_taken(site: Path) -> None:
    write_site(site, {"healthz": "x", "metrics": "y"})
    pack = pack_of(site, "http.health = ''")
    assert pack.body("/healthz") == b"x" and pack.body("/metrics") == b"y"
    assert pack.settings() == b"http.health=\n"
