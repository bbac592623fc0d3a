"""check_http of the Monitoring Plugins, as Nagios and Icinga run it: `-M` wants credible dates.

It is critical if Last-Modified is later than Date, as on sites built on a machine with a fast
clock, and if Date is missing.
"""

import os
import time
from pathlib import Path

import pytest

import sites
from conftest import Bench
from lab import Lab
from machine import Machine
from programs import needed

pytestmark = pytest.mark.interop

CHECK = "/usr/lib/nagios/plugins/check_http"


def make(site: Path) -> None:
    sites.write(site, "index.html", b"<!doctype html><title>old</title>\n")
    sites.write(site, "future.html", b"<!doctype html><title>not yet</title>\n")
    os.utime(site / "future.html", (time.time() + 2 * 86400,) * 2)


@pytest.mark.parametrize("clock", [(), ("-rtc", "base=2024-01-01T00:00:00")],
                         ids=["clock-right", "clock-behind"])
def test_ages(bench: Bench, clock: tuple[str, ...]) -> None:
    needed(CHECK)
    site = bench.images.once("monitored-site", make)
    guest = bench.boot(Machine(extra=clock), image=bench.images.bootable(site, "pvh"))

    def check(path: str, *options: str) -> str:
        done = guest.lab.run(CHECK, "-I", Lab.GUEST, "-u", path, *options, check=False)
        return f"{done.returncode} {done.stdout}"
    assert check("/").startswith("0 HTTP OK")
    assert check("/future.html", "-M", "1d").startswith("0 HTTP OK")
    assert check("/", "-M", "1d").startswith("2 HTTP CRITICAL"), "it is of 2024"
    assert check("/", "-M", "10000d").startswith("0 HTTP OK")
    assert check("/nothing").startswith("1 HTTP WARNING")
