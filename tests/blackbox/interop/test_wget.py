"""wget: a mirror, the mirror updated, a download resumed."""

import os
import re
from pathlib import Path

import pytest

import sites
from conftest import Bench
from images import Images
from machine import Guest
from programs import URL, boot, metric, needed, the_site, wrong_files

# nothing read from or written to the user's home
WGET = ("wget", "--no-config", "--no-hsts", "--tries=1")

# The files that the pages link to, and robots.txt, which wget fetches by itself.
LINKED = ["data/list.json", "favicon.svg", "guide/index.html", "guide/second.html", "index.html",
          "page.js", "picture.png", "robots.txt", "size/1000003.bin", "style.css", "text.txt"]


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    needed("wget")
    return boot(shared_bench)


@pytest.fixture(scope="module")
def site(images: Images) -> Path:
    return the_site(images)


def mirror(guest: Guest, folder: Path, *options: str) -> str:
    """Makes or updates a mirror; returns wget's log."""
    return guest.lab.run(*WGET, "-m", "-nv", "-S", "-nH", "-P", str(folder), "--timeout=60",
                         *options, URL + "/").stderr


def test_a_mirror_is_made_and_kept(guest: Guest, site: Path, tmp_path: Path) -> None:
    """After a 304 for a page wget 1.21 reads no links from its copy, so a second -m asks for one
    file only; without If-Modified-Since it checks each by HEAD."""
    mirror(guest, tmp_path)
    assert sites.files(tmp_path) == LINKED
    assert not wrong_files(tmp_path, site, LINKED)
    assert {(tmp_path / name).stat().st_mtime for name in LINKED} == {sites.MODIFIED}

    assert statuses(mirror(guest, tmp_path)) == ["304"]
    said = mirror(guest, tmp_path, "--no-if-modified-since")
    assert statuses(said) == ["200"] * len(LINKED)
    # A mirror's bookkeeping leaves robots.txt out: it is fetched each time.
    assert re.search(r"^Downloaded: 1 files, ", said, re.M), said


def test_every_file_of_a_mirror_is_current(guest: Guest, site: Path, tmp_path: Path) -> None:
    mirror(guest, tmp_path)
    urls = "".join(f"{URL}/{name}\n" for name in LINKED)
    again = (*WGET, "-N", "-x", "-nv", "-S", "-nH", "-P", str(tmp_path), "-i", "-")
    bodies = metric(guest, "mote_http_requests_total", code="200")
    assert statuses(guest.lab.run(*again, input=urls).stderr) == ["304"] * len(LINKED)
    # And the request for the metric itself.
    assert metric(guest, "mote_http_requests_total", code="200") == bodies + 1

    sites.write(tmp_path, "text.txt", b"old")
    os.utime(tmp_path / "text.txt", (sites.MODIFIED - 1,) * 2)
    said = guest.lab.run(*again, input=urls).stderr
    assert sorted(statuses(said)) == ["200"] + ["304"] * (len(LINKED) - 1)
    assert not wrong_files(tmp_path, site, LINKED)


def statuses(said: str) -> list[str]:
    return re.findall(r"^ *HTTP/1\.1 (\d+) ", said, re.M)


def test_a_mirror_without_keep_alive(guest: Guest, site: Path, tmp_path: Path) -> None:
    guest.lab.run(*WGET, "-m", "-nv", "-nH", "-P", str(tmp_path), "--no-http-keep-alive",
                  URL + "/")
    assert not wrong_files(tmp_path, site, LINKED)


def test_a_download_is_resumed(guest: Guest, site: Path, tmp_path: Path) -> None:
    whole = (site / "size/1000003.bin").read_bytes()
    (tmp_path / "1000003.bin").write_bytes(whole[:123_456])
    said = guest.lab.run(*WGET, "-c", "-S", "-P", str(tmp_path),
                         f"{URL}/size/1000003.bin").stderr
    assert "206 Partial Content" in said
    assert (tmp_path / "1000003.bin").read_bytes() == whole


def test_compression(guest: Guest, site: Path, tmp_path: Path) -> None:
    said = guest.lab.run(*WGET, "--compression=auto", "-S", "-O", str(tmp_path / "text"),
                         f"{URL}/text.txt").stderr
    assert "Content-Encoding: gzip" in said
    assert (tmp_path / "text").read_bytes() == (site / "text.txt").read_bytes()
