"""Chromium shows a file replaced under its old name as soon as the page is loaded again.

WordPress names a picture's sizes photo-1024x768.jpg, and whoever edits one uploads it under the
same name; with a year of immutable in the browser's cache the old one stays, reload or not.
"""

from pathlib import Path

import pytest

import sites
from browser import Browser
from conftest import Bench
from machine import Guest, Machine
from programs import URL, needed, png

pytestmark = pytest.mark.interop

LOAD_S = 120
UPLOADS = "wp-content/uploads/2024/05"
PICTURES = [f"{UPLOADS}/photo-1024x768.png", f"{UPLOADS}/photo-300x225.png", "logo-1024x1024.png",
            f"{UPLOADS}/banner_spring24new.png"]
SCRIPT = "assets/index-CSHAyvLc.js"  # named by a bundler, by its content's hash: never replaced


def make(site: Path, width: int) -> None:
    images = "".join(f'<img src="/{name}">' for name in PICTURES)
    sites.write(site, "index.html", f"<!doctype html><title>page</title>{images}"
                f'<script type="module" src="/{SCRIPT}"></script>\n'.encode())
    sites.write(site, SCRIPT, b"document.title = 'run';\n")
    sites.write(site, "style-v2.css", b"")
    for name in PICTURES:
        sites.write(site, name, png(width, 10))


def boot(bench: Bench, width: int) -> Guest:
    site = bench.images.once(f"replaced-{width}-site", lambda site: make(site, width))
    return bench.boot(Machine(memory_mib=16), image=bench.images.bootable(site, "pvh"))


def widths(browser: Browser, loads: int) -> list[int]:
    """The pictures' widths, once the page has loaded this many times."""
    browser.wait(lambda: len(browser.told("Page.loadEventFired")) == loads, "the page", LOAD_S)
    return browser.evaluate("[...document.images].map((image) => image.naturalWidth)")


def test_a_replaced_picture_is_seen(bench: Bench) -> None:
    needed("chromium")
    guest = boot(bench, 40)
    browser = Browser(bench)
    browser.ask("Page.navigate", url=f"{URL}/")
    assert widths(browser, 1) == [40] * len(PICTURES)
    guest.stop()
    boot(bench, 50)
    browser.ask("Page.reload")
    assert widths(browser, 2) == [50] * len(PICTURES)
    assert browser.evaluate("document.title") == "run"
    # The bundler's script came from the browser's cache.
    loads = [told for told in browser.told("Network.responseReceived")
             if told["response"]["url"] == f"{URL}/{SCRIPT}"]
    cached = {told["requestId"] for told in browser.told("Network.requestServedFromCache")}
    assert len(loads) == 2
    assert loads[1]["response"].get("fromDiskCache") or loads[1]["requestId"] in cached
