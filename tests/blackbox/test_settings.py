"""Settings from pack, SMBIOS, fw_cfg and command line: which take effect, and which are refused."""

import os
import random
import re
from pathlib import Path

import pytest

import frames
from conftest import Bench
from http_client import Client
from lab import Lab
from machine import MAC, Guest, Machine

ADDRESS = f"network.0.address={Lab.GUEST}/{Lab.PREFIX}"
MOST_BYTES = 16 * 1024  # limits::kSettingsFileBytes

SETTINGS = {
    "smbios": lambda line: Machine(settings=None, extra=("-smbios", f"type=11,value=mote:{line}")),
    "command line": lambda line: Machine(settings=None, command_line=f"mote.{line} quiet"),
    "fw_cfg": lambda line: Machine(settings=line),
}


@pytest.mark.parametrize("source", SETTINGS)
def test_static_address(bench: Bench, source: str) -> None:
    guest = bench.boot(SETTINGS[source]("network.0.address=192.0.2.2/24"))
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24 \(static\)$")
    guest.serves()


@pytest.mark.parametrize("boot", ["bios", "pvh"])
def test_static_address_from_the_pack(bench: Bench, boot: str) -> None:
    lines = ("network.hostname=baked", "network.0.address=192.0.2.2/24",
             "network.0.gateway=192.0.2.1", "http.port=8080")
    guest = bench.boot(Machine(settings=None, boot=boot), lines=lines)
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24 via 192\.0\.2\.1 \(static\)$")
    guest.console.wait_for(r"^http: port 8080,")
    guest.console.wait_for(r"^host: baked$")
    assert guest.console.lines[-2:] == ["http://192.0.2.2:8080/", "ready"]
    shown = bench.lab.run("curl", "-sf", "-o", "/dev/null", "-w", "%{http_code}",
                          f"http://{Lab.GUEST}:8080/").stdout
    assert shown == "200"


def test_later_sources_win(bench: Bench) -> None:
    """Pack, then SMBIOS, then fw_cfg, then the command line."""
    strings = ("-smbios", "type=11,value=mote:http.port=84,value=mote:network.hostname=hers,"
                          f"value=mote:{ADDRESS}")
    guest = bench.boot(Machine(settings="http.port=82\nnetwork.0.address=192.0.2.2/24",
                               command_line="mote.http.port=83", extra=strings),
                       lines=("http.port=81",))
    guest.console.wait_for(r"^http: port 83,")
    guest.console.wait_for(r"^host: hers$")
    guest.lab.connect(port=83).close()


@pytest.mark.parametrize("entry_point", ["32", "64"])
@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_oem_strings(bench: Bench, tmp_path: Path, machine: str, entry_point: str) -> None:
    """One from the command line, several lines from a file, and some that aren't ours."""
    lines = tmp_path / "lines.txt"
    lines.write_text(f"mote:{ADDRESS}\nhttp.health=/alive\nmote:http.port=0\n")
    strings = ("-smbios", "type=11,value=Mote:http.port=9,value=,value=mote:http.port=8080",
               "-smbios", f"type=11,path={lines}")
    guest = bench.boot(Machine(machine=machine, settings=None, extra=(
        "-machine", f"smbios-entry-point-type={entry_point}", *strings)))
    assert [line for line in guest.console.lines if line.startswith("settings")] == [
        "settings (smbios): cannot use http.port=0, ignored"]
    guest.console.wait_for(r"^http: port 8080,")
    with Client(guest.lab.connect(port=8080)) as client:
        client.socket.sendall(b"GET /alive HTTP/1.1\r\nHost: mote\r\n\r\n")
        assert client.response().status == 200


def test_address_by_hardware_address(bench: Bench) -> None:
    settings = ("network.0.address=192.0.2.9/24\n"
                "network.52:54:00:4D:6F:74.address=192.0.2.2/24")
    bench.boot(Machine(settings=settings)).serves()


def test_settings_that_make_no_sense_are_named(bench: Bench) -> None:
    """The boot goes on: none of them makes the machine unreachable."""
    wrong = ["http.port=0", "http.port=99999", "network.0.address=10.0.0.300/24", "nonsense",
             "network.0.mtu=10", "network.hostname=-x-", "=", "panic=perhaps",
             "network.9.address=192.0.2.7/24", "network.0.address=127.0.0.1/8"]
    good = "network.0.address=192.0.2.2/24"
    guest = bench.boot(Machine(settings="\n".join([good, "# a comment", "", *wrong])))
    named = [line for line in guest.console.lines if re.match(r"settings \(fw_cfg\)", line)]
    assert len(named) == len(wrong), named
    guest.serves()


def test_a_quiet_console_tells_trouble_only(bench: Bench) -> None:
    """Its first line, a wrong setting, a missing gateway, `ready`; later a link that goes, and
    that it is back. Name, addresses and URLs aren't told.
    """
    guest = bench.boot(Machine(machine="pc", settings=f"{Machine().settings}\nconsole=quiet\n"
                               "network.hostname=kitchen\nidle=doze\nhttp.port=0"))
    first, *others = guest.console.lines
    assert re.match(r"mote \d+\.\d+\.\d+ \(", first)
    assert others == ["settings (fw_cfg): cannot use http.port=0, ignored", "net0: no gateway",
                      "ready"]
    guest.serves()
    told = len(guest.console.lines)
    guest.ask("set_link", name="net0", up=False)
    guest.console.wait_for(r"^net0: link down$", start=told)
    guest.ask("set_link", name="net0", up=True)
    guest.console.wait_for(r"^net0: link up$", start=told)
    guest.serves()
    assert guest.console.lines[told:] == ["net0: link down", "net0: link up"]


def test_settings_of_noise(bench: Bench) -> None:
    """A file of random bytes stops nothing."""
    noise = random.Random(5).randbytes(2000).replace(b"\0", b"\1").decode("latin-1")
    guest = bench.start(Machine(settings=noise + "\nnetwork.0.address=192.0.2.2/24"))
    guest.ready().serves()


def largest_packet(guest: Guest) -> int:
    """The size of the largest IP packet in which the machine sends its front page."""
    sizes = []
    with guest.lab.raw() as ear:
        guest.http_answers()
        ear.settimeout(0)
        while True:
            try:
                frame, source = ear.recvfrom(65536)
            except BlockingIOError:
                return max(sizes)
            if source[4] == frames.mac(MAC):
                sizes.append(len(frame) - 14)


def test_mtu_from_settings(bench: Bench) -> None:
    # With offloads off the machine cuts its packets itself, so the capture shows the final ones.
    guest = bench.boot(Machine(settings=f"{ADDRESS}\nnetwork.0.mtu=1000\nnetwork.0.offload=off"))
    assert largest_packet(guest) == 1000


def test_rules_by_hardware_address_and_by_index_are_joined(bench: Bench) -> None:
    line = f"mote.network.{MAC}.mtu=1400 mote.{ADDRESS} mote.network.0.offload=off"
    guest = bench.boot(Machine(settings=None, command_line=line))
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24 \(static\)$")
    assert largest_packet(guest) == 1400


@pytest.mark.parametrize("kept", [len("http.po"), len("http.port=8"), len("http.port=808")])
def test_a_line_that_is_cut_is_not_used(bench: Bench, kept: int) -> None:
    """The file is longer than the limit; this much of its last line is within it."""
    padding = MOST_BYTES - kept - len(ADDRESS) - 2
    settings = f"{ADDRESS}\n{'#' * padding}\nhttp.port=8080"
    assert settings[:MOST_BYTES].endswith("\n" + "http.port=8080"[:kept])
    guest = bench.boot(Machine(settings=settings))
    guest.console.wait_for(r"^settings \(fw_cfg\): too long\b")
    assert len([line for line in guest.console.lines if line.startswith("settings")]) == 1
    guest.console.wait_for(r"^http: port 80,")
    guest.serves()


@pytest.mark.parametrize("source", SETTINGS)
def test_refusals_cannot_steer_a_terminal(bench: Bench, source: str) -> None:
    """Bytes other than plain text are not echoed to the console as they are."""
    escape = "\x1b[2J\x1b]0;owned\x07\x08\x7f\x9b5m\u202e"
    guest = bench.start(SETTINGS[source](f"http.port={escape}"))
    guest.console.wait_for(r"^settings \(.+\): cannot use http\.port=")
    refusals = [line for line in guest.console.lines if line.startswith("settings")]
    assert all(line.isascii() and line.isprintable() for line in refusals), refusals
    guest.is_alive()


def test_the_last_source_wins_whatever_it_names_the_nic_by(bench: Bench) -> None:
    guest = bench.boot(Machine(settings=f"network.{MAC}.address=192.0.2.9/24",
                               command_line=f"mote.{ADDRESS}"))
    guest.console.wait_for(r"^net0: 192\.0\.2\.2/24 \(static\)$")
    guest.serves()


def test_settings_for_a_nic_that_is_not_there_are_named(bench: Bench) -> None:
    guest = bench.boot(Machine(settings=f"{ADDRESS}\nnetwork.02:00:00:00:00:09.address=dhcp"))
    assert "settings: there is no NIC 02:00:00:00:00:09" in guest.console.lines
    guest.serves()


def test_route(bench: Bench) -> None:
    """An answer to a host beyond the subnet goes by its route; the command line's is in quotes."""
    bench.lab.run("ip", "addr", "add", "203.0.113.5/32", "dev", "lo")
    guest = bench.boot(Machine(settings=None, command_line=f"mote.{ADDRESS} "
                               'mote.network.0.routes="203.0.113.0/24 via 192.0.2.1"'))
    guest.console.wait_for(r"^net0: route 203\.0\.113\.0/24 via 192\.0\.2\.1$")
    guest.lab.run("curl", "-sf", "-o", os.devnull, "--interface", "203.0.113.5",
                  f"http://{Lab.GUEST}/")


def test_gateway(bench: Bench) -> None:
    """An answer to a host beyond the subnet goes through the gateway."""
    bench.lab.run("ip", "addr", "add", "203.0.113.5/32", "dev", "lo")
    guest = bench.boot(Machine(settings="network.0.address=192.0.2.2/24\n"
                                        "network.0.gateway=192.0.2.1"))
    bench.lab.run("ping", "-I", "203.0.113.5", "-c", "3", "-i", "0.05", "-w", "20", Lab.GUEST)
    guest.lab.run("curl", "-sf", "-o", os.devnull, "--interface", "203.0.113.5",
                  f"http://{Lab.GUEST}/")
