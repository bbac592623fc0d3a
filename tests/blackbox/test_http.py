"""HTTP's semantics: which response each request gets."""

import json
from pathlib import Path

import pytest

import sites
from conftest import Bench
from http_client import Client
from lab import Lab
from machine import DOZING, Guest, Machine


@pytest.fixture(scope="module")
def guest(shared_bench: Bench, site: Path) -> Guest:
    return shared_bench.boot(Machine(memory_mib=16, settings=DOZING), site=site)


MEDIA_TYPES = {
    "/index.html": "text/html; charset=utf-8", "/sub/page.txt": "text/plain; charset=utf-8",
    "/bare/only.css": "text/css; charset=utf-8", "/data.json": "application/json",
    "/script.js": "text/javascript; charset=utf-8", "/blob": "application/octet-stream",
    "/picture.svg": "image/svg+xml; charset=utf-8", "/sub/latin1.txt": "text/plain",
    "/odd/x.webmanifest": "application/manifest+json", "/odd/page.tar.gz": "application/gzip",
    "/odd/UPPER.HTML": "text/html; charset=utf-8",
}


@pytest.mark.parametrize("path", MEDIA_TYPES)
def test_file(client: Client, site: Path, path: str) -> None:
    response = client.get(path)
    assert response.status == 200
    assert response.body == (site / path[1:]).read_bytes()
    assert response.fields["content-type"] == MEDIA_TYPES[path]
    assert response.fields["last-modified"] == sites.MODIFIED_TEXT
    assert response.fields["etag"].startswith('"') and response.fields["etag"].endswith('"')
    assert not response.closes


def test_every_file(client: Client, site: Path) -> None:
    for name in sites.files(site):
        response = client.get(sites.url_path(name))
        assert response.status == 200, name
        assert response.body == (site / name).read_bytes(), name


def test_head_is_get_without_its_body(client: Client, site: Path) -> None:
    for path in (*map(sites.url_path, sites.files(site)), "/nowhere", "/sub"):
        whole, head = client.get(path), client.get(path, method="HEAD")
        assert head.fields.pop("date") and whole.fields.pop("date")  # a second may begin between
        assert (head.status, head.fields) == (whole.status, whole.fields), path


@pytest.mark.parametrize("path, name", [
    ("/", "index.html"), ("/?query=1&b=/x", "index.html"), ("/sub/", "sub/index.html"),
    ("/sub/../", "index.html"), ("/./sub/./page.txt", "sub/page.txt"),
    ("/sub/%2e%2e/data.json", "data.json"), ("/%64ata.json", "data.json"),
    ("/../../data.json", "data.json"), ("/a/b/../../data.json", "data.json"),
    ("/odd/a%20b.html", "odd/a b.html"), ("/odd/50%25.txt", "odd/50%.txt"),
    ("/odd/%2541.txt", "odd/%41.txt"), ("/odd/a+b.txt", "odd/a+b.txt"),
    ("//data.json", "data.json"), ("/sub//page.txt", "sub/page.txt"),
    ("http://mote/data.json", "data.json"), ("http://other:81/", "index.html")])
def test_target(client: Client, site: Path, path: str, name: str) -> None:
    response = client.get(path)
    assert (response.status, response.body) == (200, (site / name).read_bytes())


@pytest.mark.parametrize("path", [
    "/nowhere", "/sub/nowhere", "/data.json/", "/DATA.JSON", "/bare/", "/index.html/x",
    "/odd/A.txt", "/sub%2fpage.txt%2f", "/data.json%20"])
def test_not_found_has_the_sites_own_page(client: Client, site: Path, path: str) -> None:
    response = client.get(path)
    assert response.status == 404
    assert response.body == (site / "404.html").read_bytes()
    assert response.fields["content-type"] == "text/html; charset=utf-8"
    assert "etag" not in response.fields
    assert client.get("/data.json").status == 200, "the connection goes on"


def test_the_404_page_is_a_page(client: Client) -> None:
    assert client.get("/404.html").status == 200


@pytest.mark.parametrize("path, to", [("/sub", "/sub/"), ("/sub?a=b", "/sub/"),
                                      ("/odd/deep%20folder", "/odd/deep%20folder/")])
def test_folder_without_its_slash(client: Client, path: str, to: str) -> None:
    response = client.get(path)
    assert response.status in (301, 308)
    assert response.fields["location"].partition("?")[0] == to
    assert not response.closes


def test_conditional_by_tag(client: Client) -> None:
    whole = client.get("/data.json")
    tag = whole.fields["etag"]
    for field in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        response = client.get("/data.json", f"If-None-Match: {field}")
        assert response.status == 304, field
        assert response.fields["etag"] == tag
    for field in ('"other"', tag[:-1] + 'x"', '""'):
        response = client.get("/data.json", f"If-None-Match: {field}")
        assert (response.status, response.body) == (200, whole.body), field
    assert client.get("/data.json", f"If-None-Match: {tag}", method="HEAD").status == 304


def test_conditional_by_date(client: Client) -> None:
    def status(when: str, *more: str) -> int:
        return client.get("/data.json", f"If-Modified-Since: {when}", *more).status
    assert status(sites.MODIFIED_TEXT) == 304
    assert status("Fri, 01 Mar 2024 00:00:00 GMT") == 304
    assert status("Thu, 29 Feb 2024 12:34:55 GMT") == 200
    assert status("Thursday, 29-Feb-24 12:34:56 GMT") == 304
    assert status("Thu Feb 29 12:34:56 2024") == 304
    assert status("yesterday") == 200
    # RFC 9110, 13.1.3: If-None-Match takes precedence.
    assert status(sites.MODIFIED_TEXT, 'If-None-Match: "other"') == 200


def test_conditional_that_fails(client: Client) -> None:
    tag = client.get("/data.json").fields["etag"]
    assert client.get("/data.json", f"If-Match: {tag}").status == 200
    assert client.get("/data.json", 'If-Match: "other"').status == 412


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "PATCH"])
def test_method_not_allowed(client: Client, method: str) -> None:
    response = client.get("/data.json", "Content-Length: 0", method=method)
    assert response.status == 405
    allowed = {name.strip() for name in response.fields["allow"].split(",")}
    assert allowed == {"GET", "HEAD", "OPTIONS"}


def test_unknown_method(client: Client) -> None:
    assert client.get("/", method="BREW").status in (405, 501)


BAD = {
    "no Host": ["GET / HTTP/1.1"],
    "Host twice": ["GET / HTTP/1.1", "Host: a", "Host: b"],
    "no target": ["GET HTTP/1.1", "Host: a"],
    "three words too many": ["GET / x HTTP/1.1", "Host: a"],
    "space before the colon": ["GET / HTTP/1.1", "Host : a"],
    "folded field": ["GET / HTTP/1.1", "Host: a", "X: 1", " 2"],
    "field without a colon": ["GET / HTTP/1.1", "Host: a", "nonsense"],
    "field without a name": ["GET / HTTP/1.1", "Host: a", ": x"],
    "NUL in a field": ["GET / HTTP/1.1", "Host: a", "X: a\0b"],
    "bare CR in a field": ["GET / HTTP/1.1", "Host: a", "X: a\rb"],
    "bad escape": ["GET /%zz HTTP/1.1", "Host: a"],
    "half an escape": ["GET /%4 HTTP/1.1", "Host: a"],
    "escaped NUL": ["GET /%00 HTTP/1.1", "Host: a"],
    "target without a slash": ["GET index.html HTTP/1.1", "Host: a"],
    "no version": ["GET / NONSENSE", "Host: a"],
    "lower-case version": ["GET / http/1.1", "Host: a"],
    "two lengths": ["GET / HTTP/1.1", "Host: a", "Content-Length: 1", "Content-Length: 2"],
    "length of no number": ["GET / HTTP/1.1", "Host: a", "Content-Length: x"],
    "negative length": ["GET / HTTP/1.1", "Host: a", "Content-Length: -1"],
    "length and chunks": ["GET / HTTP/1.1", "Host: a", "Content-Length: 1",
                          "Transfer-Encoding: chunked"],
    "bad method": ["G@T / HTTP/1.1", "Host: a"],
    "bad host": ["GET / HTTP/1.1", "Host: a b"],
}


@pytest.mark.parametrize("what", BAD)
def test_bad_request(client: Client, guest: Guest, what: str) -> None:
    client.send(*BAD[what])
    response = client.response()
    assert response.status == 400, what
    assert response.closes and client.ended()


@pytest.mark.parametrize("lines, status", [
    (["HEAD / HTTP/1.1"], 400), (["HEAD /%zz HTTP/1.1", "Host: a"], 400),
    (["HEAD / HTTP/1.1", "Host: a", "Host: b"], 400),
    (["HEAD / HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked"], 501)])
def test_head_gets_no_body_whatever_is_wrong(client: Client, lines: list[str],
                                             status: int) -> None:
    """RFC 9110, 9.3.2: a response to HEAD has no content, error or not."""
    client.send(*lines)
    response = client.response("HEAD")
    assert response.status == status
    assert response.closes and client.ended()


@pytest.mark.parametrize("lines, status", [
    (["GET /" + "x" * 9000 + " HTTP/1.1", "Host: a"], 414),
    (["GET / HTTP/1.1", "Host: a", "X: " + "x" * 20000], 431),
    (["GET / HTTP/1.1", "Host: a"] + [f"X-{n}: y" for n in range(150)], 431),
    (["GET / HTTP/2.0", "Host: a"], 505),
    (["GET / HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked"], 501)])
def test_refused(client: Client, lines: list[str], status: int) -> None:
    client.send(*lines)
    response = client.response()
    assert response.status == status
    assert response.closes and client.ended()


@pytest.mark.parametrize("lines", [
    ["GET /" + "x" * 1000 + " HTTP/1.1", "Host: a"],
    ["GET /index.html?" + "x" * 7000 + " HTTP/1.1", "Host: a"],
    ["GET / HTTP/1.1", "Host: a", "Cookie: " + "x" * 12000],
    ["GET / HTTP/1.1", "Host: a"] + [f"X-{n}: y" for n in range(90)],
    ["GET / HTTP/1.1", "Host:"], ["GET / HTTP/1.1", "hOsT:\ta:80 \t"]])
def test_long_but_right(client: Client, lines: list[str]) -> None:
    client.send(*lines)
    assert client.response().status in (200, 404)
    assert client.get("/data.json").status == 200


def test_nothing_leads_out_of_the_site(client: Client) -> None:
    for path in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd",
                 "/sub/../../../index.html/../../etc", "/..\\..\\etc"):
        response = client.get(path)
        assert response.status in (400, 404), path
        if response.closes:
            break


def test_curl(guest: Guest) -> None:
    """Real curl: one connection for many files, and curl's own conditional requests."""
    urls = [f"http://{Lab.GUEST}{path}" for path in ("/", "/sub/page.txt", "/size/65536.bin")] * 5
    written = "%{http_code} %{num_connects} %{size_download}\n"
    outputs = [word for _ in urls for word in ("-o", "/dev/null")]
    shown = guest.lab.run("curl", "-s", "-w", written, *outputs, *urls).stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["200"] * len(urls)
    assert sum(int(line.split()[1]) for line in shown) == 1, "one connection for all"


def test_curl_follows_a_redirect(guest: Guest) -> None:
    shown = guest.lab.run("curl", "-sL", "-w", "%{http_code} %{num_redirects}", "-o", "/dev/null",
                          f"http://{Lab.GUEST}/sub").stdout
    assert shown == "200 1"


def test_curl_keeps_what_is_current(guest: Guest, tmp_path: Path) -> None:
    tag, out = tmp_path / "tag", tmp_path / "data.json"
    command = ("curl", "-s", "-w", "%{http_code}", "--etag-save", str(tag), "--etag-compare",
               str(tag), "-o", str(out), f"http://{Lab.GUEST}/data.json")
    assert guest.lab.run(*command).stdout == "200"
    assert guest.lab.run(*command).stdout == "304"
    assert json.loads(out.read_text()) == {"mote": True}
