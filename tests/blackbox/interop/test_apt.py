"""apt: a package from a flat repository, and a download resumed."""

import hashlib
import os
import random
import subprocess
import tempfile
from pathlib import Path

import pytest

import sites
from conftest import Bench
from images import Images
from lab import Lab
from machine import Guest, Machine
from programs import CONFIG, URL, metric, needed

pytestmark = pytest.mark.interop
NAME = "mote-test_1.0_all.deb"
THERE = 300_000  # bytes already there of an interrupted download
CONTROL = """Package: mote-test
Version: 1.0
Architecture: all
Maintainer: Mote <mote@example.org>
Description: A package of no use
"""


def make_site(site: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        (root / "DEBIAN").mkdir(parents=True)
        (root / "DEBIAN/control").write_text(CONTROL)
        (root / "noise").write_bytes(random.Random(1).randbytes(1_000_000))
        package = Path(folder) / NAME
        subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "-b", str(root), str(package)],
                       check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        content = package.read_bytes()
    sites.write(site, f"debian/{NAME}", content)
    sites.write(site, "debian/Packages", f"""{CONTROL}Filename: ./{NAME}
Size: {len(content)}
SHA256: {hashlib.sha256(content).hexdigest()}
""".encode())


@pytest.fixture
def site(images: Images) -> Path:
    needed("apt-get", "dpkg-deb")
    return images.once("apt-site", make_site)


@pytest.fixture
def guest(bench: Bench, images: Images, site: Path) -> Guest:
    bench.results.mkdir(parents=True, exist_ok=True)
    settings = bench.results / "mote.toml"
    settings.write_text(CONFIG)
    return bench.boot(Machine(memory_mib=32), image=images.configured(site, settings))


class Apt:
    """apt-get with all its state in a folder of the test; the host's isn't touched."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab = lab
        self.archives = folder / "cache/archives"
        for name in ("etc/apt.conf.d", "etc/preferences.d", "etc/trusted.gpg.d",
                     "lib/lists/partial", "cache/archives/partial", "log"):
            (folder / name).mkdir(parents=True)
        (folder / "lib/status").touch()
        sources = folder / "etc/sources.list"
        sources.write_text(f"deb [trusted=yes] {URL}/debian ./\n")
        self._config = folder / "apt.conf"
        self._config.write_text(f"""
Dir::Etc "{folder}/etc"; Dir::Etc::SourceList "{sources}"; Dir::Etc::SourceParts "/dev/null";
Dir::State "{folder}/lib"; Dir::State::status "{folder}/lib/status";
Dir::Cache "{folder}/cache"; Dir::Log "{folder}/log";
APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::Retries "0";
Acquire::http::Proxy "DIRECT"; Debug::NoLocking "true"; Debug::Acquire::http "true";
""")

    def __call__(self, *command: str) -> str:
        done = self._lab.run("env", f"APT_CONFIG={self._config}", "apt-get", "-y", *command,
                             check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def test_a_download_is_resumed(guest: Guest, site: Path, tmp_path: Path) -> None:
    """apt knows no tags: its If-Range holds the partial file's date, which is from
    Last-Modified."""
    apt = Apt(guest.lab, tmp_path)
    apt("update")
    whole = (site / "debian" / NAME).read_bytes()
    partial = apt.archives / "partial" / NAME
    partial.write_bytes(whole[:THERE])
    os.utime(partial, (sites.MODIFIED, sites.MODIFIED))
    sent = metric(guest, "mote_http_response_bytes_total")
    said = apt("--download-only", "install", "mote-test")
    assert "If-Range: " in said, said
    assert metric(guest, "mote_http_requests_total", code="206") == 1, said
    assert metric(guest, "mote_http_response_bytes_total") - sent < len(whole) - THERE + 100_000
    assert (apt.archives / NAME).read_bytes() == whole


def test_a_part_of_another_content_is_not_continued(guest: Guest, site: Path,
                                                    tmp_path: Path) -> None:
    apt = Apt(guest.lab, tmp_path)
    apt("update")
    partial = apt.archives / "partial" / NAME
    partial.write_bytes(bytes(THERE))
    os.utime(partial, (sites.MODIFIED - 1, sites.MODIFIED - 1))
    apt("--download-only", "install", "mote-test")
    assert (apt.archives / NAME).read_bytes() == (site / "debian" / NAME).read_bytes()
    assert metric(guest, "mote_http_requests_total", code="206") == 0
