"""Very many connections: as many as RAM holds, all of them served, and more than that."""

import contextlib
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sites
from conftest import Bench
from http_client import Client
from lab import Lab
from machine import Guest, Machine

CROWD = Path(__file__).with_name("crowd.py")
STATIC = f"network.0.address={Lab.GUEST}/{Lab.PREFIX}\nhttp.idle_timeout_s=3600\n"
MOST_OF_ONE = 17_000  # connections of one process, limited by its open files
LINE = r"^http: port 80, \d+ files, \d+ KiB, (\d+) connections$"


@contextlib.contextmanager
def crowd(lab: Lab, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """This many connections, each of which has had a response, from processes with addresses of
    their own."""
    processes = []
    for number, first in enumerate(range(0, count, MOST_OF_ONE)):
        source = f"192.0.2.{100 + number}"
        lab.run("ip", "addr", "add", f"{source}/{Lab.PREFIX}", "dev", "mote0")
        processes.append(lab.start(
            sys.executable, str(CROWD), Lab.GUEST, str(min(MOST_OF_ONE, count - first)), source,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    try:
        for process in processes:
            said(process, "open")
        yield processes
    finally:
        for process in processes:
            process.stdin.close()
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()


def said(process: subprocess.Popen[str], word: str) -> None:
    """Waits for a crowd's next word; the crowd itself gives up if nothing moves."""
    line = process.stdout.readline().strip()
    assert line == word, process.stderr.read()[-500:]


def metric(lab: Lab, name: str) -> int:
    with Client(lab.connect()) as client:
        text = client.get("/metrics").body.decode()
    return int(re.search(rf"^mote_{name} (\d+)$", text, re.M)[1])


def hold(bench: Bench, machine: Machine, count: int, patience_s: int) -> None:
    """Opens them, serves all once and 64 of them again and again, and new ones beside."""
    guest = bench.boot(machine)
    lab = guest.lab
    with crowd(lab, count) as processes:
        assert metric(lab, "http_connections") == count + 1
        for rounds in (1, 20):
            processes[0].stdin.write(f"64 {rounds}\n")
            processes[0].stdin.flush()
            said(processes[0], "served")
        guest.serves()
        assert metric(lab, "http_connections_evicted_total") == 0
        assert metric(lab, "http_connections_refused_total") == 0
    # All have closed at once; on a slow host their segments are queued long before a ping's.
    lab.run("ping", "-c", "1", "-w", str(patience_s), Lab.GUEST, timeout=patience_s + 10)
    guest.serves()


def test_ten_thousand_connections_in_64_mib(bench: Bench) -> None:
    hold(bench, Machine(memory_mib=64, settings=f"{STATIC}http.metrics=/metrics"), 10_000, 60)


@pytest.mark.full
def test_a_hundred_thousand_connections_in_512_mib(bench: Bench) -> None:
    hold(bench, Machine(memory_mib=512, settings=f"{STATIC}http.metrics=/metrics"), 100_000, 900)


@pytest.mark.parametrize("memory, least, most", [(4, 256, 1000), (8, 1024, 2000),
                                                 (64, 10_000, 20_000), (512, 100_000, 131_072)])
def test_ram_says_how_many(bench: Bench, memory: int, least: int, most: int) -> None:
    guest = bench.boot(Machine(memory_mib=memory, settings=STATIC))
    assert least <= int(guest.console.find(LINE)[1]) <= most
    guest.serves()


def test_the_smallest_machine_serves_a_crowd(bench: Bench) -> None:
    """More clients than a machine of 4 MiB holds: the oldest idle ones give way."""
    guest = bench.boot(Machine(machine="pc", memory_mib=4, settings=STATIC))
    most = int(guest.console.find(LINE)[1])
    connections = [guest.lab.connect() for _ in range(most + 100)]
    with Client(connections[-1]) as last:
        assert last.get("/").status == 200
    guest.serves()
    for made in connections:
        made.close()
    guest.serves()


def test_too_little_memory_is_said(bench: Bench) -> None:
    """With room for the image and a site, but not for the memory they need."""
    site = bench.results / "site"
    sites.write(site, "large.bin", random.Random(1).randbytes(800_000))
    guest = bench.start(Machine(machine="microvm", memory_mib=3), site=site)
    guest.console.wait_for(r"^memory: \d+ KiB of RAM are free, too little to start with$")
    guest.is_alive()


def test_so_many_as_are_set(bench: Bench) -> None:
    guest = bench.boot(Machine(memory_mib=16, settings=f"{STATIC}http.connections=100"))
    assert guest.console.find(LINE)[1] == "100"
    guest.serves()


def test_no_more_than_ram_holds(bench: Bench) -> None:
    guest = bench.boot(Machine(memory_mib=16, settings=f"{STATIC}http.connections=131072"))
    told = guest.console.find(r"^http: RAM holds (\d+) connections, not 131072$")
    assert told and told[1] == guest.console.find(LINE)[1]
    assert int(told[1]) > 4000
    guest.serves()


@pytest.mark.parametrize("value", ["63", "131073", "many", ""])
def test_what_is_no_number_of_connections_is_named(bench: Bench, value: str) -> None:
    guest = bench.boot(Machine(memory_mib=8, settings=f"{STATIC}http.connections={value}"))
    guest.console.wait_for(r"^settings \(fw_cfg\): cannot use http.connections=" + value)
    guest.serves()
