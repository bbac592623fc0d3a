"""HTTP by the RFCs: every case of the suite, in each way it can be sent."""

from pathlib import Path

import pytest

from conformance import run, site, suite
from conformance.model import Case
from conformance.server import Server
from conftest import Bench
from images import Images
from machine import DOZING, Guest, Machine


@pytest.fixture(scope="module")
def root(images: Images) -> Path:
    return images.once("conformance", site.make)


@pytest.fixture(scope="module")
def guest(shared_bench: Bench, images: Images, root: Path) -> Guest:
    image = images.configured(root / "main", root / "mote.toml")
    return shared_bench.boot(Machine(memory_mib=64, settings=DOZING), image=image)


@pytest.fixture(scope="module")
def server(guest: Guest, root: Path) -> Server:
    return Server(root, guest.lab.connect)


def test_suite_is_whole() -> None:
    """Each case has its own id and cites its RFC."""
    ids = [case.id for case in suite.CASES]
    assert len(ids) == len(set(ids)) >= 300
    assert all(suite.SECTION.fullmatch(case.rfc) for case in suite.CASES)


@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: case.id)
def test_case(server: Server, case: Case) -> None:
    run.kept_alive(server, case)
    run.pipelined(server, case)
    run.closed(server, case)


@pytest.mark.parametrize("topic", suite.TOPICS)
def test_cut_at_every_byte(server: Server, topic: str) -> None:
    wrong = run.split(server, suite.TOPICS[topic])
    assert not wrong, "\n".join(wrong[:20])
