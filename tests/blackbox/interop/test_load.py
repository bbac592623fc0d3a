"""Load generators with a few thousand requests each: not one may fail."""

import json
import re
from pathlib import Path

import pytest

from conftest import Bench
from machine import Guest
from programs import DEADLINE_S, URL, Use, boot, needed

PATHS = ("/", "/size/1.bin", "/size/1460.bin", "/text.txt", "/guide/", "/data/small.json",
         "/picture.png")


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    return boot(shared_bench)


def figures(said: str) -> dict[str, str]:
    """ab's report: the lines `name: value`."""
    return dict(re.findall(r"^([A-Z][\w -]+):\s+([\w.]+)", said, re.M))


def ab(guest: Guest, *options: str) -> dict[str, str]:
    needed("ab")
    said = guest.lab.run("ab", "-q", "-s", "60", *options, timeout=DEADLINE_S).stdout
    told = figures(said)
    assert told["Failed requests"] == "0", said
    assert "Non-2xx" not in said, said
    assert "Write errors" not in told, said
    return told


@pytest.mark.parametrize("path, options", [
    ("/", ()), ("/size/65536.bin", ()), ("/text.txt", ("-H", "Accept-Encoding: gzip")),
    ("/data/small.json", ("-i",))])
def test_ab_keeping_connections(guest: Guest, path: str, options: tuple[str, ...]) -> None:
    """ab uses HTTP/1.0 with Connection: Keep-Alive."""
    use = Use(guest)
    told = ab(guest, "-k", "-n", "2000", "-c", "32", *options, URL + path)
    assert told["Complete requests"] == told["Keep-Alive requests"] == "2000"
    assert use.so_far() == (2000, 32)


def test_ab_with_a_connection_for_each(guest: Guest) -> None:
    use = Use(guest)
    assert ab(guest, "-n", "1000", "-c", "32", URL + "/")["Complete requests"] == "1000"
    requests, connections = use.so_far()
    assert requests == 1000
    assert 1000 <= connections <= 1032, "ab opens some that it then has no use for"


@pytest.mark.parametrize("connections, in_flight", [(1, 1), (32, 1), (16, 8), (100, 4)])
def test_h2load(guest: Guest, tmp_path: Path, connections: int, in_flight: int) -> None:
    """h2load pipelines in HTTP/1.1: `in_flight` requests a connection, over several paths."""
    needed("h2load")
    urls = tmp_path / "urls"
    urls.write_text("".join(f"{URL}{path}\n" for path in PATHS))
    use = Use(guest)
    said = guest.lab.run("h2load", "--h1", "-n", "3000", "-c", str(connections), "-m",
                         str(in_flight), "-t", "1", "-i", str(urls), timeout=DEADLINE_S).stdout
    assert "3000 total, 3000 started, 3000 done, 3000 succeeded, 0 failed, 0 errored, " \
        "0 timeout" in said, said
    # For the same bytes h2load may count a few more statuses than responses, so the machine's count
    # is checked too.
    assert re.search(r"status codes: 30\d\d 2xx, 0 3xx, 0 4xx, 0 5xx", said), said
    assert use.so_far() == (3000, connections)


@pytest.mark.interop
@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_siege(guest: Guest, tmp_path: Path, connection: str) -> None:
    needed("siege")
    settings, urls = tmp_path / "siegerc", tmp_path / "urls"
    settings.write_text(f"connection = {connection}\nprotocol = HTTP/1.1\nparser = false\n"
                        "limit = 255\ntimeout = 60\nverbose = false\njson_output = true\n")
    urls.write_text("".join(f"{URL}{path}\n" for path in PATHS))
    use = Use(guest)
    said = guest.lab.run("env", f"HOME={tmp_path}", "siege", "-R", str(settings), "-b", "-c",
                         "20", "-r", "50", "-f", str(urls), timeout=DEADLINE_S).stdout
    told = json.loads(said[said.index("{"):])
    assert told["availability"] == 100 and told["failed_transactions"] == 0, said
    assert told["transactions"] == told["successful_transactions"] == 1000, said
    requests, connections = use.so_far()
    assert (requests, connections) == (1000, 1000 if connection == "close" else 20)
