"""Chromium's scripts of another origin: its preflights, and what it lets them read.

Users report this for map tiles, fonts and video players that take ranges from another host: the
server has the file and sends it, yet the script is told "Failed to fetch".
"""

from pathlib import Path

import pytest

import sites
from browser import Browser
from conftest import Bench
from lab import Lab
from machine import Guest, Machine
from programs import URL, needed

pytestmark = pytest.mark.interop

PAGE = "page.test"  # its scripts fetch from an address, which is another origin
LOAD_S = 120
CONFIG = """
[[http.headers]]
match = "/open/*"
set = { Access-Control-Allow-Origin = "*", Access-Control-Expose-Headers = "Content-Range" }
[[http.redirect]]
from = "/open/old/*"
to = "/open/*"
"""

SCRIPT = """
(async () => {
  const tell = async (path, fields = {}) => {
    try {
      const response = await fetch("%s" + path, {headers: fields});
      return [response.status, (await response.text()).slice(0, 10)];
    } catch (error) {
      return error.message;
    }
  };
  return {
    plain: await tell("/open/data.txt"),
    own: await tell("/open/data.txt", {"X-Own": "1"}),
    token: await tell("/open/data.txt", {"Authorization": "Bearer x"}),
    suffix: await tell("/open/data.txt", {"Range": "bytes=-3"}),
    beyond: await tell("/open/data.txt", {"Range": "bytes=99-"}),
    condition: await tell("/open/data.txt", {"If-Match": '"other"'}),
    missing: await tell("/open/missing"),
    redirected: await tell("/open/old/data.txt"),
    closed: await tell("/closed.txt"),
    closedToo: await tell("/closed.txt", {"X-Own": "1"}),
  };
})()
""" % URL


def make(site: Path) -> None:
    sites.write(site, "index.html", b"<!doctype html><title>page</title>\n")
    sites.write(site, "404.html", b"not here\n")
    sites.write(site, "open/data.txt", b"0123456789")
    sites.write(site, "closed.txt", b"not for others")


@pytest.fixture
def guest(bench: Bench, tmp_path: Path) -> Guest:
    needed("chromium")
    config = tmp_path / "mote.toml"
    config.write_text(CONFIG)
    image = bench.images.configured(bench.images.once("origins-site", make), config)
    return bench.boot(Machine(memory_mib=16), image=image)


def test_a_script_of_another_origin(bench: Bench, guest: Guest) -> None:
    browser = Browser(bench, f"--host-resolver-rules=MAP {PAGE} {Lab.GUEST}")
    browser.ask("Page.navigate", url=f"http://{PAGE}/")
    browser.wait(lambda: browser.evaluate("document.title") == "page", "the page", LOAD_S)
    found = browser.resolved(SCRIPT)
    beyond, failed = found.pop("beyond"), found.pop("condition")
    assert (beyond[0], failed[0]) == (416, 412)
    assert found == {
        "plain": [200, "0123456789"], "own": [200, "0123456789"], "token": [200, "0123456789"],
        "suffix": [206, "789"], "missing": [404, "not here\n"],
        "redirected": [200, "0123456789"], "closed": "Failed to fetch",
        "closedToo": "Failed to fetch"}
    guest.is_alive()
