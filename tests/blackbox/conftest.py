"""The chain of fixtures: a lab, a site, an image, a machine, each made from those before it."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build/test-results"
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import sites  # noqa: E402
from captures import make_readable  # noqa: E402
from http_client import Client  # noqa: E402
from images import Images  # noqa: E402
from lab import Lab, LabUnavailable  # noqa: E402
from machine import BOOT_S, Guest, Machine  # noqa: E402
from running import Running  # noqa: E402
from tools.command_line import symbolize  # noqa: E402
from wire import Wire  # noqa: E402

SHOWN_LINES = 60  # of a console, in a failure's report
IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--matrix", action="store_true", default=bool(os.environ.get("MOTE_MATRIX")),
                     help="each NIC on each machine, each way booted, not only some of each "
                          "(or MOTE_MATRIX=1)")
    parser.addoption("--interop", action="store_true",
                     default=bool(os.environ.get("MOTE_INTEROP")),
                     help="meet other people's programs, the heavy ones too (or MOTE_INTEROP=1)")
    parser.addoption("--injection", action="store_true",
                     help="build an image with injected faults, and see that it bears them")

    parser.addoption("--presses", type=int, default=2, metavar="N",
                     help="how often each kind of machine's power button is pressed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "interop: takes a program that is heavy to install; runs "
                            "with --interop only")
    config.addinivalue_line("markers", "injection: builds an image of its own; runs with "
                            "--injection only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for kind in ("interop", "injection"):
        if not config.getoption(kind):
            heavy = [item for item in items if item.get_closest_marker(kind)]
            config.hook.pytest_deselected(items=heavy)
            items[:] = [item for item in items if item not in heavy]


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether to run at full size."""
    return request.config.getoption("--full")


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Packs and images, shared between the session's processes."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return Images(shared / "images")


@pytest.fixture(scope="session")
def example_site() -> Path:
    return ROOT / "www"


def open_lab() -> Lab:
    """Opens a lab; where this host can't have one, skips, but fails in CI."""
    try:
        lab = Lab()
        try:
            os.close(lab.tap("probe", address=None))
        except LabUnavailable:
            lab.close()
            raise
    except LabUnavailable as reason:
        if IN_CI:
            pytest.fail(f"CI must be able to make a lab: {reason}")
        pytest.skip(f"this host allows no lab: {reason}")
    return lab


class Bench:
    """Puts machines together, takes them apart afterwards, and keeps the results of failures."""

    def __init__(self, request: pytest.FixtureRequest, images: Images, site: Path) -> None:
        module = Path(str(request.node.path)).stem
        shared = "shared-" + os.environ.get("PYTEST_XDIST_WORKER", "main")
        test = shared if request.scope == "module" else request.node.name
        name = re.sub(r"[^\w.=-]+", "_", test).strip("_")
        self.results = RESULTS / module / name
        shutil.rmtree(self.results, ignore_errors=True)
        self.images = images
        self.site = site
        self.lab = open_lab()
        self.wire: int | None = None  # made by a fixture for the next machine
        self._guests = ExitStack()
        self._count = 0
        self._session = request.session
        self._failed_before = request.session.testsfailed

    def start(self, machine: Machine = Machine(), site: Path | None = None,
              wire: int | None = None, image: Path | None = None,
              lines: tuple[str, ...] = (), more_wires: tuple[int, ...] = ()) -> Guest:
        """Starts a machine without waiting for it; takes ownership of all wires."""
        image = image or self.images.bootable(site or self.site, machine.boot, lines)
        folder = self.results / f"machine{self._count or ''}"
        self._count += 1
        guest = Guest(self.lab, machine, image, folder, wire, more_wires)
        self._guests.callback(guest.stop)
        RUNNING.append(guest)
        return guest

    def boot(self, *arguments: Any, deadline_s: float = BOOT_S, **named: Any) -> Guest:
        """Starts a machine and waits until it is ready."""
        return self.start(*arguments, **named).ready(deadline_s)

    def on_close(self, act: Callable[[], None]) -> None:
        """Registers something to do at the end, before anything started earlier is ended."""
        self._guests.callback(act)

    def close(self) -> None:
        try:
            self._guests.close()
        finally:
            self.lab.close()
        if self._session.testsfailed == self._failed_before:
            shutil.rmtree(self.results, ignore_errors=True)
        for capture in self.results.rglob("capture.pcap"):
            make_readable(capture)


RUNNING: list[Guest] = []  # for failure reports
ENDED: list[Guest] = []  # those that the test's teardown has already ended


def make_bench(request: pytest.FixtureRequest, images: Images, site: Path) -> Iterator[Bench]:
    bench = Bench(request, images, site)
    first = len(RUNNING)
    try:
        yield bench
    finally:
        ENDED.extend(RUNNING[first:])
        bench.close()


@pytest.fixture
def bench(request: pytest.FixtureRequest, images: Images, example_site: Path) -> Iterator[Bench]:
    """A lab for one test's machines."""
    yield from make_bench(request, images, example_site)


@pytest.fixture(scope="module")
def shared_bench(request: pytest.FixtureRequest, images: Images,
                 example_site: Path) -> Iterator[Bench]:
    """A lab for a machine shared by a whole file of tests."""
    yield from make_bench(request, images, example_site)


@pytest.fixture
def boot(bench: Bench) -> Callable[..., Guest]:
    """Boots a machine for one test: boot(Machine(...)) returns it when it is ready."""
    return bench.boot


@pytest.fixture(scope="module")
def site(images: Images) -> Path:
    """A small site with one of each kind of file that matters to HTTP."""
    return images.once("mixed-site", sites.mixed)


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    """A machine with the example site, for a whole file of tests."""
    return shared_bench.boot()


@pytest.fixture
def wire(guest: Guest) -> Iterator[Wire]:
    wire = Wire(guest.lab)
    yield wire
    wire.close()


@pytest.fixture
def client(guest: Guest) -> Iterator[Client]:
    with Client(guest.lab.connect()) as client:
        yield client


@pytest.fixture
def stub_path() -> Iterator[Path]:
    """Where a machine's stub for gdb listens (gdb_stub.py). A short path: a socket's has at most
    107 characters, which a test's folder may exceed."""
    folder = Path(tempfile.mkdtemp())
    yield folder / "gdb"
    shutil.rmtree(folder)


@pytest.fixture
def running() -> Iterator[list[Running]]:
    """Where a test puts each `./mote run` that it starts, to have it ended."""
    started: list[Running] = []
    yield started
    for one in started:
        one.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Adds the end of each console, and the path of the rest, to a failure's report."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for guest in RUNNING:
            lines = guest.console.lines
            text = "\n".join([*symbolize.with_backtraces(lines)][-SHOWN_LINES:])
            where = guest.results.relative_to(ROOT)
            report.sections.append((f"serial console ({where}/, with capture.pcap)", text))
    if call.when == "teardown":
        RUNNING[:] = [guest for guest in RUNNING if guest not in ENDED]
        ENDED.clear()
