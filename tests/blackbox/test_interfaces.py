"""NICs whose addresses don't tell them apart: an answer leaves by the NIC its question came to."""

import pytest

from conftest import Bench
from lab import Lab
from machine import Machine

OTHER_HOST = "192.0.2.3"
SECOND_MAC = "52:54:00:4d:6f:75"


@pytest.mark.parametrize("address", [Lab.GUEST, "192.0.2.4"])
def test_two_wires_of_one_subnet(bench: Bench, address: str) -> None:
    """The second NIC has the first one's address, or another one in the same subnet."""
    first = bench.lab.tap()
    second = bench.lab.tap("mote1", address=f"{OTHER_HOST}/24")
    for interface in ("all", "mote0", "mote1"):
        bench.lab.set_kernel(f"net/ipv4/conf/{interface}/rp_filter", "0")
        bench.lab.set_kernel(f"net/ipv4/conf/{interface}/arp_ignore", "1")
    settings = Machine().settings + f"\nnetwork.1.address={address}/24"
    guest = bench.boot(Machine(settings=settings, extra=(
        "-netdev", f"tap,id=net1,fd={second}", "-device",
        f"e1000,netdev=net1,mac={SECOND_MAC},romfile=")), wire=first, more_wires=(second,))
    guest.console.wait_for(rf"^net1: {address}/24 \(static\)$")
    told = [line for line in guest.console.lines if line.startswith("http://")]
    assert told == [f"http://{known}/" for known in sorted({Lab.GUEST, address})]
    for wire, wanted in (("mote0", Lab.GUEST), ("mote1", address)):
        for size in ("56", "8000"):
            bench.lab.run("ping", "-I", wire, "-c", "3", "-i", "0.05", "-w", "20", "-s", size,
                          wanted)
        shown = bench.lab.run("curl", "-sf", "--max-time", "30", "--interface", wire, "-o",
                              "/dev/null", "-w", "%{http_code}", f"http://{wanted}/").stdout
        assert shown == "200"
