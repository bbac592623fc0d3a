"""The sieges: by which means, and beside Linux or not."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from lab import Lab, end, until
from machine import MAC, Guest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FLOOD = ROOT / "build/bench/flood"
ATTACKER = "192.0.2.50"
SETTLED_S = 0.5
MANGLED = (b"GET /index.html?query HTTP/1.1\r\nHost: mote.lan\r\nRange: bytes=0-99,200-\r\n"
           b"Accept-Encoding: gzip;q=0.5, br\r\nIf-None-Match: \"abc\", W/\"def\"\r\n\r\n"
           b"POST / HTTP/1.1\r\nHost: mote.lan\r\nTransfer-Encoding: chunked\r\n\r\n"
           b"5\r\nhello\r\n0\r\n\r\n")


class Excuse(Enum):
    """What a siege may do to honest requests."""

    NONE = auto()
    LATE = auto()  # frames are lost for a while: answers may be late, but no connection is cut
    CUT = auto()  # the machine goes back in time: open connections end, and new ones may be late


@dataclass(frozen=True)
class Siege:
    """One of the table's rows."""

    name: str
    attack: Callable[["Scene"], str]  # lasts `seconds`; returns its extent, for the table
    beside_linux: bool = False
    excuse: Excuse = Excuse.NONE


@dataclass
class Scene:
    """A machine under siege, and for how long."""

    lab: Lab
    guest: Guest
    seconds: int
    folder: Path


def flood(kind: str, rate: int) -> Callable[[Scene], str]:
    """Forged frames of one kind, so many a second."""
    def attack(scene: Scene) -> str:
        said = scene.lab.run(str(FLOOD), "mote0", MAC, Lab.GUEST, kind, str(rate),
                             str(scene.seconds), "1", timeout=scene.seconds + 60).stdout
        return f"{json.loads(said)['sent']:,} frames"
    return attack


def crowd(mode: str, count: int) -> Callable[[Scene], str]:
    """Connections that are slow on purpose."""
    def attack(scene: Scene) -> str:
        process = scene.lab.start(sys.executable, str(HERE / "slow.py"), Lab.GUEST, ATTACKER, mode,
                                  str(count), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)
        time.sleep(scene.seconds)
        said = json.loads(process.communicate(timeout=60)[0])
        return f"{said['opened']:,} connections, {said['ended']:,} ended by the server"
    return attack


def tool(scene: Scene, program: str, *options: str) -> str:
    """Other people's program, which ends in time or is ended."""
    process = scene.lab.start(program, *options, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(scene.seconds)
    end(process)
    return " ".join((program, *options[:3]))


def slow_http_test(mode: str, *more: str) -> Callable[[Scene], str]:
    return lambda scene: tool(scene, "slowhttptest", mode, "-c", "1000", "-r", "200", "-i", "10",
                              "-l", str(scene.seconds), "-u", f"http://{Lab.GUEST}/large.bin",
                              *more)


def mangled_requests(scene: Scene) -> str:
    """Requests in which zzuf has flipped bits, each on a connection of its own."""
    begun = time.monotonic()
    sent = 0
    while time.monotonic() < begun + scene.seconds:
        text = subprocess.run(["zzuf", f"-s{sent}", "-r0.001:0.1"], input=MANGLED, check=True,
                              stdout=subprocess.PIPE, timeout=60).stdout
        with scene.lab.connect(timeout=5) as connection, suppress(OSError):
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        sent += 1
    return f"{sent:,} mangled requests"


# --- What hosts do ---

def turns(what: str, act: Callable[[Guest], None], most: int) -> Callable[[Scene], str]:
    """The host acts on the machine again and again, evenly over the siege's time."""
    def attack(scene: Scene) -> str:
        begun = time.monotonic()
        for number in range(most):
            act(scene.guest)
            time.sleep(max(begun + scene.seconds * (number + 1) / most - time.monotonic(), 0.01))
        return f"{most} × {what}"
    return attack


def pause(guest: Guest) -> None:
    guest.ask("stop")
    time.sleep(SETTLED_S / 5)
    guest.ask("cont")


def flap(guest: Guest) -> None:
    guest.ask("set_link", name="net0", up=False)
    time.sleep(SETTLED_S / 10)
    guest.ask("set_link", name="net0", up=True)


def resets(scene: Scene) -> str:
    scene.guest.ask("set-action", reboot="reset")  # otherwise QEMU ends
    return turns("system_reset", lambda guest: guest.ask("system_reset"), 20)(scene)


def snapshots(scene: Scene) -> str:
    """The machine is saved, goes on for a while, and is put back to what it was."""
    file = scene.folder / "snapshots.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(file), "1G"], check=True,
                   timeout=60)
    scene.guest.ask("blockdev-add", **{"node-name": "snapshots", "driver": "qcow2",
                                       "file": {"driver": "file", "filename": str(file)}})

    def there_and_back(guest: Guest) -> None:
        for job, more in (("save", {"vmstate": "snapshots"}), ("load", {"vmstate": "snapshots"}),
                          ("delete", {})):
            guest.ask(f"snapshot-{job}", **{"job-id": job, "tag": "then",
                                            "devices": ["snapshots"], **more})
            until(lambda: guest.ask("query-jobs")[0]["status"] == "concluded", f"{job} ends")
            assert "error" not in (ended := guest.ask("query-jobs")[0]), ended["error"]
            guest.ask("job-dismiss", id=job)
    return turns("savevm, loadvm", there_and_back, 5)(scene)


FLOODS = ("syn", "syn-neighbours", "ack", "rst", "fin", "xmas", "null", "data", "syn-ack",
          "unmannered", "udp", "ping", "arp-requests", "arp-replies", "redirects", "unreachables",
          "teardrop", "overlapping", "incomplete", "beyond-the-end", "junk")
RATE = 20_000
MILLION = 34_000  # SYNs a second: a million in half a minute
OVERLOAD = 200_000

SIEGES = (
    *(Siege(kind, flood(kind, RATE), beside_linux=True) for kind in FLOODS),
    Siege("syn-million", flood("syn", MILLION), beside_linux=True),
    *(Siege(f"{kind}-overload", flood(kind, OVERLOAD), beside_linux=True)
      for kind in ("syn", "udp", "ping")),
    Siege("silent", crowd("silent", 5000), beside_linux=True),
    Siege("header", crowd("header", 1000), beside_linux=True),
    Siege("unread", crowd("unread", 1000), beside_linux=True),
    Siege("crawl", crowd("crawl", 1000), beside_linux=True),
    Siege("hping3", lambda scene: tool(scene, "hping3", "-q", "-S", "-p", "80", "-i", "u50",
                                       "--rand-source", Lab.GUEST), beside_linux=True),
    Siege("slow-header", slow_http_test("-H"), beside_linux=True),
    Siege("slow-body", slow_http_test("-B", "-s", "8192"), beside_linux=True),
    Siege("slow-range", slow_http_test("-R"), beside_linux=True),
    Siege("slow-read", slow_http_test("-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32"),
          beside_linux=True),
    Siege("nmap", lambda scene: tool(scene, "nmap", "-n", "-Pn", "-A", "-p-", "-T4", Lab.GUEST)),
    Siege("nmap-http", lambda scene: tool(scene, "nmap", "-n", "-Pn", "-p80", "--script",
                                          "http-*", Lab.GUEST)),
    Siege("masscan", lambda scene: tool(scene, "masscan", Lab.GUEST, "-p0-65535", "--rate",
                                        "20000", "-e", "mote0", "--router-mac",
                                        MAC.replace(":", "-"))),
    Siege("doona", lambda scene: tool(scene, "doona", "-m", "HTTP", "-t", Lab.GUEST)),
    Siege("zzuf", mangled_requests),
    Siege("pauses", turns("stop, cont", pause, 50)),
    Siege("link-flaps", turns("link off, on", flap, 100), excuse=Excuse.LATE),
    Siege("resets", resets, excuse=Excuse.CUT),
    Siege("snapshots", snapshots, excuse=Excuse.CUT),
)
BY_NAME = {siege.name: siege for siege in SIEGES}
