"""The QEMU guest agent, asked through the host's end of its port as hypervisors do."""

import json
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

import exposition
from conftest import Bench
from http_client import Client
from lab import Lab, until
from machine import MAC, Guest, Machine

PORT = "virtserialport,chardev=qga0,name=org.qemu.guest_agent.0"
NUMBERS = count(1)
ANSWER_S = 20


@dataclass(frozen=True)
class Way:
    """A machine, and the devices behind which its agent listens."""

    machine: str
    devices: tuple[str, ...]
    before: tuple[str, ...] = ()  # arguments needed before them


# The last has SPICE's controller first, as Proxmox does, and the agent's port is not number 1.
WAYS = {
    "pc": Way("pc", ("virtio-serial", PORT)),
    "q35": Way("q35", ("virtio-serial", PORT)),
    "modern": Way("q35", ("virtio-serial-pci,disable-legacy=on", PORT)),
    "legacy": Way("pc", ("virtio-serial-pci,disable-modern=on", PORT)),
    "microvm": Way("microvm, no PCI", ("virtio-serial-device", PORT)),
    "microvm, modern": Way("microvm, no PCI", ("virtio-serial-device", PORT),
                           ("-global", "virtio-mmio.force-legacy=false")),
    "isa": Way("pc", ("isa-serial,chardev=qga0",)),
    "second port": Way("pc", (
        "virtio-serial,id=spice", "virtserialport,bus=spice.0,name=com.redhat.spice.0",
        "virtio-serial,id=other", "virtserialport,bus=other.0,nr=1,name=org.other.0",
        f"{PORT},bus=other.0,nr=5")),
}


def machine_with(way: Way, path: Path, settings: str = "") -> Machine:
    devices = [word for device in way.devices for word in ("-device", device)]
    return Machine(machine=way.machine, settings=f"{Machine().settings}\n{settings}",
                   nic="virtio-net-device" if way.machine.startswith("microvm")
                   else Machine().nic,
                   extra=(*way.before, "-chardev",
                          f"socket,path={path},server=on,wait=off,id=qga0", *devices))


class Agent:
    """A client of the agent."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(ANSWER_S)
        self.socket.connect(str(path))
        self._unread = b""

    def close(self) -> None:
        self.socket.close()

    def line(self) -> bytes:
        """The next line of an answer."""
        while b"\n" not in self._unread:
            piece = self.socket.recv(65536)
            assert piece, "the port was closed"
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def sync(self) -> None:
        """As libvirt and Proxmox begin: what comes before the answer is stale."""
        number = next(NUMBERS)
        command = {"execute": "guest-sync-delimited", "arguments": {"id": number}}
        self.socket.sendall(b"\xff" + json.dumps(command).encode() + b"\n")
        while not (line := self.line()).endswith(b'\xff{"return":%d}' % number):
            assert len(line) < 4096, line

    def answer(self, command: str, **arguments: Any) -> dict[str, Any]:
        message = {"execute": command, **({"arguments": arguments} if arguments else {})}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        return json.loads(self.line())

    def ask(self, command: str, **arguments: Any) -> Any:
        answer = self.answer(command, **arguments)
        assert "error" not in answer, answer
        return answer["return"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "qga"


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


@pytest.fixture
def agent(path: Path) -> Iterator[list[Agent]]:
    """Clients to be closed at the end."""
    clients: list[Agent] = []
    yield clients
    for client in clients:
        client.close()


def turns(guest: Guest) -> float:
    with Client(guest.lab.connect()) as client:
        scraped = exposition.read(client.get("/metrics").body.decode())
    return scraped.value("mote_loop_turns_total")


def rests(guest: Guest) -> bool:
    """Whether the run loop waits most of the time."""
    before = turns(guest)
    select.select([], [], [], 1)
    return turns(guest) - before < 2000


def test_every_command(bench: Bench, path: Path, agent: list[Agent], way: Way) -> None:
    guest = bench.boot(machine_with(way, path, "network.hostname=web1"))
    client = Agent(path)
    agent.append(client)
    client.sync()
    assert client.ask("guest-ping") == {}
    assert client.ask("guest-sync", id=2**63 - 1) == 2**63 - 1
    info = client.ask("guest-info")
    names = {command["name"] for command in info["supported_commands"]}
    assert {"guest-ping", "guest-shutdown", "guest-network-get-interfaces"} <= names
    (nic,) = client.ask("guest-network-get-interfaces")
    assert nic["name"] == "net0" and nic["hardware-address"] == MAC
    assert nic["ip-addresses"] == [{"ip-address-type": "ipv4", "ip-address": Lab.GUEST,
                                    "prefix": Lab.PREFIX}]
    guest.ping_answers()
    (later,) = client.ask("guest-network-get-interfaces")
    for name in ("rx-packets", "tx-packets", "rx-bytes", "tx-bytes"):
        assert later["statistics"][name] > nic["statistics"][name]
    assert client.ask("guest-get-host-name") == {"host-name": "web1"}
    assert client.ask("guest-get-osinfo")["id"] == "mote"
    assert client.ask("guest-get-timezone") == {"zone": "UTC", "offset": 0}
    assert len(client.ask("guest-get-vcpus")) == 1
    assert client.ask("guest-get-users") == client.ask("guest-get-fsinfo") == []
    assert client.ask("guest-fsfreeze-status") == "thawed"
    assert client.ask("guest-fsfreeze-freeze") == client.ask("guest-fsfreeze-thaw") == 0
    if not way.machine.startswith("microvm"):  # has no CMOS clock
        assert client.ask("guest-get-time") > 1.7e18
    assert client.answer("guest-exec")["error"]["class"] == "CommandNotFound"
    guest.serves()


@pytest.mark.parametrize("name", ["pc", "microvm", "isa"])
def test_garbage(bench: Bench, path: Path, agent: list[Agent], name: str) -> None:
    """Much of anything, then FFh and a command: it is answered, and HTTP meanwhile, too."""
    guest = bench.boot(machine_with(WAYS[name], path, "http.metrics=/metrics"))
    chance = Random(1)
    client = Agent(path)
    agent.append(client)
    client.sync()
    size = 1 << (12 if name == "isa" else 18)
    some = size // 16
    for noise in (chance.randbytes(size), b"{" * some, b'{"a":"' + b"x" * some, b"\n" * some):
        rest = memoryview(noise)
        while rest:
            ready = select.select([client.socket], [client.socket], [], ANSWER_S)
            assert any(ready), "the agent takes nothing any more"
            if ready[0]:
                client.socket.recv(65536)
            if ready[1]:
                rest = rest[client.socket.send(rest[:4096]):]
        client.sync()
        assert client.ask("guest-ping") == {}
        guest.http_answers()
    until(lambda: rests(guest), "the machine does not rest", 10)


@pytest.mark.parametrize("name", ["pc", "q35", "microvm", "isa"])
def test_client_that_never_reads(bench: Bench, path: Path, agent: list[Agent],
                                 name: str) -> None:
    """It gets stuck alone: HTTP goes on, the machine rests, and the next client is served."""
    guest = bench.boot(machine_with(WAYS[name], path, "http.metrics=/metrics"))
    deaf = Agent(path)
    agent.append(deaf)
    deaf.sync()
    deaf.socket.setblocking(False)
    command = b'{"execute":"guest-info"}\n' * 100

    def is_stuck() -> bool:
        while select.select([], [deaf.socket], [], 1)[1]:
            deaf.socket.send(command)
        return True

    if name != "isa":  # takes long to get there, 16 characters a millisecond
        until(is_stuck, "the client can send without end", 60)
    else:
        deaf.socket.send(command)
    guest.serves()
    if name != "isa":
        until(lambda: rests(guest), "the machine does not rest", 30)
    deaf.close()
    client = Agent(path)
    agent.append(client)
    client.sync()
    assert client.ask("guest-ping") == {}
    until(lambda: rests(guest), "the machine does not rest", 10)


@pytest.mark.parametrize("name", ["pc", "isa"])
def test_many_clients(bench: Bench, path: Path, agent: list[Agent], name: str) -> None:
    """One after the other, each leaving a command unfinished or an answer unread."""
    guest = bench.boot(machine_with(WAYS[name], path))
    for leaves in (b'{"execute":"guest-in', b'{"execute":"guest-info"}', b"\xff", b"{{{{", b""):
        for _ in range(4):
            client = Agent(path)
            client.sync()
            assert client.ask("guest-ping") == {}
            client.socket.sendall(leaves)
            client.close()
    guest.serves()


def test_dozing(bench: Bench, path: Path, agent: list[Agent]) -> None:
    """A command ends a doze, and no doze ends late because of it."""
    guest = bench.boot(machine_with(WAYS["q35"], path, "idle=doze\nhttp.metrics=/metrics"))
    client = Agent(path)
    agent.append(client)
    client.sync()
    for _ in range(20):
        select.select([], [], [], 0.05)
        assert client.ask("guest-ping") == {}
    with Client(guest.lab.connect()) as http:
        scraped = exposition.read(http.get("/metrics").body.decode())
    assert scraped.value("mote_loop_late_wakes_total") == 0
    assert not guest.console.find("don't arrive")


@pytest.mark.parametrize("mode", ["powerdown", "reboot"])
@pytest.mark.parametrize("name", ["pc", "q35", "microvm"])
def test_shutdown(bench: Bench, path: Path, agent: list[Agent], name: str, mode: str) -> None:
    guest = bench.boot(machine_with(WAYS[name], path))
    client = Agent(path)
    agent.append(client)
    client.sync()
    command = {"execute": "guest-shutdown", "arguments": {"mode": mode}}
    client.socket.sendall(json.dumps(command).encode() + b"\n")
    guest.wait_for_end(30)
