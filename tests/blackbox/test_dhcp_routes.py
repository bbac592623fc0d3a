"""Routes out of the subnet: classless ones by dnsmasq, none, and servers that disagree."""

import struct
import time

import pytest

import dhcp
import exposition
from conftest import Bench
from lab import Lab, until
from machine import MAC, Guest, Machine

FAR = "203.0.113.5"  # a client beyond the gateway
METRICS = "http.metrics=/metrics"
RESERVED = f"--dhcp-host={MAC},{Lab.GUEST}"
ALONE = "--dhcp-option=1,255.255.255.255"


def boot(bench: Bench, *options: str, router: str | None = None) -> Guest:
    wire = bench.lab.tap()
    bench.lab.run("ip", "addr", "add", f"{FAR}/32", "dev", "lo")
    dhcp.dnsmasq(bench.lab, bench.results, RESERVED, *options, router=router)
    return bench.boot(Machine(settings=METRICS), wire=wire)


def status_for(guest: Guest, client: str, deadline_s: int = 20) -> str:
    """The status that an HTTP client with this address gets; 000: no answer."""
    return guest.lab.run("curl", "-s", "--max-time", str(deadline_s), "--interface", client, "-o",
                         "/dev/null", "-w", "%{http_code}", f"http://{Lab.GUEST}/",
                         check=False).stdout


def has_way_out(guest: Guest) -> bool:
    text = guest.lab.run("curl", "-sf", "--max-time", "20", "--interface", Lab.HOST,
                         f"http://{Lab.GUEST}/metrics").stdout
    return exposition.read(text).value("mote_interface_way_out", interface="net0") == 1


# As Google Cloud, Hetzner Cloud and Scaleway lease: a single address as its own network, a link
# route to the gateway, and everything else by the gateway (RFC 3442). cloud-init and Talos users
# meet these.
@pytest.mark.parametrize("code", [121, 249])
def test_an_address_alone_in_its_network(bench: Bench, code: int) -> None:
    guest = boot(bench, ALONE,
                 f"--dhcp-option-force={code},192.0.2.1/32,0.0.0.0,0.0.0.0/0,192.0.2.1")
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/32 via 192\.0\.2\.1 \(dhcp, lease 120 s\)$")
    guest.console.wait_for(r"^net0: route 192\.0\.2\.1/32 on the link$")
    assert status_for(guest, FAR) == "200"
    assert status_for(guest, Lab.HOST) == "200"
    assert has_way_out(guest)


def test_classless_routes_go_before_the_router(bench: Bench) -> None:
    """Here nobody is behind the Router option, but the classless routes are good (RFC 3442)."""
    guest = boot(bench, "--dhcp-option=121,203.0.113.0/24,192.0.2.1", router="192.0.2.77")
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24 \(dhcp, lease 120 s\)$")
    guest.console.wait_for(r"^net0: route 203\.0\.113\.0/24 via 192\.0\.2\.1$")
    guest.console.wait_for(r"^net0: no gateway$")
    assert status_for(guest, FAR) == "200"
    assert not has_way_out(guest)


def test_no_way_out_is_said(bench: Bench) -> None:
    guest = boot(bench)
    guest.console.wait_for(r"^net0: no gateway$")
    assert not has_way_out(guest)
    assert status_for(guest, FAR, deadline_s=2) == "000"
    guest.serves()


def test_many_routes_take_several_options(bench: Bench) -> None:
    """More than an option holds (RFC 3396), and more than we have room for; the gateway must
    work."""
    routes = b"".join(bytes([24, 10, 9, number, 192, 0, 2, 9]) for number in range(40))
    routes += bytes([0, 192, 0, 2, 1])
    wire = bench.lab.tap()
    bench.lab.run("ip", "addr", "add", f"{FAR}/32", "dev", "lo")
    server = dhcp.SmallServer(bench.lab, dhcp.grants(Lab.GUEST, 600, options={121: routes}))
    bench.on_close(server.close)
    guest = bench.boot(Machine(settings=None), wire=wire)
    guest.console.wait_for(r"^net0: more than 16 routes from DHCP server 192\.0\.2\.1: the first ")
    assert status_for(guest, FAR) == "200"


UNUSABLE = {
    "broadcast": ("255.255.255.255", {}, r"255\.255\.255\.255/24 from .* is the broadcast address"),
    "loopback": ("127.0.0.1", {}, r"127\.0\.0\.1/24 from .* is a loopback address"),
    "the network's": ("192.0.2.0", {}, r"192\.0\.2\.0/24 from .* is its subnet's own address"),
    "no lease": (Lab.GUEST, {dhcp.LEASE: bytes(4)}, r"192\.0\.2\.2 from .* no lease time"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_an_unusable_offer_is_refused_in_words(bench: Bench, what: str) -> None:
    """And the search goes on: a good offer is taken."""
    address, options, words = UNUSABLE[what]
    wire = bench.lab.tap()
    server = dhcp.SmallServer(bench.lab, dhcp.grants(address, 600, options=options))
    bench.on_close(server.close)
    guest = bench.start(Machine(settings=None), wire=wire)
    guest.console.wait_for(rf"^net0: {words}: refused$")
    server.wait_for(lambda message: len(server.heard) >= 2, "another question")
    assert all(message.kind == dhcp.DISCOVER for message in server.heard)
    server.policy = dhcp.grants(Lab.GUEST, 600)
    guest.ready(deadline_s=90)
    guest.serves()
    assert len([line for line in guest.console.lines if line.endswith(": refused")]) == 1


def test_an_unusable_gateway_leaves_the_address(bench: Bench) -> None:
    wire = bench.lab.tap()
    itself = {dhcp.ROUTER: bytes([192, 0, 2, 2])}
    server = dhcp.SmallServer(bench.lab, dhcp.grants(Lab.GUEST, 600, options=itself))
    bench.on_close(server.close)
    guest = bench.boot(Machine(settings=None), wire=wire)
    guest.console.wait_for(r"^net0: gateway 192\.0\.2\.2 from .* is our own address: not used$")
    guest.serves()


def test_times_out_of_order(bench: Bench) -> None:
    """T1 beyond the lease (RFC 2131, 4.4.5): still renewed after half of it."""
    wire = bench.lab.tap()
    late = {dhcp.T1: struct.pack(">I", 5000), dhcp.T2: struct.pack(">I", 6000)}
    server = dhcp.SmallServer(bench.lab, dhcp.grants(Lab.GUEST, 8, options=late))
    bench.on_close(server.close)
    guest = bench.boot(Machine(settings=None), wire=wire)
    guest.console.wait_for(r"^net0: DHCP server .* T1 5000 s and T2 6000 s of 8 s: 4 s and 7 s are")
    server.wait_for(lambda message: message.client == Lab.GUEST and message.unicast, "a renewal")
    assert not guest.console.find("address lost")


# Each of the two servers refuses the other's offers (dnsmasq and ISC dhcpd do so when both are
# "authoritative"). lwIP's own client sent 15,000 messages in five seconds.
def test_two_servers_that_disagree_make_no_storm(bench: Bench) -> None:
    wire = bench.lab.tap()

    def refuse(message: dhcp.Message) -> dhcp.Answer | None:
        return dhcp.Answer(dhcp.NAK) if message.kind == dhcp.REQUEST else None
    offering = dhcp.grants(Lab.GUEST, 600)
    servers = [dhcp.SmallServer(bench.lab, lambda message: offering(message)
                                if message.kind == dhcp.DISCOVER else None),
               dhcp.SmallServer(bench.lab, refuse)]
    for server in servers:
        bench.on_close(server.close)
    guest = bench.start(Machine(settings=None), wire=wire)
    guest.console.wait_for(r"^net0: DHCP server 192\.0\.2\.1 refuses our request, asking anew$")
    refused = time.monotonic()
    until(lambda: [message.kind for message in servers[1].heard].count(dhcp.DISCOVER) >= 3,
          "two more questions", 60)
    # After about 4 and 8 seconds; a slow host can only make it longer.
    assert time.monotonic() - refused > 8
    servers[0].policy = offering
    servers[1].policy = lambda message: None
    guest.ready(deadline_s=90)
    guest.serves()


def test_the_refusal_of_another_server_is_none(bench: Bench) -> None:
    """A server that wasn't asked (another identifier) can't keep the machine from its lease."""
    wire = bench.lab.tap()
    other = {dhcp.SERVER: bytes([192, 0, 2, 99])}

    def refuse(message: dhcp.Message) -> dhcp.Answer | None:
        return dhcp.Answer(dhcp.NAK, options=other) if message.kind == dhcp.REQUEST else None
    bench.on_close(dhcp.SmallServer(bench.lab, refuse).close)
    server = dhcp.SmallServer(bench.lab, dhcp.grants(Lab.GUEST, 600))
    bench.on_close(server.close)
    guest = bench.boot(Machine(settings=None), wire=wire)
    assert [message.kind for message in server.heard].count(dhcp.DISCOVER) == 1
    guest.serves()


# Some clouds use 240/4 internally (AWS, Google).
def test_an_address_of_the_reserved_class(bench: Bench) -> None:
    wire = bench.lab.tap(address=None)
    bench.lab.run("ip", "addr", "add", "240.1.2.1/24", "dev", "mote0")
    guest = bench.boot(Machine(settings="network.0.address=240.1.2.2/24"), wire=wire)
    bench.lab.run("ping", "-c", "2", "-i", "0.05", "-w", "20", "240.1.2.2")
    with bench.lab.connect(address="240.1.2.2") as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    guest.is_alive()


def test_a_link_of_two_hosts(bench: Bench) -> None:
    """RFC 3021: in a /31 the highest address is the other host, not a broadcast address."""
    wire = bench.lab.tap(address=None)
    bench.lab.run("ip", "addr", "add", "192.0.2.3/31", "dev", "mote0")
    guest = bench.boot(Machine(settings="network.0.address=192.0.2.2/31"), wire=wire)
    guest.serves()


@pytest.mark.parametrize("gateway, words", [
    ("192.0.2.2", "our own address"), ("192.0.2.255", "its subnet's broadcast address"),
    ("198.51.100.1", "neither on our subnet nor on a route to our link")])
def test_static_gateways_that_cannot_be(bench: Bench, gateway: str, words: str) -> None:
    """The console names them and the boot goes on; in mote.toml the packer refuses them."""
    settings = f"network.0.address={Lab.GUEST}/24\nnetwork.0.gateway={gateway}"
    guest = bench.boot(Machine(settings=settings))
    guest.console.wait_for(rf"^net0: gateway {gateway} is {words}: not used$")
    guest.serves()
