"""The front door: arguments, errors in one line, setup, lwIP's sources, images, sizes."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools import build, disks, fuzz, image, run, run_tests, setup  # noqa: E402
from tools import size, terminal, version  # noqa: E402
from tools.errors import UserError  # noqa: E402


def mote(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "mote", *arguments], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False)


# --- The command line ---

def test_version_names_version_and_commit() -> None:
    shown = mote("--version")
    assert shown.returncode == 0
    assert re.fullmatch(r"mote \d+\.\d+\.\d+ \(([0-9a-f]{7,}\+?|unknown)\)\n", shown.stdout)


@pytest.mark.parametrize("command", [(), ("run",), ("image",), ("test",), ("bench",),
                                     ("fuzz",)])
def test_help_is_there_for_every_command(command: tuple[str, ...]) -> None:
    shown = mote(*command, "--help")
    assert shown.returncode == 0
    assert shown.stdout.startswith("usage: mote") and shown.stderr == ""


@pytest.mark.parametrize(("arguments", "words"), [
    ((), "COMMAND"),
    (("fly",), "invalid choice"),
    (("run", "/nowhere/at/all"), "/nowhere/at/all: no such folder"),
    (("run", str(ROOT / "mote")), "not a folder"),
    (("run", "--boot", "uefi"), "not there yet"),
    (("run", "--boot", "bios", "--machine", "microvm"), "microvm"),
    (("run", "--machine", "toaster"), "invalid choice"),
    (("run", "--memory", "0"), "--memory 0"),
    (("run", "--memory", "much"), "invalid int"),
    (("run", "--http-port", "0"), "--http-port 0"),
    (("run", "--http-port", "65536"), "--http-port 65536"),
    (("run", "--config", "/nowhere/mote.toml"), "/nowhere/mote.toml"),
    (("bench", "--only", "soup"), "invalid choice"),
    (("bench", "--json", "/nowhere/figures.json"), "/nowhere"),
    (("bench", "--hot", "air"), "invalid choice"),
    (("bench", "www"), "www"),
    (("fuzz",), "TARGET"),
    (("fuzz", "soup"), f"there are {', '.join(sorted(fuzz.FUZZERS))}"),
    (("fuzz", "pack", "0"), "fuzz pack 0"),
    (("fuzz", "pack", "long"), "invalid int"),
    (("fuzz", "pack", "--seeds", "/nowhere"), "/nowhere"),
    (("image",), "-o"),
    (("image", "-o", "/tmp/site.tar"), "tells no format"),
    (("image", "-o", "/tmp/site.img", "--format", "floppy"), "invalid choice"),
    (("image", "-o", "/nowhere/site.img"), "/nowhere"),
    (("image", "-o", "/tmp"), "a folder"),
    (("image", "/nowhere/at/all", "-o", "/tmp/never.img"), "no such folder"),
    (("image", "-o", "/tmp/never.img", "--", "-snapshot"), "after --"),
])
def test_unusable_arguments_are_one_line_and_status_2(arguments: tuple[str, ...],
                                                      words: str) -> None:
    shown = mote(*arguments)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("mote: ") and shown.stderr.count("\n") == 1
    assert words in shown.stderr


# --- Setup ---

def test_present_tools_are_not_asked_for() -> None:
    assert setup.missing({"python3": "python3", "passwd": "/etc/passwd"}) == []


def test_missing_tools_are_told_with_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match=r"sudo apt-get install -y --no-install-recommends a b$"):
        setup.provide({"b": "no-such-command"}, {"a": "/no/such/file", "python3": "python3"})


def test_apts_first_error_becomes_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Said by a script that stands for apt-get, and sees how it is called."""
    stand_in = tmp_path / "apt-get"
    stand_in.write_text(f"""#!/bin/sh
echo "$@" > {tmp_path}/arguments
echo "Reading package lists..."
echo "E: Unable to locate package porridge" >&2
echo "E: No package was found" >&2
exit 100
""")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RuntimeError) as error:
        setup.apt(["apt-get", "install", "porridge"], terminal.Progress("nothing"))
    assert str(error.value) == "apt-get install failed: Unable to locate package porridge"
    assert (tmp_path / "arguments").read_text().endswith(" install porridge\n")


def test_apts_status_lines_become_progress() -> None:
    assert setup.step("pmstatus:nasm:42.8571:Installing nasm (amd64)\n") == \
        "install 42 %: Installing nasm (amd64)"
    assert setup.step("Reading package lists...\n") == ""


def test_services_stay_down_while_packages_are_installed(monkeypatch: pytest.MonkeyPatch,
                                                         tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(setup, "POLICY", policy)
    with pytest.raises(RuntimeError), setup.services_kept_down():
        assert subprocess.run([policy, "nginx", "start"], check=False,
                              timeout=60).returncode == 101
        raise RuntimeError("apt failed")
    assert not policy.exists()
    policy.write_text("the administrator's own")
    with setup.services_kept_down():
        pass
    assert policy.read_text() == "the administrator's own"


# --- run ---

def test_a_taken_port_is_seen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not run.is_free(port)
    assert run.is_free(port)


def test_a_qemu_that_complains_is_one_line_and_status_1() -> None:
    shown = mote("run", "--nic", "no-such-card")
    assert shown.returncode == 1
    assert shown.stderr.startswith("mote: ") and shown.stderr.count("\n") == 1
    assert "no-such-card" in shown.stderr and "http://" not in shown.stdout


def test_qemus_words_in_pieces_become_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show = run.Complaints()
    for piece in (b"qemu-system-x86_64:", b" -m 0: too ", b"small\nqemu-system-x86_64: end\n"):
        show(piece)
    assert capsys.readouterr().err == "mote: -m 0: too small\nmote: end\n"
    with pytest.raises(run.PortTaken):
        show(b"qemu-system-x86_64: Could not set up host forwarding rule 'tcp'\n")


# --- image ---

@pytest.mark.parametrize(("name", "asked", "kind"), [
    ("a.img", None, "raw"), ("a.raw", None, "raw"), ("a.QCOW2", None, "qcow2"),
    ("a.vmdk", None, "vmdk"), ("a.vdi", None, "vdi"), ("a.elf", None, "elf"),
    ("a.img", "qcow2", "qcow2"), ("a", "raw", "raw")])
def test_the_format_follows_the_ending_or_the_wish(name: str, asked: str | None,
                                                   kind: str) -> None:
    assert disks.format_of(Path(name), asked) == kind


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>One</title>\n")
    (folder / "a b.txt").write_text("two\n")
    return folder


@pytest.mark.parametrize("kind", disks.FORMATS)
def test_the_same_site_gives_the_same_image(kind: str, site: Path, tmp_path: Path) -> None:
    first, second = tmp_path / f"first.{kind}", tmp_path / f"second.{kind}"
    shown = mote("image", site, "-o", first, "--format", kind)
    assert shown.returncode == 0, shown.stderr
    assert re.fullmatch(rf"{first}: [\d.]+ (KiB|MiB), 2 files", shown.stdout.splitlines()[-1])
    assert mote("image", site, "-o", second, "--format", kind).returncode == 0
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.name, second.name, "site"]


@pytest.mark.parametrize("kind", ["qcow2", "vmdk", "vdi"])
def test_every_format_holds_the_raw_image(kind: str, site: Path, tmp_path: Path) -> None:
    raw, other = tmp_path / "site.img", tmp_path / f"other.{kind}"
    mote("image", site, "-o", raw)
    mote("image", site, "-o", other)
    back = tmp_path / "back.img"
    subprocess.run(["qemu-img", "convert", "-f", kind, "-O", "raw", other, back], check=True,
                   timeout=60)
    assert back.read_bytes()[:raw.stat().st_size] == raw.read_bytes()
    checked = subprocess.run(["qemu-img", "check", "-f", kind, other], capture_output=True,
                             text=True, check=False, timeout=60)
    assert checked.returncode == 0, checked.stderr


def test_a_failed_image_leaves_the_old_one(site: Path, tmp_path: Path) -> None:
    out = tmp_path / "site.img"
    out.write_text("old")
    (site / "dangling").symlink_to("nowhere")
    shown = mote("image", site, "-o", out)
    assert shown.returncode == 2 and shown.stderr.count("\n") == 1
    assert "dangling" in shown.stderr
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site", "site.img"]


def test_no_compiler_is_needed_once_the_parts_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(part.exists() for part in build.PARTS)
    monkeypatch.setattr(setup, "present", lambda sign: "clang" not in sign)
    monkeypatch.setattr(build, "build", lambda *_: pytest.fail("built"))
    assert build.needs() == {}
    build.provide_firmware(None)


# --- What engineers use ---

def test_the_sizes_by_part_are_the_image() -> None:
    file, zero = size.image_parts(ROOT / "build")
    assert file.total() == (ROOT / "build/mote.img").stat().st_size
    assert 0 <= file[size.UNUSED] < image.LEAST_SECTORS * image.SECTOR
    for part in size.PARTS:
        assert file[part] > 0
    assert zero.total() > file["exokernel"]


def test_what_was_optimized_at_link_time_counts_for_its_source() -> None:
    notes = """
 <0><b>: Abbrev Number: 1 (DW_TAG_compile_unit)
    <12>   DW_AT_name        : (indirect string, offset: 0x4b): build/lwip/src/core/tcp.c
    <1e>   DW_AT_low_pc      : 0
 <1><2b>: Abbrev Number: 2 (DW_TAG_subprogram)
    <2c>   DW_AT_low_pc      : 0x100010
    <30>   DW_AT_name        : (indirect string, offset: 0x8a): tcp_alloc
 <0><b>: Abbrev Number: 1 (DW_TAG_compile_unit)
    <12>   DW_AT_name        : http/connection/server.cpp
 <1><2b>: Abbrev Number: 3 (DW_TAG_variable)
    <95>   DW_AT_location    : 9 byte block: 3 0 0 20 0 0 0 0 0 \t(DW_OP_addr: 200000)
""".splitlines()
    linked = """
          100000           100000       20    16 .text
          100000           100000       10    16         build/obj/kernel/cpu.cpp.o:(.text.a)
          100010           100010        c    16         build/kernel.elf.lto.o:(.text.tcp_alloc)
          10001c           10001c        4    16         build/kernel.elf.lto.o:(.rodata.cst4)
          200000           200000       40    16 .bss
          200000           200000       40    16         build/kernel.elf.lto.o:(.bss.server)
"""
    sizes = size.read_map(linked, size.read_sources(notes))
    assert sizes.file == {"exokernel": 16, "lwIP": 12, "strings": 4}
    assert sizes.zero == {"HTTP": 64}


def test_lwips_notice_is_in_the_image() -> None:
    notice = (ROOT / "build/NOTICE").read_bytes()
    assert b"Swedish Institute of Computer Science" in notice
    for output in ("mote.img", "mote.elf"):
        assert notice in (ROOT / "build" / output).read_bytes()


def test_configure_names_a_source_that_is_not_there(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "tools").mkdir(parents=True)
    for name in ("configure.py", "build.ninja.in", "tools/lwip_series.py", "tools/sources.py"):
        shutil.copy(ROOT / name, copy / name)
    shown = subprocess.run([sys.executable, copy / "configure.py"], text=True, capture_output=True,
                           check=False, timeout=60)
    assert shown.returncode == 1
    assert re.fullmatch(r"configure.py: \S+ is listed in tools/sources.py and does not exist\n",
                        shown.stderr)


def test_the_version_header_is_touched_only_on_change(tmp_path: Path) -> None:
    header = tmp_path / "version.hpp"
    command = [sys.executable, ROOT / "tools/version.py", header]
    subprocess.run(command, check=True, timeout=60)
    os.utime(header, (1, 1))
    subprocess.run(command, check=True, timeout=60)
    assert header.stat().st_mtime == 1
    assert f'kVersion = "{version.VERSION}"' in header.read_text()


def test_pytest_gets_the_users_arguments() -> None:
    assert run_tests.command(["-k", "style"])[-4:] == ["-k", "style", *run_tests.TESTS]
    assert run_tests.command(["tests/unit/test_door.py::x", "-x"])[-2:] == [
        "tests/unit/test_door.py::x", "-x"]
    assert run_tests.command([])[0] == "/usr/bin/python3"
    assert run_tests.command(["--interop"])[-2:] == ["--interop", *run_tests.INTEROP]
    assert run_tests.command(["--interop", "tests/blackbox"])[-1] == "tests/blackbox"


def test_sizes_are_shown_as_people_read_them() -> None:
    assert [terminal.size_text(count) for count in (0, 1023, 1536, 34 * 1024, 5 << 30)] == [
        "0 bytes", "1023 bytes", "1.5 KiB", "34 KiB", "5.0 GiB"]
