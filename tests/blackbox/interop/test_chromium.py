"""Chromium loads a page with style, modules, pictures and fetches, and reports nothing wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

import sites
from browser import Browser
from conftest import Bench
from images import Images
from machine import Guest
from programs import URL, Use, boot, metric, needed, the_site

pytestmark = pytest.mark.interop

LOAD_S = 120
PAGE = ["/", "/data/list.json", "/favicon.svg", "/page.js", "/picture.png", "/size/1000003.bin",
        "/style.css", "/sum.js", "/text.txt"]


@pytest.fixture
def guest(bench: Bench) -> Guest:
    needed("chromium")
    return boot(bench)


@pytest.fixture
def browser(bench: Bench, guest: Guest) -> Browser:
    return Browser(bench)


@pytest.fixture(scope="module")
def site(images: Images) -> Path:
    return the_site(images)


def facts(browser: Browser) -> dict[str, Any]:
    """The page's findings, which it puts into its title."""
    browser.wait(lambda: str(browser.evaluate("document.title")).startswith("{"),
                 f"the page's title; complaints: {browser.complaints()}", LOAD_S)
    return json.loads(browser.evaluate("document.title"))


def responses(browser: Browser) -> dict[str, dict[str, Any]]:
    """The last response for each path that the page requested."""
    return {told["response"]["url"].removeprefix(URL): told["response"]
            for told in browser.told("Network.responseReceived")}


def test_a_page_of_many_files(browser: Browser, guest: Guest, site: Path) -> None:
    use = Use(guest)
    browser.ask("Page.navigate", url=f"{URL}/")
    listed = json.loads((site / "data/list.json").read_text())
    size = {name: (site / name).stat().st_size for name in sites.files(site)}
    assert facts(browser) == {
        "list": len(listed), "text": size["text.txt"],
        "part": [206, 1000, "bytes 1000-1999/1000003"],
        "many": sum(size[path[1:]] for path in listed), "statuses": [200],
        "picture": [40, 30], "colour": "rgb(1, 2, 3)"}
    assert browser.complaints() == []
    came = responses(browser)
    assert set(PAGE) - {"/favicon.svg"} <= set(came)
    assert {answer["protocol"] for answer in came.values()} == {"http/1.1"}
    coded = {name.lower(): value for name, value in came["/text.txt"]["headers"].items()}
    assert coded["content-encoding"] == "gzip"
    # A browser opens up to six connections to a host, and reuses them.
    requests, connections = use.so_far()
    assert requests >= len(PAGE) + len(listed) - 1 and connections <= 8


def test_a_page_loaded_again_is_asked_about(browser: Browser, guest: Guest) -> None:
    """HTML is no-cache: the browser revalidates it by its tag."""
    browser.ask("Page.navigate", url=f"{URL}/guide/")
    browser.wait(lambda: len(browser.told("Page.loadEventFired")) == 1, "the page", LOAD_S)
    current = metric(guest, "mote_http_requests_total", code="304")
    browser.ask("Page.reload")
    browser.wait(lambda: len(browser.told("Page.loadEventFired")) == 2, "the page again", LOAD_S)
    assert metric(guest, "mote_http_requests_total", code="304") > current
    assert browser.evaluate("document.title") == "Guide"
    browser.ask("Page.navigate", url=f"{URL}/guide")
    browser.wait(lambda: len(browser.told("Page.loadEventFired")) == 3, "the folder", LOAD_S)
    assert browser.evaluate("location.pathname") == "/guide/"
    assert browser.complaints() == []
