"""ISC's Kea as DHCP server: a short lease that is renewed, a pool without addresses, another
server beside it."""

import json
import re
import subprocess
import time
from typing import Any

import pytest
from programs import needed

import dhcp
from conftest import Bench
from http_client import Client
from lab import Lab, end, until
from machine import Machine

pytestmark = pytest.mark.interop

BY_DHCP = Machine(settings="idle=doze\nhttp.metrics=/metrics")
STRANGER = "52:54:00:00:00:99"
LEASE_S = 10
POOL = re.compile(r'mote_pool_elements_used\{pool="(.*)"\} (\d+)')
FIVE_MINUTES_S, TEN_MINUTES_S = 300, 600


class Kea:
    """A running Kea for the lab's subnet, with a lease file of its own."""

    def __init__(self, bench: Bench, lease_s: int, **subnet: Any) -> None:
        needed("kea-dhcp4")
        self._bench = bench
        bench.results.mkdir(parents=True, exist_ok=True)
        self._log = bench.results / "kea.log"
        config = bench.results / "kea.json"
        config.write_text(json.dumps({"Dhcp4": {
            "interfaces-config": {"interfaces": ["mote0"], "dhcp-socket-type": "raw"},
            "lease-database": {"type": "memfile", "persist": False},
            "authoritative": True, "valid-lifetime": lease_s,
            "subnet4": [{"subnet": f"192.0.2.0/{Lab.PREFIX}",
                         "pools": [{"pool": f"{Lab.GUEST} - {Lab.GUEST}"}],
                         "option-data": [{"name": "routers", "data": Lab.HOST}], **subnet}],
            "loggers": [{"name": "kea-dhcp4", "severity": "INFO",
                         "output_options": [{"output": "stdout", "flush": True}]}]}}))
        with self._log.open("ab") as log:
            self._process = bench.lab.start(
                "env", f"KEA_PIDFILE_DIR={bench.results}", f"KEA_LOCKFILE_DIR={bench.results}",
                "kea-dhcp4", "-c", str(config), stdout=log, stderr=subprocess.STDOUT)
        try:
            until(lambda: "DHCP4_STARTED" in self.said(), "Kea's start")
        except AssertionError:
            end(self._process)
            raise

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def count(self, message: str) -> int:
        return self.said().count(message)

    def end(self) -> None:
        end(self._process)


def pools(lab: Lab) -> dict[str, str]:
    """What each pool holds."""
    with Client(lab.connect()) as client:
        return dict(POOL.findall(client.get("/metrics").body.decode()))


def test_a_lease_of_ten_seconds_is_renewed_for_five_minutes(bench: Bench) -> None:
    """At half its time, again and again, and requests meanwhile are answered."""
    bench.wire = bench.lab.tap()
    kea = Kea(bench, LEASE_S)
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24 via 192\.0\.2\.1 \(dhcp, lease 10 s\)$")
    granted = kea.count("DHCP4_LEASE_ALLOC")
    for renewal in range(2 * FIVE_MINUTES_S // LEASE_S):
        until(lambda n=renewal: kea.count("DHCP4_LEASE_ALLOC") > granted + n, "a renewal", LEASE_S)
        guest.http_answers()
    assert not guest.console.find("address lost")
    kea.end()


@pytest.mark.deadline(TEN_MINUTES_S + 600)
def test_a_host_that_stops_for_ten_minutes(bench: Bench) -> None:
    """Its lease is over by then, and most clients of its connections have gone."""
    bench.wire = bench.lab.tap()
    kea = Kea(bench, 60)
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    guest.http_answers()
    before = pools(bench.lab)
    gone = [bench.lab.connect() for _ in range(8)]
    stayed = bench.lab.connect()
    guest.ask("stop")
    for connection in gone:
        connection.close()
    resumes_at = time.monotonic() + TEN_MINUTES_S
    until(lambda: time.monotonic() > resumes_at, "ten minutes", TEN_MINUTES_S + 60)
    guest.ask("cont")
    granted = kea.count("DHCP4_LEASE_ALLOC")
    with Client(stayed) as client:
        assert client.get("/").status == 200
    until(lambda: kea.count("DHCP4_LEASE_ALLOC") > granted, "a lease", 60)
    guest.serves()
    until(lambda: pools(bench.lab) == before, "rest", 150)
    kea.end()


def test_a_pool_without_addresses(bench: Bench) -> None:
    """The machine goes on asking, and serves when there is an address."""
    bench.wire = bench.lab.tap()
    kea = Kea(bench, 60, reservations=[{"hw-address": STRANGER, "ip-address": Lab.GUEST}])
    guest = bench.start(BY_DHCP, wire=bench.wire)
    guest.console.wait_for(r"^net0: no answer to DHCP yet, still asking$", deadline_s=90)
    assert kea.count("ALLOC_FAIL") > 0
    kea.end()
    kea = Kea(bench, 60)
    guest.ready(deadline_s=120)
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24 via 192\.0\.2\.1 \(dhcp, lease 60 s\)$")
    guest.serves()
    kea.end()


def test_beside_dnsmasq(bench: Bench) -> None:
    """Two servers: the machine takes one's offer, and keeps to it."""
    bench.wire = bench.lab.tap()
    kea = Kea(bench, 10, pools=[{"pool": "192.0.2.70 - 192.0.2.80"}])
    dhcp.dnsmasq(bench.lab, bench.results)
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    got = guest.console.wait_for(r"^net0: (192\.0\.2\.\d+)/24 .*lease (\d+) s")
    if got[2] == "10":
        granted = kea.count("DHCP4_LEASE_ALLOC")
        until(lambda: kea.count("DHCP4_LEASE_ALLOC") >= granted + 3, "three renewals", 60)
    assert len([line for line in guest.console.lines if "192.0.2." in line and "dhcp" in line]) == 1
    kea.end()
