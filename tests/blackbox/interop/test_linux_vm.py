"""The bench's Linux peer boots and serves, in the same kind of machine as Mote."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT, open_lab
from http_client import Client
from programs import URL, needed

sys.path.append(str(ROOT / "tests/bench"))

import contenders  # noqa: E402
import linux_vm  # noqa: E402

pytestmark = [pytest.mark.interop, pytest.mark.needs("image")]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[contenders.Kind, contenders.Kind]:
    needed("apt-get", "dpkg-deb", "clang-19")
    folder = tmp_path_factory.mktemp("peer")
    site = folder / "site"
    site.mkdir()
    (site / "index.html").write_bytes(b"the peer" * 128)
    (site / "large.bin").write_bytes(bytes(range(256)) * 4096 * 8)
    return contenders.kinds(folder, site)


@pytest.fixture(scope="module")
def peer(pair: tuple[contenders.Kind, contenders.Kind],
         tmp_path_factory: pytest.TempPathFactory) -> Iterator[contenders.Running]:
    open_lab().close()
    machine = contenders.Running(pair[1], tmp_path_factory.mktemp("machine"))
    try:
        machine.first_200()
        yield machine
    finally:
        machine.close()


def test_both_differ_in_nothing_but_what_is_booted(
        pair: tuple[contenders.Kind, contenders.Kind], tmp_path: Path) -> None:
    mote, linux = (kind.machine.arguments(kind.image, tmp_path / "settings", tmp_path, 3, 4)
                   for kind in pair)
    own = {"-kernel", "-append", "-initrd", "-fw_cfg"}

    def rest(line: list[str]) -> list[str]:
        return [word for before, word in zip(["", *line], line)
                if before not in own and word not in own]

    assert rest(mote) == rest(linux)
    assert not any("filter-dump" in word for word in mote)


def test_the_peer_serves_as_it_is_set_up(peer: contenders.Running) -> None:
    with Client(peer.lab.connect()) as client:
        for _ in range(3):  # on one connection
            answer = client.get("/")
            assert answer.status == 200 and answer.body == b"the peer" * 128
        assert client.get("/nothing").status == 404
    peer.guest.ping_answers()
    assert "nginx" in linux_vm.versions()


def test_a_large_file_comes_whole(peer: contenders.Running, tmp_path: Path) -> None:
    fetched = tmp_path / "large"
    peer.lab.run("curl", "-sSf", "-o", str(fetched), f"{URL}/large.bin")
    assert hashlib.sha256(fetched.read_bytes()).digest() == \
        hashlib.sha256(bytes(range(256)) * 4096 * 8).digest()


def test_a_stopped_peer_goes_on(peer: contenders.Running) -> None:
    with peer.awake():
        peer.guest.http_answers()
    assert peer.guest.ask("query-status")["running"] is False
    peer.guest.ask("cont")
    peer.guest.http_answers()
