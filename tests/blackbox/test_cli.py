"""The front door as people use it: ./mote image and ./mote run, and their answers to mistakes."""

import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import sites
from conftest import ROOT, Bench
from lab import until
from machine import Machine
from running import MOTE, Running, free_port

pytestmark = pytest.mark.needs("image")


def mote(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([MOTE, *map(str, arguments)], text=True, capture_output=True,
                          timeout=300, check=False, **options)


@pytest.mark.parametrize("ending", ["img", "qcow2", "vmdk", "elf"])
def test_image_is_deterministic(site: Path, tmp_path: Path, ending: str) -> None:
    made = []
    for name in ("first", "second"):
        out = tmp_path / f"{name}.{ending}"
        result = mote("image", site, "-o", out)
        assert result.returncode == 0, result.stderr
        assert re.fullmatch(rf"{out}: [\d.,]+ \w+, {len(sites.files(site))} files",
                            result.stdout.splitlines()[-1]), result.stdout
        made.append(out.read_bytes())
    assert made[0] == made[1]


def test_raw_image_is_no_larger_than_its_contents_need(site: Path, tmp_path: Path) -> None:
    out = tmp_path / "site.img"
    assert mote("image", site, "-o", out).returncode == 0
    content = sum((site / name).stat().st_size for name in sites.files(site))
    assert out.stat().st_size < content + 1280 * 1024


def test_image_replaces_whole_or_not_at_all(tmp_path: Path) -> None:
    """A site that can't be packed leaves the previous image untouched, and no other file."""
    out = tmp_path / "site.img"
    out.write_bytes(b"former")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert mote("image", empty, "-o", out).returncode == 2
    assert out.read_bytes() == b"former"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "site.img"]


def mistakes(tmp_path: Path) -> Iterator[tuple[list[str], str]]:
    """Unusable arguments, and a word that the complaint must contain."""
    good = tmp_path / "good"
    good.mkdir()
    (good / "index.html").write_text("x")
    outward = tmp_path / "outward"
    outward.mkdir()
    (outward / "link").symlink_to("/etc/passwd")
    bad_name = tmp_path / "bad-name"
    bad_name.mkdir()
    (Path(os.fsdecode(bytes(bad_name) + b"/\xff.txt"))).write_text("x")
    pipe = tmp_path / "pipe"
    pipe.mkdir()
    os.mkfifo(pipe / "fifo")
    config = tmp_path / "mote.toml"
    config.write_text("[http]\nporridge = 1\n")
    out = str(tmp_path / "out.img")
    yield ["image", "/nowhere/at/all", "-o", out], "/nowhere/at/all"
    yield ["image", str(config), "-o", out], "mote.toml"
    yield ["image", str(outward), "-o", out], "link"
    yield ["image", str(bad_name), "-o", out], "UTF-8"
    yield ["image", str(pipe), "-o", out], "fifo"
    yield ["image", str(good)], "-o"
    yield ["image", str(good), "-o", str(tmp_path / "out.docx")], "out.docx"
    yield ["image", str(good), "-o", "/nowhere/out.img"], "/nowhere"
    yield ["image", str(good), "-o", str(good)], str(good)
    yield ["image", str(good), "-o", out, "--format", "floppy"], "floppy"
    yield ["image", str(good), "-o", out, "--config", str(config)], "porridge"
    yield ["image", str(good), "-o", out, "--config", "/nowhere.toml"], "/nowhere.toml"
    yield ["run", "/nowhere/at/all"], "/nowhere/at/all"
    yield ["run", str(good), "--machine", "toaster"], "toaster"
    yield ["run", str(good), "--http-port", "70000"], "70000"
    yield ["run", str(good), "--memory", "0"], "memory"
    yield ["run", str(good), "--boot", "bios", "--machine", "microvm"], "microvm"
    yield ["dance"], "dance"
    yield [], "COMMAND"


def test_mistakes_are_told_in_one_line(tmp_path: Path) -> None:
    for arguments, word in mistakes(tmp_path):
        result = mote(*arguments)
        assert result.returncode == 2, (arguments, result)
        assert result.stderr.count("\n") == 1 and word in result.stderr, (arguments, result.stderr)
        assert not result.stdout, (arguments, result.stdout)
        assert not (tmp_path / "out.img").exists(), arguments


def test_help_and_version() -> None:
    assert re.fullmatch(r"mote \d+\.\d+\.\d+ \(\w+\+?\)\n", mote("--version").stdout)
    for command in ("run", "image", "test"):
        result = mote(command, "--help")
        assert result.returncode == 0 and result.stdout.startswith("usage: "), command


@pytest.mark.parametrize("arguments", [
    (), ("--boot", "bios"), ("--machine", "pc"), ("--machine", "microvm"),
    ("--memory", "8"), ("--", "-cpu", "qemu64", "-accel", "tcg")])
def test_run(running: list[Running], site: Path, arguments: tuple[str, ...]) -> None:
    """It prints the address and the console and serves pages; Ctrl-C ends it and leaves nothing."""
    port = free_port()
    served = ROOT / "www" if "--memory" in arguments else site
    one = Running(str(served), *arguments, port=port)
    running.append(one)
    assert one.line(r"http://localhost:(\d+)/")[1] == str(port)
    one.line(r"^net0: 10\.0\.2\.15/24 via 10\.0\.2\.2 \(dhcp, lease 86400 s\)$")
    one.line(r"^ready$")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as response:
        assert response.status == 200
    children = children_of(one.process.pid)
    assert children, "QEMU runs below ./mote"
    one.process.send_signal(signal.SIGINT)
    assert one.process.wait(30) == 0
    assert "Traceback" not in one.process.stderr.read()
    until(lambda: not any(os.path.exists(f"/proc/{child}") for child in children), "QEMU's end")


def children_of(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()]


def test_run_on_a_taken_port(running: list[Running]) -> None:
    """It takes another port and says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        one = Running(port=port)
        running.append(one)
        one.line(rf"{port} is taken")
        other = int(one.line(r"http://localhost:(\d+)/")[1])
        assert other != port
        one.line("^ready$")
        with urllib.request.urlopen(f"http://127.0.0.1:{other}/", timeout=60) as response:
            assert response.status == 200


def test_run_when_qemu_fails(running: list[Running]) -> None:
    result = mote("run", "--", "-device", "no-such-device")
    assert result.returncode == 1
    assert "no-such-device" in result.stderr and "Traceback" not in result.stderr
