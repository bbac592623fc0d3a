"""Checksums on the wire, made by the device or, with offloads off, by Mote."""

import pytest

import captures
import sites
from conftest import Bench
from images import Images
from lab import Lab
from machine import MAC, Machine
from test_loss import boot_on_cable

MODELS = ("virtio-net-pci", "e1000", "vmxnet3")


@pytest.mark.parametrize("offload", ["on", "off"])
@pytest.mark.parametrize("model", MODELS)
def test_every_checksum_is_right(bench: Bench, images: Images, model: str, offload: str) -> None:
    site = images.once("large-1", lambda out: sites.large(out, 1))
    settings = f"{Machine().settings}\nnetwork.{MAC}.offload={offload}"
    guest = boot_on_cable(bench, site, Machine(nic=model, memory_mib=32, settings=settings),
                          (0, 0, 0))
    line = guest.console.wait_for(r"^net0: .*, link .*").string
    assert line.endswith(", offloads off") == (offload == "off"), line
    bench.lab.run("curl", "-sf", "-o", "/dev/null", f"http://{Lab.GUEST}/large.bin")
    for size in ("56", "8000"):
        bench.lab.run("ping", "-c", "2", "-i", "0.05", "-w", "20", "-s", size, Lab.GUEST)
    guest.stop()
    capture = guest.results / "capture.pcap"
    captures.make_readable(capture)
    mac = bytes.fromhex(MAC.replace(":", ""))
    sent = [frame for _, frame in captures.frames(capture) if frame[6:12] == mac]
    # The capture keeps 2048 bytes of a frame: all of it, except for segments not cut yet.
    assert sum(len(frame) for frame in sent) > 1 << 20
    for frame in sent:
        captures.check_checksums(frame)


@pytest.mark.parametrize("model", MODELS)
def test_off_beside_a_host_that_leaves_sums_unfinished(bench: Bench, model: str) -> None:
    """A tap of the host's own stack, which leaves checksums unfinished for virtio."""
    guest = bench.boot(Machine(nic=model,
                               settings=f"{Machine().settings}\nnetwork.0.offload=off"))
    guest.serves()
