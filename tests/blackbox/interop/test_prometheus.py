"""Prometheus: a real server scrapes the machine, and promtool reads the metrics as text."""

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest

from conftest import Bench
from http_client import Client
from lab import Lab, until
from machine import Guest
from programs import Service, boot, metric, needed

pytestmark = pytest.mark.interop

PORT = 9090
SETTINGS = """
global:
  scrape_interval: 4s
scrape_configs:
  - job_name: mote
    static_configs:
      - targets: ["{guest}:80"]
"""


class Prometheus:
    """A server with its data in the test's folder."""

    def __init__(self, bench: Bench) -> None:
        folder = bench.results / "prometheus"
        folder.mkdir(parents=True, exist_ok=True)
        settings = folder / "prometheus.yml"
        settings.write_text(SETTINGS.format(guest=Lab.GUEST))
        self._lab = bench.lab
        self.service = Service(
            bench, "prometheus", "prometheus", f"--config.file={settings}",
            f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{PORT}")
        self.service.listens(PORT)
        until(lambda: self._get("/-/ready")[0] == 200, "Prometheus getting ready")

    def _get(self, target: str) -> tuple[int, bytes]:
        client = HTTPConnection("127.0.0.1", PORT)
        client.sock = self._lab.connect(PORT, "127.0.0.1")
        client.request("GET", target)
        response = client.getresponse()
        body = response.read()
        client.close()
        return response.status, body

    def _ask(self, path: str, **parameters: str) -> Any:
        status, body = self._get(f"/api/v1/{path}?{urlencode(parameters)}")
        assert status == 200, body
        return json.loads(body)["data"]

    def targets(self) -> list[dict[str, Any]]:
        """The targets it has scraped, or tried to."""
        return [target for target in self._ask("targets")["activeTargets"]
                if target["health"] != "unknown"]

    def value(self, query: str) -> float | None:
        """A query's single value, or None if there is none yet."""
        result = self._ask("query", query=query)["result"]
        assert len(result) <= 1, result
        return float(result[0]["value"][1]) if result else None


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    needed("prometheus", "promtool")
    return boot(shared_bench)


@pytest.fixture(scope="module")
def prometheus(shared_bench: Bench, guest: Guest) -> Prometheus:
    return Prometheus(shared_bench)


def test_the_target_is_up(prometheus: Prometheus) -> None:
    target, = until(prometheus.targets, "the first scrape")
    assert (target["health"], target["lastError"]) == ("up", "")
    until(lambda: (prometheus.value("count_over_time(up[5m])") or 0) >= 3, "three scrapes", 60)
    assert prometheus.value("min_over_time(up[5m])") == 1
    assert prometheus.value("scrape_samples_scraped") > 50
    for word in ("level=warn", "level=error"):
        assert word not in prometheus.service.said


def test_counters_count(prometheus: Prometheus, guest: Guest) -> None:
    """Prometheus too sees fifty requests as fifty more, and its rate() works on the name."""
    query = 'sum(mote_http_requests_total{code="404"})'
    until(lambda: prometheus.value(query) is not None, "a first value")
    before = metric(guest, "mote_http_requests_total", code="404")
    with Client(guest.lab.connect()) as client:
        for _ in range(50):
            assert client.get("/nowhere").status == 404
    until(lambda: prometheus.value(query) == before + 50, f"{before} and fifty")
    until(lambda: (prometheus.value('sum(rate(mote_http_requests_total{code="404"}[1m]))') or 0)
          > 0, "a rate")
    assert prometheus.value("mote_uptime_seconds") > 0


def test_promtool_finds_nothing(guest: Guest) -> None:
    """No errors, no advice: names, units, HELP and TYPE follow the conventions."""
    with Client(guest.lab.connect()) as client:
        for _ in range(3):
            client.get("/")
        answer = client.get("/metrics")
    assert answer.fields["content-type"].startswith("text/plain; version=0.0.4")
    told = guest.lab.run("promtool", "check", "metrics", input=answer.body.decode(), check=False)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_every_family_is_said_once(guest: Guest) -> None:
    with Client(guest.lab.connect()) as client:
        lines = client.get("/metrics").body.decode().splitlines()
    names = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(names) == len(set(names)) > 20
    assert names == [line.split()[2] for line in lines if line.startswith("# HELP ")]
    samples = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
    assert len(samples) == len(set(samples))
