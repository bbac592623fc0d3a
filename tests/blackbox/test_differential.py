"""The conformance cases put to nginx as well: docs/http.md explains where the two differ."""

from pathlib import Path

import pytest

from conformance import differences, nginx, site, suite
from conformance.compare import Outcome, observe
from conformance.server import Server
from conftest import IN_CI, ROOT, Bench
from images import Images
from machine import Machine

Outcomes = dict[str, tuple[Outcome, Outcome]]


@pytest.fixture(scope="module")
def outcomes(shared_bench: Bench, images: Images, tmp_path_factory: pytest.TempPathFactory
             ) -> Outcomes:
    """The machine's and nginx's results for every case that both can answer."""
    if not nginx.find():
        reason = "nginx is not installed (apt-get install nginx-light)"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    root = images.once("conformance", site.make)
    lab = shared_bench.lab
    shared_bench.boot(Machine(memory_mib=16),
                      image=images.configured(root / "main", root / "mote.toml"))
    ours = Server(root, lab.connect)
    folder = tmp_path_factory.mktemp("nginx")
    nginx.start(lab, folder)
    theirs = Server(folder / "site", lambda: nginx.connect(lab))
    return {case.id: (observe(ours, case), observe(theirs, case))
            for case in suite.CASES if case not in suite.OURS_ALONE}


def test_differences_are_those_listed(outcomes: Outcomes) -> None:
    found = {id: f"{', '.join(ours.unlike(theirs))}: {ours}, nginx: {theirs}"
             for id, (ours, theirs) in outcomes.items() if ours != theirs}
    listed = {id for group in differences.GROUPS for id in group.cases}
    unlisted = "\n".join(f"{id}: {found[id]}" for id in sorted(found.keys() - listed))
    assert not unlisted, f"not in the list of differences:\n{unlisted}"
    assert not listed - found.keys(), "in the list of differences, but not there"


def test_no_case_is_listed_twice() -> None:
    listed = [id for group in differences.GROUPS for id in group.cases]
    assert len(listed) == len(set(listed))


def test_documentation_has_the_list() -> None:
    """The table in docs/http.md matches the list; a failure shows the table it should be."""
    text = Path(ROOT / "docs/http.md").read_text()
    assert differences.table() in text, f"docs/http.md must hold:\n\n{differences.table()}"
