"""wget: a mirror, the mirror brought up to date, a download resumed."""

from pathlib import Path

import pytest

import sites
from conftest import Bench
from images import Images
from lab import Lab
from machine import Guest
from programs import URL, boot, metric, needed, the_site, wrong_files

# What the pages link to, and robots.txt, which wget asks for by itself.
LINKED = ["data/list.json", "favicon.svg", "guide/index.html", "guide/second.html", "index.html",
          "page.js", "picture.png", "robots.txt", "size/1000003.bin", "style.css", "text.txt"]


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    needed("wget")
    return boot(shared_bench)


@pytest.fixture(scope="module")
def site(images: Images) -> Path:
    return the_site(images)


def mirror(guest: Guest, folder: Path) -> str:
    """wget's log of a mirror made or brought up to date."""
    return guest.lab.run("wget", "-m", "-nv", "-S", "-nH", "-P", str(folder), "--tries=1",
                         "--timeout=60", URL + "/").stderr


def test_a_mirror_is_made_and_kept(guest: Guest, site: Path, tmp_path: Path) -> None:
    mirror(guest, tmp_path)
    assert sites.files(tmp_path) == LINKED
    assert not wrong_files(tmp_path, site, LINKED)
    times = {name: (tmp_path / name).stat().st_mtime for name in LINKED}
    assert set(times.values()) == {sites.MODIFIED}

    sent = metric(guest, "mote_http_requests_total", code="200")
    said = mirror(guest, tmp_path)
    assert said.count("HTTP/1.1 304 ") == len(LINKED), said
    assert "HTTP/1.1 200 " not in said
    # Only what asking for it takes: the metric itself.
    assert metric(guest, "mote_http_requests_total", code="200") == sent + 1


def test_one_changed_file_is_fetched_anew(guest: Guest, site: Path, tmp_path: Path) -> None:
    mirror(guest, tmp_path)
    (tmp_path / "text.txt").write_bytes(b"old")
    mirror(guest, tmp_path)
    assert not wrong_files(tmp_path, site, LINKED)


def test_a_mirror_by_http_1_0_names(guest: Guest, site: Path, tmp_path: Path) -> None:
    """Without keep-alive: every file on a connection of its own."""
    guest.lab.run("wget", "-m", "-nv", "-nH", "-P", str(tmp_path), "--no-http-keep-alive",
                  "--tries=1", URL + "/")
    assert not wrong_files(tmp_path, site, LINKED)


def test_a_download_is_resumed(guest: Guest, site: Path, tmp_path: Path) -> None:
    whole = (site / "size/1000003.bin").read_bytes()
    (tmp_path / "1000003.bin").write_bytes(whole[:123_456])
    said = guest.lab.run("wget", "-c", "-S", "-P", str(tmp_path), "--tries=1",
                         f"{URL}/size/1000003.bin").stderr
    assert "206 Partial Content" in said
    assert (tmp_path / "1000003.bin").read_bytes() == whole


def test_compression(guest: Guest, site: Path, tmp_path: Path) -> None:
    said = guest.lab.run("wget", "--compression=auto", "-S", "-O", str(tmp_path / "text"),
                         f"http://{Lab.GUEST}/text.txt").stderr
    assert "Content-Encoding: gzip" in said
    assert (tmp_path / "text").read_bytes() == (site / "text.txt").read_bytes()
