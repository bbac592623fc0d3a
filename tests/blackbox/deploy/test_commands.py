"""The commands of docs/deploy/, run as they stand: Mote, QEMU and HAProxy for real."""

import gzip
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from conftest import Bench
from deploy_pages import HOME_PAGE, PAGES, Run, commands_of
from lab import ENVIRONMENT, Lab, until
from machine import QEMU, Machine

pytestmark = pytest.mark.needs("image")

FRONT_PAGE = b"GET / HTTP/1.1\r\nHost: mote\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("page", PAGES)
def test_commands(page: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    run = Run(page, tmp_path)
    assert {call[0] for call in run.calls()} == {one.name for one in commands_of(page)}
    if page in IN_EARNEST:
        IN_EARNEST[page](request.getfixturevalue("bench"), run)
    assert page in IN_EARNEST or not any("checked" in one.entry for one in commands_of(page))


def answers(lab: Lab, port: int) -> bool:
    """Whether the site's front page is served on a port of the lab itself."""
    response = b""
    with lab.connect(port, "127.0.0.1") as connection:
        connection.sendall(FRONT_PAGE)
        while piece := connection.recv(65536):
            response += piece
    return response.startswith(b"HTTP/1.1 200 ") and response.endswith(HOME_PAGE.encode())


class Started:
    """A QEMU, started by its own words in the lab, whose console is its output."""

    def __init__(self, bench: Bench, words: list[str], folder: Path) -> None:
        self.port = int(re.search(r"hostfwd=tcp:127\.0\.0\.1:(\d+)", " ".join(words))[1])
        self._log = folder / f"{self.port}.log"
        with self._log.open("wb") as log:
            self.process = bench.lab.start(QEMU, *words[1:], cwd=folder, stdout=log,
                                           stderr=subprocess.STDOUT)
        until(lambda: self.process.poll() is not None or "ready" in self.lines, "ready", 120)
        assert self.process.poll() is None, self.lines

    @property
    def lines(self) -> list[str]:
        return self._log.read_text(errors="replace").splitlines()


def qemu(bench: Bench, run: Run) -> None:
    calls = run.calls_of(QEMU)
    assert len(calls) == 2
    for words in calls:
        assert answers(bench.lab, Started(bench, words, run.work).port)
    unit(bench, run)


def unit(bench: Bench, run: Run) -> None:
    """Starts and stops what the unit says, as systemd would: specifiers, variables, $MAINPID."""
    text = (run.root / "etc/systemd/system/mote@.service").read_text().replace("\\\n", " ")
    settings = (run.root / "etc/mote/web1.conf").read_text()
    places = {"%i": "web1", "%t": str(run.work), "/var/lib/": f"{run.root}/var/lib/",
              **{f"${{{name}}}": value for name, value in re.findall(r"(\w+)=(.*)", settings)}}
    (run.work / "mote-web1").mkdir()

    def words(key: str) -> list[str]:
        line = re.search(rf"^{key}=(.*)$", text, re.M)[1]
        for name in [*places, "/var/lib/"] if key == "ExecStart" else ["%i", "%t"]:
            if name != "/var/lib/" or str(run.root) not in line:
                line = line.replace(name, places[name])
        return shlex.split(line)

    program, *fifos = words("ExecStartPre")
    assert program == "/usr/bin/mkfifo"
    for path in fifos:
        os.mkfifo(path)
    started = Started(bench, words("ExecStart"), run.work)
    assert answers(bench.lab, started.port)
    shell, option, script = words("ExecStop")
    assert (shell, option) == ("/bin/sh", "-c")
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL,
                          env=ENVIRONMENT | {"MAINPID": str(started.process.pid)}) as stopping:
        assert started.process.wait(60) == 0  # it must be collected, or the script sees it still
        assert stopping.wait(20) == 0
    assert started.lines[-2:] == ["power: button pressed, 0 responses in delivery", "power: off"]


def balanced(bench: Bench, run: Run) -> None:
    """HAProxy accepts its file, and finds the one of its two machines that is there."""
    (words,) = run.calls_of("haproxy")
    subprocess.run(["haproxy", *words[1:]], cwd=run.work, check=True, timeout=60)
    bench.boot(Machine(settings="network.0.address=192.0.2.11/24\nidle=doze"),
               site=run.work.parent / "home/site")
    bench.lab.start("haproxy", "-db", "-f", str(run.root / "etc/haproxy/haproxy.cfg"),
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: listens(bench.lab), "HAProxy")
    assert all(answers(bench.lab, 80) for _ in range(4))


def listens(lab: Lab) -> bool:
    try:
        lab.connect(80, "127.0.0.1").close()
    except ConnectionRefusedError:
        return False
    return True


def written(bench: Bench, run: Run) -> None:
    """The rescue system's disk is the image, byte for byte, and boots."""
    disk = run.state / "disk.img"
    assert disk.read_bytes() == gzip.decompress((run.work / "site.img.gz").read_bytes())
    bench.boot(Machine(boot="bios", disk="virtio-scsi", memory_mib=16), image=disk).serves()


def pushed(bench: Bench, run: Run) -> None:
    """skopeo finds the image by the name in the guide, and copies it, to a folder."""
    (words,) = run.calls_of("skopeo")
    subprocess.run(["skopeo", "copy", words[2], f"dir:{run.work}/copy"], cwd=run.work, check=True,
                   timeout=60, stdout=subprocess.DEVNULL)


IN_EARNEST = {"qemu": qemu, "load-balancing": balanced, "hetzner": written, "kubevirt": pushed}
