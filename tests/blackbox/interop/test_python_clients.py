"""requests, httpx and aiohttp: ranges, though they accept codings and decode what they receive."""

import hashlib
import json
from pathlib import Path

import pytest

from conftest import IN_CI, Bench
from images import Images
from machine import Guest
from programs import HERE, URL, boot, the_site

pytestmark = pytest.mark.interop
FIRST = 5000


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    return boot(shared_bench)


@pytest.fixture(scope="module")
def content(images: Images) -> bytes:
    return (the_site(images) / "text.txt").read_bytes()


@pytest.mark.parametrize("client", ["requests", "httpx", "aiohttp"])
def test_a_range_of_what_has_variants(guest: Guest, content: bytes, client: str) -> None:
    """A part of a variant can't be decoded; these clients raised, or returned useless bytes."""
    if not Path(f"/usr/lib/python3/dist-packages/{client}").is_dir():
        reason = f"python3-{client} is not here; ./mote test --interop installs it"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    said = guest.lab.run("/usr/bin/python3", str(HERE / "python_clients.py"), client,
                         f"{URL}/text.txt", str(FIRST)).stdout
    got = json.loads(said)
    assert "gzip" in got["accepted"]
    assert got["status"] == 206
    assert got["sha256"] == hashlib.sha256(content[FIRST:]).hexdigest()
