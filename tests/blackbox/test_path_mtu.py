"""Clients behind a 1,400-byte link, such as a VPN or tunnel, whose far end loses fragments.

A real router, the lab's kernel, reports packets that it can't pass on (RFC 1191); real clients are
behind it. nginx's responses arrive at once; without path MTU discovery, none would.

    QEMU - mote0 = lab = near0 - far0 = a client's own namespace
"""

import os

import pytest

import sites
from conftest import Bench
from lab import Lab, until
from machine import Guest, Machine

NICS = ["virtio-net-pci", "virtio-net-pci,host_tso4=off", "e1000", "vmxnet3"]
LINK_MTU = 1400
CLIENT = "198.51.100.2"
ROUTER = "198.51.100.1"


class FarClient:
    """A namespace behind the lab's, on a narrow link that its TCP doesn't know about."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        process = lab.start("unshare", "-n", "sleep", "infinity")
        outside = os.readlink("/proc/self/ns/net")
        lab_itself = lab.run("readlink", "/proc/self/ns/net").stdout.strip()
        until(lambda: os.readlink(f"/proc/{process.pid}/ns/net") not in (outside, lab_itself),
              "no namespace of the client's own")
        self._enter = ["nsenter", "-n", "-t", str(process.pid), "--"]
        lab.run("ip", "-batch", "-", input=(
            f"link add near0 mtu {LINK_MTU} type veth peer name far0 mtu {LINK_MTU}\n"
            f"link set far0 netns {process.pid}\n"
            f"addr add {ROUTER}/24 dev near0\nlink set near0 up\n"))
        lab.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        self.run("ip", "-batch", "-", input=(
            f"addr add {CLIENT}/24 dev far0\nlink set far0 up\nlink set lo up\n"
            f"route add default via {ROUTER} mtu {LINK_MTU} advmss 1460\n"))

    def run(self, *command: str, input: str | None = None) -> str:
        return self._lab.run(*self._enter, *command, input=input).stdout

    def lose_fragments(self) -> None:
        """Drops fragments, like far ends without memory for them or behind a firewall."""
        self.run("sh", "-c", "cd /proc/sys/net/ipv4; echo 0 > ipfrag_low_thresh; "
                             "echo 0 > ipfrag_high_thresh")


@pytest.fixture(params=NICS)
def guest(request: pytest.FixtureRequest, bench: Bench) -> Guest:
    site = bench.images.once("large-1", lambda out: sites.large(out, 1))
    settings = f"{Machine().settings}\nnetwork.0.gateway={Lab.HOST}"
    return bench.boot(Machine(nic=request.param, memory_mib=64, settings=settings), site=site)


@pytest.fixture
def client(guest: Guest) -> FarClient:
    return FarClient(guest.lab)


def messages_sent(lab: Lab) -> int:
    """How many times the router has reported that it can't pass a packet on."""
    names, values = (line.split() for line in lab.run("cat", "/proc/net/snmp").stdout.splitlines()
                     if line.startswith("Icmp:"))
    return int(values[names.index("OutDestUnreachs")])


def fetch(client: FarClient, bench: Bench, name: str) -> bytes:
    out = bench.results / name
    client.run("curl", "-sf", "--max-time", "40", "-o", str(out), f"http://{Lab.GUEST}/large.bin")
    return out.read_bytes()


def test_responses_come_through(guest: Guest, client: FarClient, bench: Bench) -> None:
    """The first connection learns the path's MTU, and later ones know it."""
    client.lose_fragments()
    expected = (bench.images.once("large-1", lambda out: sites.large(out, 1))
                / "large.bin").read_bytes()
    assert fetch(client, bench, "first") == expected
    before = messages_sent(guest.lab)
    assert before > 0
    assert fetch(client, bench, "second") == expected
    assert messages_sent(guest.lab) == before
    guest.serves()


@pytest.mark.parametrize("size", ["56", "1372", "1373", "1472", "3000"])
def test_pings_come_through(client: FarClient, size: str) -> None:
    """Larger pings come in fragments, and so may the answers: they have no DF, as on Linux."""
    client.run("ping", "-c", "2", "-i", "0.05", "-w", "30", "-s", size, "-M", "dont", Lab.GUEST)
