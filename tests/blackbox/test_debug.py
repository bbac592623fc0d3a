"""Debugging aids: gdb on a running machine, captures, and backtraces with names."""

import re
import shlex
import subprocess
import urllib.request
from pathlib import Path

import pytest

import captures
from front_door import mote, refused
from running import Running, free_port

pytestmark = pytest.mark.needs("image")

# Selects the function that takes frames from the ring, wherever it is on the stack.
TAKING = """python
import re
frame = gdb.newest_frame()
while not re.match("mote::[a-z0-9]+::Receive(Queue|Ring)::poll", frame.name() or ""):
    frame = frame.older()
frame.select()
end
"""
CURL = """python
import subprocess
subprocess.Popen(["curl", "-s", "-o", "/dev/null", "http://127.0.0.1:{port}/"])
end
"""


def fetch(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as response:
        response.read()


def typed_into_gdb(line: str, commands: list[str], folder: Path) -> str:
    """Starts gdb by the line that ./mote run --debug prints; returns its output."""
    program, *words = shlex.split(line)
    assert program == "gdb"
    (folder / "typed").write_text("\n".join(commands))
    done = subprocess.run(["gdb", "-batch", *words, "-x", folder / "typed"], text=True,
                          capture_output=True, timeout=200, check=False, cwd=folder)
    return done.stdout + done.stderr


def test_gdb_stops_a_machine_and_knows_its_structures(running: list[Running],
                                                      tmp_path: Path) -> None:
    port = free_port()
    one = Running("--debug", port=port)
    running.append(one)
    line = one.line(r"^waits for gdb; in another terminal: (gdb .+)$")[1]
    said = typed_into_gdb(line, [
        "break kernel_main", "continue", "break mote::http::Connection::serve",
        CURL.format(port=port), "continue", "backtrace 1", "print *this",
        "mote-connections", *(f"print (mote::PacketIndex){index}" for index in range(8)),
        ], tmp_path)
    connection = (r"connection from 10\.0\.2\.2:\d+, \w+, ESTABLISHED, 0 bytes unacknowledged, "
                  r"window \d+")
    for pattern in (
            r"^Breakpoint 1, kernel_main \(.*\) at firmware/main\.cpp:\d+$",
            r"^#0 .*mote::http::Connection::serve \(",
            rf"^\$1 = {connection}$",
            rf"^0x[0-9a-f]+: {connection}\n1 connections$",
            r"^\$\d = packet \d at 0x[0-9a-f]+: 52:55:0a:00:02:02 > 52:54:00:12:34:56, IPv4 "
            r"10\.0\.2\.2:\d+ > 10\.0\.2\.15:80, TCP, \d+ bytes$"):
        assert re.search(pattern, said, re.M), f"nothing like /{pattern}/ in:\n{said}"
    one.line("^ready$")  # gdb has left, and the machine goes on
    fetch(port)


@pytest.mark.parametrize(("nic", "member", "shown"), [
    ("virtio", "ring_", r"split ring of 256: \d+ chains lent, \d+ of them unpublished, \d+ to be "
     "taken back"),
    ("e1000", "*this", r"receive ring: \d+ of \d+ lent, \d+ taken back"),
    ("vmxnet3", "heads_", r"buffer ring: \d+ of \d+ lent, \d+ of them unpublished")])
def test_gdb_knows_each_drivers_rings(running: list[Running], tmp_path: Path, nic: str,
                                      member: str, shown: str) -> None:
    port = free_port()
    one = Running("--debug", "--nic", nic, port=port)
    running.append(one)
    line = one.line(r"^waits for gdb; in another terminal: (gdb .+)$")[1]
    said = typed_into_gdb(line, ["break mote::http::Connection::serve",
                                 CURL.format(port=port), "continue", TAKING, f"print {member}"],
                          tmp_path)
    assert re.search(rf"^\$1 = {shown}$", said, re.M), said


# Makes Mote's memset store a byte in its own code, as if the current function had called it.
STORE = ["set var $rdi = (long)&__text_start", "set var $rsi = 0", "set var $rdx = 1",
         "set var $pc = (long)&memset", "detach"]


def test_a_panic_tells_functions_and_lines(running: list[Running], tmp_path: Path) -> None:
    """On the console of ./mote run, and by ./mote symbolize from its saved output."""
    port = free_port()
    one = Running("--debug", port=port)
    running.append(one)
    line = one.line(r"^waits for gdb; in another terminal: (gdb .+)$")[1]
    typed_into_gdb(line, ["break mote::http::Connection::serve", CURL.format(port=port),
                          "continue", *STORE], tmp_path)
    lines = one.lines_until(r" long_mode, boot/long_mode\.asm")
    end = lines.index("resetting")
    assert any(line.startswith("panic: page fault, vector 14, error 3") for line in lines[:end])
    assert lines[end + 1] == "backtrace, by build/kernel.elf:"
    told = lines[end + 2:]
    assert re.search(r" inlined in memset\b", told[1]), told
    assert any(re.match(r"  [0-9a-f]{16} tcp_input, build/lwip/src/core/tcp_in\.c:\d+$", line)
               for line in told), told
    assert any(re.match(r" +inlined in mote::netstack::\S+, netstack/interface/\w+\.[ch]pp:\d+$",
                        line) for line in told), told
    log = tmp_path / "serial.log"
    log.write_text("\r\n".join(lines[:end + 1]) + "\r\n")
    named = mote("symbolize", log)
    assert named.returncode == 0 and named.stdout.splitlines()[-len(told):] == told


def test_a_capture_has_what_the_network_card_sees(running: list[Running], tmp_path: Path) -> None:
    port = free_port()
    capture = tmp_path / "a,b.pcap"
    one = Running("--pcap", str(capture), port=port)
    running.append(one)
    one.line("^ready$")
    fetch(port)
    one.close()
    seen = [frame for _, frame in captures.frames(capture)]
    assert any(b"GET / HTTP/1.1\r\n" in frame for frame in seen)
    assert any(b"HTTP/1.1 200 OK\r\n" in frame for frame in seen)


def test_a_capture_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    assert "nowhere is not there" in refused("run", "--pcap", tmp_path / "nowhere/a.pcap")
