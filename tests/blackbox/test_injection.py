"""A machine in which one time in fifty an allocation is refused, a device's length is wrong, or a
frame is spoilt: it answers rightly or not at all, and holds on to nothing."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

import exposition
from conftest import Bench
from http_client import Client
from images import ROOT
from lab import Lab, until
from machine import STATIC, Machine
from tools.image import bootable
from tools.site.config import Settings
from tools.site.pack import pack_site

pytestmark = pytest.mark.injection
FOLDER = "build/faults"
ONE_IN = 50
FETCHES = 200
LEAST_RIGHT = 150  # of these: TCP bears the losses, but not a refused connection
BODY = random.Random(1).randbytes(64 << 10)
REST_S = 120  # TIME-WAIT, and lost segments' last resends
# The host computes the checksum of every frame, so that a spoilt one can be told.
NIC = "virtio-net-pci,guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image with faults, built in a folder of its own, with a site."""
    subprocess.run([sys.executable, "configure.py", "--build-dir", FOLDER, "--inject-faults",
                    str(ONE_IN)], cwd=ROOT, check=True, timeout=60)
    kernel = f"{FOLDER}/kernel.elf"
    subprocess.run(["ninja", "-f", f"{FOLDER}/build.ninja", kernel], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL, timeout=1200)
    folder = tmp_path_factory.mktemp("faults")
    (folder / "site").mkdir()
    (folder / "site/index.html").write_text("<!doctype html><title>faults</title>\n")
    (folder / "site/a.bin").write_bytes(BODY)
    pack_site(folder / "site", folder / "site.pack", Settings())
    bootable.assemble_elf(ROOT / kernel, folder / "site.pack", folder / "mote.elf")
    return folder / "mote.elf"


def fetch(lab: Lab, path: str) -> bytes | None:
    """The body of a response; None if the machine says that it can't, or nothing."""
    try:
        with Client(lab.connect(timeout=20)) as client:
            response = client.get(path)
    except OSError:
        return None
    assert response.status in (200, 503), response
    return response.body if response.status == 200 else None


def scrape(lab: Lab) -> exposition.Exposition:
    page = until(lambda: fetch(lab, "/metrics"), "a page of metrics", REST_S)
    return exposition.read(page.decode())


def test_faults_cost_answers_but_never_right_ones(bench: Bench, image: Path) -> None:
    guest = bench.boot(Machine(nic=NIC, settings=f"{STATIC}\nhttp.metrics=/metrics"), image=image)
    before = scrape(guest.lab).families["mote_pool_elements_used"].samples
    answers = [fetch(guest.lab, "/a.bin") for _ in range(FETCHES)]
    assert {answer for answer in answers if answer is not None} == {BODY}
    assert answers.count(BODY) >= LEAST_RIGHT
    counted = scrape(guest.lab)
    assert counted.value("mote_interface_device_errors_total", interface="net0",
                         direction="receive") > 0, "no length was wrong"
    assert counted.value("mote_tcp_segments_dropped_total", reason="checksum") > 0

    def restless() -> dict[str, float]:
        used = scrape(guest.lab).families["mote_pool_elements_used"].samples
        return {str(dict(pool)): used[pool] - before[pool] for pool in used
                if used[pool] > before[pool]}

    until(lambda: not restless(), "pools at rest", REST_S)
    assert not guest.console.find("panic|last run")
    guest.is_alive()
