"""undici, the HTTP client of Node.js: pools, pipelining, hundreds at once, fetch."""

import json
from typing import Any

import pytest

from conftest import Bench
from images import Images
from machine import Guest
from programs import DEADLINE_S, HERE, URL, boot, needed, the_site
from tools.build import node_packages

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    needed("node")
    return boot(shared_bench)


@pytest.fixture(scope="module")
def told(guest: Guest, images: Images) -> dict[str, Any]:
    """The results of all its ways to fetch; node runs where its packages are."""
    if not node_packages.present():
        pytest.fail("undici is not here; ./mote test --interop installs it")
    script = f'cd "{node_packages.FOLDER}" && exec node "$@"'
    said = guest.lab.run("sh", "-c", script, "sh", str(HERE / "node/undici.mjs"), URL,
                         str(the_site(images)), timeout=DEADLINE_S).stdout
    return json.loads(said)


@pytest.mark.parametrize("way, connections", [("pool", 8), ("pipelined", 1), ("many", 200)])
def test_every_answer_is_right(told: dict[str, Any], way: str, connections: int) -> None:
    assert told[way] == {"right": 400, "wrong": [], "connections": connections}


def test_fetch(told: dict[str, Any]) -> None:
    """Like browsers, it asks for gzip without TLS."""
    assert told["fetched"] == [[200, True, "gzip", 304], [200, True, "gzip", 304],
                               [200, True, None, 304]]


def test_refused_content_leaves_the_connection_fit(told: dict[str, Any]) -> None:
    assert told["refused"] == {"statuses": [405, 200], "connections": 1}
