"""DHCP: dnsmasq started before and after the machine, renewal, refusal, and a lease's end."""

import re
import struct
from collections.abc import Iterator

import pytest

import dhcp
from conftest import Bench
from lab import Lab, until
from machine import MAC, Guest, Machine

BY_DHCP = Machine(settings=None)
# One that waits for long, and leaves the processor to others meanwhile.
WAITING = Machine(settings="idle=doze")
RESERVED = f"--dhcp-host={MAC},192.0.2.2"
URL = "http://192.0.2.2/"
GOT = r"^net0: 192\.0\.2\.2/24 via 192\.0\.2\.1 \(dhcp, lease 120 s\)$"


@pytest.fixture
def server(bench: Bench) -> Iterator[dhcp.SmallServer]:
    """A small server on the lab's wire; it grants 192.0.2.2 for an hour until told otherwise."""
    bench.wire = bench.lab.tap()
    server = dhcp.SmallServer(bench.lab, dhcp.grants("192.0.2.2", 3600))
    yield server
    server.close()


def dnsmasq_log(bench: Bench) -> str:
    return (bench.results / "dnsmasq.log").read_text()


@pytest.mark.parametrize("machine, boot", [("pc", "bios"), ("q35", "pvh"), ("microvm", "pvh")])
def test_server_before_the_machine(bench: Bench, machine: str, boot: str) -> None:
    """It names the machine, too."""
    wire = bench.lab.tap()
    dhcp.dnsmasq(bench.lab, bench.results, f"{RESERVED},larder")
    guest = bench.boot(Machine(machine=machine, boot=boot, settings=None), wire=wire)
    guest.console.wait_for(GOT)
    assert "host: larder" in guest.console.lines
    assert guest.console.lines[-2:] == [URL, "ready"]
    guest.serves()
    until(lambda: re.search(rf"DHCPACK\(mote0\) 192\.0\.2\.2 {MAC} larder\n", dnsmasq_log(bench)),
          "the host name in dnsmasq's lease")


def test_server_after_the_machine(bench: Bench) -> None:
    """The machine keeps asking, so it finds a server that comes late."""
    wire = bench.lab.tap()
    with bench.lab.raw() as ear:
        guest = bench.start(WAITING, wire=wire)
        guest.console.wait_for(r"^net0: virtio-net .* link up")
        asked = 0
        while asked < 2:
            frame = ear.recv(2048)
            asked += frame[12:14] == b"\x08\x00" and frame[36:38] == b"\x00\x43"
    assert not guest.console.find("^ready$")
    dhcp.dnsmasq(bench.lab, bench.results, RESERVED)
    guest.ready(deadline_s=90)
    guest.serves()


def test_no_server_is_said(bench: Bench) -> None:
    """Once; that it repeats each minute is left to the unit test, which owns its clock."""
    guest = bench.start(WAITING)
    guest.console.wait_for(r"^net0: no answer to DHCP yet, still asking$", deadline_s=90)
    assert len([line for line in guest.console.lines if "no answer" in line]) == 1
    guest.is_alive()


@pytest.mark.parametrize("name", ["kitchen-7", "h" * 63])
def test_host_name_from_settings(bench: Bench, server: dhcp.SmallServer, name: str) -> None:
    """Even the longest possible, beside all the options requested. The server's doesn't count."""
    server.policy = dhcp.grants("192.0.2.2", 3600, options={dhcp.HOST_NAME: b"larder"})
    guest = bench.boot(Machine(settings=f"network.hostname={name}"), wire=bench.wire)
    for kind in (dhcp.DISCOVER, dhcp.REQUEST):
        heard = next(message for message in server.heard if message.kind == kind)
        assert heard.options[dhcp.HOST_NAME] == name.encode()
    assert [line for line in guest.console.lines if "host:" in line] == [f"host: {name}"]


def test_without_a_host_name_none_is_sent(bench: Bench, server: dhcp.SmallServer) -> None:
    """Else all that aren't named would have the same, in the server's DNS, too."""
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    for message in server.heard:
        assert dhcp.HOST_NAME not in message.options
        assert dhcp.HOST_NAME in message.options[dhcp.PARAMETERS]
    assert not guest.console.find("^host:")


@pytest.mark.parametrize("name", [b"my_vm", b"-", b"\x1b[2Jx", b"a" * 255],
                         ids=["underscore", "hyphen", "escape", "long"])
def test_host_name_that_cannot_be(bench: Bench, server: dhcp.SmallServer, name: bytes) -> None:
    server.policy = dhcp.grants("192.0.2.2", 3600, options={dhcp.HOST_NAME: name})
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    assert [line for line in guest.console.lines if "host" in line] == [
        "net0: the host name from DHCP server 192.0.2.1 can't be: not used"]
    guest.serves()


def test_renewal_by_dnsmasq_is_unicast_at_half_the_lease(bench: Bench) -> None:
    """dnsmasq's shortest lease, two minutes, is renewed after one without a gap."""
    wire = bench.lab.tap()
    dhcp.dnsmasq(bench.lab, bench.results, RESERVED)
    guest = bench.boot(WAITING, wire=wire)
    acknowledged = dnsmasq_log(bench).count("DHCPACK")
    with bench.lab.raw() as ear:
        ear.settimeout(100)
        while True:
            frame = ear.recv(2048)
            if frame[12:14] == b"\x08\x00" and frame[36:38] == b"\x00\x43":
                break
        assert frame[30:34] == bytes([192, 0, 2, 1]), "renewing is by unicast (RFC 2131, 4.4.5)"
        message = dhcp.read(frame[42:], unicast=True)
    assert message.kind == dhcp.REQUEST and message.client == "192.0.2.2"
    until(lambda: dnsmasq_log(bench).count("DHCPACK") > acknowledged, "the renewal's DHCPACK")
    guest.serves()
    assert not guest.console.find("address lost")


def test_renewals_in_a_row(bench: Bench, server: dhcp.SmallServer) -> None:
    """Leases of four seconds: renewed again and again, on one TCP connection all the while."""
    server.policy = dhcp.grants("192.0.2.2", 4)
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    with bench.lab.connect() as connection:
        for number in range(1, 4):
            start = len(server.heard)
            message = server.wait_for(lambda message: message.kind == dhcp.REQUEST,
                                      f"renewal {number}", start)
            assert message.unicast and message.client == "192.0.2.2", number
            connection.sendall(b"HEAD / HTTP/1.1\r\nHost: m\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert not guest.console.find("address lost")


def test_silent_server_then_rebinding(bench: Bench, server: dhcp.SmallServer) -> None:
    """Without answers to renewals the machine asks all servers in time, and keeps the lease."""
    server.policy = dhcp.grants("192.0.2.2", 12)
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    granting = server.policy
    server.policy = lambda message: None if message.unicast else granting(message)
    server.wait_for(lambda message: message.kind == dhcp.REQUEST and not message.unicast
                    and message.client == "192.0.2.2", "rebinding")
    guest.serves()
    assert not guest.console.find("address lost")


def test_refused_renewal_starts_anew(bench: Bench, server: dhcp.SmallServer) -> None:
    """On DHCPNAK the machine gives up the address at once, then asks for another and takes it."""
    server.policy = dhcp.grants("192.0.2.2", 6)
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    other = dhcp.grants("192.0.2.3", 600)
    server.policy = lambda message: dhcp.Answer(dhcp.NAK) \
        if message.client == "192.0.2.2" or message.wanted == "192.0.2.2" else other(message)
    guest.console.wait_for(r"^net0: 192\.0\.2\.3/24")
    guest.console.wait_for(r"^http://192\.0\.2\.3/$")
    bench.lab.run("ping", "-c", "2", "-i", "0.05", "-w", "20", "192.0.2.3")
    silent = bench.lab.run("ping", "-c", "2", "-i", "0.05", "-W", "1", "192.0.2.2", check=False)
    assert silent.returncode != 0, "the old address must be gone"


def test_lease_that_ends(bench: Bench, server: dhcp.SmallServer) -> None:
    """Without any answer the address goes with its lease, and returns with the server."""
    server.policy = dhcp.grants("192.0.2.2", 6)
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    server.policy = lambda message: None
    guest.console.wait_for(r"^net0: address lost")
    silent = bench.lab.run("ping", "-c", "2", "-i", "0.05", "-W", "1", "192.0.2.2", check=False)
    assert silent.returncode != 0, "the address must be gone with its lease"
    said = len(guest.console.lines)
    server.policy = dhcp.grants("192.0.2.2", 600)
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24", deadline_s=120, start=said)
    guest.serves()
    assert guest.console.lines.count(URL) == 1, "no news"


def test_refused_request_at_first(bench: Bench, server: dhcp.SmallServer) -> None:
    """Offered and refused, then offered another."""
    refused = []

    def policy(message: dhcp.Message) -> dhcp.Answer | None:
        if message.kind == dhcp.REQUEST and not refused:
            refused.append(message)
            return dhcp.Answer(dhcp.NAK)
        return dhcp.grants("192.0.2.2", 600)(message)
    server.policy = policy
    guest = bench.boot(BY_DHCP, wire=bench.wire, deadline_s=90)
    assert refused
    guest.serves()


def test_lease_without_end_and_without_router(bench: Bench, server: dhcp.SmallServer) -> None:
    server.policy = dhcp.grants("192.0.2.2", 0xFFFFFFFF)
    guest = bench.boot(BY_DHCP, wire=bench.wire)
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24 .*lease without end")
    guest.serves()


NONSENSE = {
    "mask of zeros": {dhcp.MASK: bytes(4)},
    "mask with holes": {dhcp.MASK: bytes([255, 0, 255, 0])},
    "lease of no time": {dhcp.LEASE: bytes(4)},
    "option cut short": {dhcp.ROUTER: b"\x01"},
    "router without bytes": {dhcp.ROUTER: b""},
    "T1 behind T2": {dhcp.T1: struct.pack(">I", 900), dhcp.T2: struct.pack(">I", 10)},
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_ends_in_service(bench: Bench, server: dhcp.SmallServer, what: str) -> None:
    """A broken server's answers do no lasting harm: a later right one is accepted."""
    server.policy = dhcp.grants("192.0.2.2", 8, options=NONSENSE[what])
    guest = bench.start(WAITING, wire=bench.wire)
    server.wait_for(lambda message: message.kind == dhcp.REQUEST or len(server.heard) > 1, what)
    server.policy = dhcp.grants("192.0.2.2", 600)
    serving_again(guest)


def serving_again(guest: Guest) -> None:
    guest.ready(deadline_s=90)
    until(lambda: guest.lab.run("ping", "-c", "1", "-W", "1", "192.0.2.2",
                                check=False).returncode == 0, "ping", 60)
    guest.serves()


def test_address_that_another_host_has_is_declined(bench: Bench) -> None:
    """By RFC 5227's probe it shows; dnsmasq then gives another address, which is served."""
    wire = bench.lab.tap()
    bench.lab.run("ip", "addr", "add", f"{Lab.GUEST}/32", "dev", "lo")
    dhcp.dnsmasq(bench.lab, bench.results, RESERVED, "--dhcp-broadcast")
    guest = bench.start(WAITING, wire=wire)
    guest.console.wait_for(
        rf"^net0: 192\.0\.2\.2 is in use by {bench.lab.mac('mote0').hex(':')}: declined$")
    until(lambda: re.search(rf"DHCPDECLINE\(mote0\) 192\.0\.2\.2 {MAC}", dnsmasq_log(bench)),
          "DHCPDECLINE in dnsmasq's log")
    got = guest.console.wait_for(r"^net0: (192\.0\.2\.[56]\d)/24 via 192\.0\.2\.1 ", deadline_s=90)
    page = bench.lab.run("curl", "-s", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}",
                         f"http://{got[1]}/")
    assert page.stdout == "200"
