"""The Debian package: its fields, its files, and where they are."""

import gzip
import subprocess
from pathlib import Path

import pytest
from release_files import files, told

from tools.base import setup
from tools.release import debian, dist


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("deb") / "mote.deb"
    debian.build(files(), told(), dist.needs(), out)
    return out


@pytest.fixture(scope="module")
def unpacked(package: Path) -> Path:
    subprocess.run(["dpkg-deb", "--raw-extract", package, package.parent / "tree"], check=True,
                   timeout=120)
    return package.parent / "tree"


def test_its_fields(package: Path) -> None:
    shown = subprocess.run(["dpkg-deb", "--field", package], text=True, capture_output=True,
                           check=True, timeout=60).stdout
    told_fields = dict(line.split(": ", 1) for line in shown.splitlines() if line[0] != " ")
    assert told_fields["Package"] == "mote" and told_fields["Version"] == "1.2.3"
    assert told_fields["Architecture"] == "all"
    assert told_fields["Depends"] == "python3 (>= 3.11), brotli, zstd"
    assert {*setup.RUN, *setup.CONVERT} <= set(told_fields["Recommends"].split(", "))
    assert {*setup.DEBUG, *setup.SYMBOLIZE} == set(told_fields["Suggests"].split(", "))


def test_files_are_where_debian_wants_them(unpacked: Path) -> None:
    assert (unpacked / "usr/bin/mote").readlink() == Path("../lib/mote/mote")
    assert (unpacked / "usr/lib/mote/mote").read_text().startswith("#!/usr/bin/python3\n")
    for path in ("usr/lib/mote/prebuilt/kernel.elf", "usr/lib/mote/www/index.html",
                 "usr/share/bash-completion/completions/mote",
                 "usr/share/zsh/vendor-completions/_mote",
                 "usr/share/fish/vendor_completions.d/mote.fish", "usr/share/doc/mote/copyright",
                 "usr/share/doc/mote/NOTICE", "usr/share/doc/mote/configuration.md"):
        assert (unpacked / path).is_file(), path
    page = (unpacked / "usr/share/man/man1/mote.1.gz").read_bytes()
    assert page[3:8] == bytes(5), "gzip -n: neither name nor time"
    assert gzip.decompress(page).startswith(b".TH MOTE 1")
    changelog = gzip.decompress((unpacked / "usr/share/doc/mote/changelog.gz").read_bytes())
    assert changelog.startswith(b"mote (1.2.3) unstable; ")


def test_nothing_of_a_release_is_lost(unpacked: Path) -> None:
    names = {path.name.removesuffix(".gz") for path in unpacked.rglob("*")}
    assert {Path(path).name for path in files()} - names == {"LICENSE"}
    assert "Permission is hereby granted" in (
        unpacked / "usr/share/doc/mote/copyright").read_text()


def test_its_sums_are_right(unpacked: Path) -> None:
    sums = (unpacked / "DEBIAN/md5sums").read_text()
    assert sums.count("\n") > 50
    subprocess.run(["md5sum", "--check", "--strict", "--quiet", "-"], input=sums, text=True,
                   cwd=unpacked, check=True, timeout=60)


def test_a_failure_of_dpkg_debs_is_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(RuntimeError, match="dpkg-deb: "):
        debian.pack(tmp_path / "nothing", 0, tmp_path / "x.deb")
