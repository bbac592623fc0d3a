"""Three machines behind HAProxy: one after the other is shut down by its button, and none notices.

As an operator renews a fleet: while requests come in, each machine gets its power button pressed,
ends what it is sending, switches off, and is started again.
"""

import re
import threading
from itertools import cycle, islice
from pathlib import Path

import pytest

from conftest import Bench
from http_client import Client
from lab import until
from machine import Guest, Machine
from programs import Service, needed, the_site

pytestmark = pytest.mark.needs("image")

PORT = 8080
ROUNDS = 10
CLIENTS = 4
MOST_REQUESTS = 100_000  # of each client
PATHS = ("size/1000003.bin", "size/65536.bin", "data/small.json")
NETWORKS = ("192.0.2", "198.51.100", "203.0.113")

# A request that met a closing connection is repeated on another: GET may be (RFC 9110, 9.2.2).
HAPROXY = """
global
  log stdout format raw daemon notice
defaults
  mode http
  log global
  option redispatch 1
  retries 3
  retry-on conn-failure empty-response response-timeout
  timeout check 10s
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:{port}
  default_backend mote
backend mote
  balance roundrobin
  option httpchk GET /healthz
{servers}
"""


class Fleet:
    """Three machines, each on a wire and in a network of its own."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._site = the_site(bench.images)
        self.guests = [self.start(index) for index in range(len(NETWORKS))]

    def start(self, index: int) -> Guest:
        net = NETWORKS[index]
        wire = self._bench.lab.tap(f"mote{index}", address=f"{net}.1/24")
        settings = f"network.0.address={net}.2/24\nidle=doze"
        return self._bench.boot(Machine(settings=settings, memory_mib=32), site=self._site,
                                wire=wire)

    def renew(self, index: int) -> list[str]:
        """Presses the button, waits until the machine is off, starts it again. Returns what its
        console said from the button on.
        """
        guest = self.guests[index]
        told = len(guest.console.lines)
        guest.ask("system_powerdown")
        guest.wait_for_end(30)
        self.guests[index] = self.start(index)
        return guest.console.lines[told:]


def test_a_fleet_is_renewed_under_load(bench: Bench) -> None:
    needed("haproxy")
    fleet = Fleet(bench)
    servers = "\n".join(f"  server mote{index} {net}.2:80 check inter 200ms fall 1 rise 1"
                        for index, net in enumerate(NETWORKS))
    config = bench.results / "haproxy.cfg"
    config.write_text(HAPROXY.format(port=PORT, servers=servers))
    proxy = Service(bench, "haproxy", "haproxy", "-db", "-f", str(config)).listens(PORT)
    load = Load(bench, the_site(bench.images))
    for _, index in zip(range(ROUNDS), cycle(range(len(NETWORKS)))):
        before = load.answered
        said = fleet.renew(index)
        assert any(line.startswith("power:") for line in said), said
        until(lambda: is_up(proxy, index), f"HAProxy takes mote{index} back", 30)
        until(lambda: load.answered > before + 10, "requests go on")
    load.end()
    assert load.failures == []
    print(f"{load.answered} requests answered, none failed")


class Load:
    """Clients that ask the proxy for one file after the other, and note what isn't as it should."""

    def __init__(self, bench: Bench, site: Path) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._lab = bench.lab
        self._wanted = {path: (site / path).read_bytes() for path in PATHS}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        for path in islice(cycle(PATHS), MOST_REQUESTS):
            if self._over.is_set():
                return
            try:
                with Client(self._lab.connect(PORT, "127.0.0.1", timeout=60)) as client:
                    for _ in range(3):  # on each connection
                        response = client.get(f"/{path}")
                        good = response.status == 200 and response.body == self._wanted[path]
                        if not good:
                            self.failures.append(f"{path}: {response.status}")
                        self.answered += 1
            except (OSError, AssertionError) as error:
                self.failures.append(f"{path}: {error}")

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)


def is_up(proxy: Service, index: int) -> bool:
    """Whether HAProxy's last word on this server is that it is up."""
    words = re.findall(rf"Server mote/mote{index} is (UP|DOWN)", proxy.said)
    return not words or words[-1] == "UP"
