"""The front door's worst days: odd targets, full disks, closed pipes, other users."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools import build, disks, errors, files, messages, pack, run, run_tests  # noqa: E402
from tools import setup, style, version  # noqa: E402
from tools.config import Settings, parse_settings  # noqa: E402
from tools.errors import UserError  # noqa: E402


def mote(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "mote", *arguments], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False, **options)


def refused(*arguments: str | Path) -> str:
    """The one line that arguments are refused with."""
    shown = mote(*arguments)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("mote: ") and shown.stderr.count("\n") == 1
    return shown.stderr


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>One</title>\n")
    return folder


# --- Where images go ---

def test_a_pipe_is_refused_and_left_alone(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.img"
    os.mkfifo(pipe)
    assert "not a regular file" in refused("image", "-o", pipe)
    with pytest.raises(UserError, match="not a regular file"), files.replacing(pipe):
        pytest.fail("written")
    assert pipe.is_fifo() and [path.name for path in tmp_path.iterdir()] == ["pipe.img"]


def test_a_link_to_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.img").symlink_to("pipe")
    assert "not a regular file" in refused("image", "-o", tmp_path / "link.img")
    assert (tmp_path / "link.img").is_symlink() and (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_written_through(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if exists:
        (folder / "real.img").write_text("old")
    (tmp_path / "link.img").symlink_to("elsewhere/real.img")
    files.check_target(tmp_path / "link.img")
    with files.replacing(tmp_path / "link.img") as file:
        file.write(b"new")
    assert (tmp_path / "link.img").is_symlink()
    assert (folder / "real.img").read_text() == "new"
    assert [path.name for path in folder.iterdir()] == ["real.img"]


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.img").symlink_to("loop.img")
    assert "leads to itself" in refused("image", "-o", tmp_path / "loop.img")


def test_an_image_inside_its_site_is_refused(site: Path) -> None:
    assert "inside the site" in refused("image", site, "-o", site / "site.img")
    assert [path.name for path in site.iterdir()] == ["index.html"]


def test_the_missing_folder_is_named(tmp_path: Path) -> None:
    out = tmp_path / "nope/../x.img"
    assert f"{tmp_path}/nope is not there" in refused("image", "-o", f"{tmp_path}/nope/../x.img")
    (tmp_path / "nope").write_text("")
    with pytest.raises(UserError, match="nope is not a folder"):
        files.check_target(out)


@pytest.mark.parametrize("arguments", [("image", "", "-o", "a.img"), ("image", "-o", ""),
                                       ("run", ""), ("run", "--config", "")])
def test_empty_paths_are_refused(arguments: tuple[str, ...]) -> None:
    assert "must not be empty" in refused(*arguments)


def test_names_with_newlines_make_one_line(tmp_path: Path) -> None:
    assert "no\\nsuch\\x1b[1m" in refused("run", tmp_path / "no\nsuch\x1b[1m")
    assert errors.one_line("größe … \udcff\t") == "größe … \\udcff\\t"


# --- What failed is not what was mistyped ---

@pytest.mark.parametrize(("number", "kind"), [
    (errno.ENOSPC, RuntimeError), (errno.EIO, RuntimeError), (errno.EACCES, UserError)])
def test_whose_fault_it_is(tmp_path: Path, number: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=os.strerror(number)), files.replacing(tmp_path / "a"):
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_a_full_folder_for_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch,
                                                   tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    full = OSError(errno.ENOSPC, "No space left on device")
    told = str(errors.system_error(tmp_path / "mote-1/site.pack", full, "choose another place"))
    assert f"make room in {tmp_path}, or set TMPDIR" in told


def test_a_failed_fetch_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ninja = tmp_path / "ninja"
    ninja.write_text("#!/bin/sh\necho 'lwIP: apt could not download it: 404'\nexit 1\n")
    ninja.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(RuntimeError, match="404"):
        build.build(["all"], None)


# --- What cannot be read ---

@pytest.mark.parametrize("text", [
    "[http]\nport = " + "9" * 5000, "a = " + "[" * 5000 + "]" * 5000,
    "[http]\nport = 0x" + "f" * 5000, "[http]\n" + "port" + ".a" * 5000 + " = 1"])
def test_settings_beyond_measure_are_one_line(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_settings(text, "mote.toml")
    assert len(str(caught.value)) < 200


def test_a_date_beyond_measure_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "9" * 5000)
    assert pack._latest_time() == messages.LAST_SECOND
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0" * 5000 + "7")
    assert pack._latest_time() == 7


@pytest.mark.parametrize("key", ["idle_timeout_s", "header_timeout_s"])
def test_times_have_the_firmwares_range(key: str) -> None:
    assert parse_settings(f"http.{key} = 86400", "").lines == (f"http.{key}=86400",)
    with pytest.raises(UserError, match="from 1 to 86400"):
        parse_settings(f"http.{key} = 86401", "")


def test_the_history_is_not_published_through_a_link(site: Path, tmp_path: Path) -> None:
    (site / ".git").mkdir()
    (site / ".git/config").write_text("secret")
    for target in (".git", ".git/config"):
        (site / "history").symlink_to(target)
        with pytest.raises(UserError, match="is not served"):
            pack.pack_site(site, tmp_path / "site.pack", Settings())
        (site / "history").unlink()


# --- Builds by other people, with other trees ---

def test_a_mistyped_lwip_tree_changes_nothing() -> None:
    before = (ROOT / "build.ninja").read_bytes()
    assert "not an lwIP source tree" in refused("image", "--lwip", "/nowhere", "-o", "/tmp/n.img")
    shown = subprocess.run([sys.executable, ROOT / "configure.py", "--lwip", "/nowhere"],
                           text=True, capture_output=True, check=False, timeout=60)
    assert shown.returncode == 2 and "not an lwIP source tree" in shown.stderr
    assert (ROOT / "build.ninja").read_bytes() == before


def test_a_built_tree_of_another_user_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(setup, "present", lambda sign: True)
    monkeypatch.setattr(build, "build", lambda *_: pytest.fail("built"))
    assert build.needs() == {}
    build.provide_firmware(None)
    with pytest.raises(UserError, match="not writable"):
        build.provide_firmware(Path("/nowhere"))


def test_git_serves_another_users_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert version.commit() != "unknown"
    assert "mote" in style.repository_files(ROOT)


def test_style_without_a_repository_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="git cannot list") as caught:
        style.repository_files(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("arguments", "all_tests"), [
    (["-k", "http"], True), (["--full", "-k", "http"], True), (["--full"], True),
    (["--matrix"], True),
    (["tests/unit"], False), (["test_door.py"], False), (["x::y"], False)])
def test_only_paths_take_the_place_of_the_tests(arguments: list[str], all_tests: bool) -> None:
    assert (run_tests.command(arguments)[-2:] == run_tests.TESTS) == all_tests


# --- A machine with an address of its own ---

@pytest.mark.parametrize(("lines", "options", "guest"), [
    ((), "", ""),
    (("network.0.address=dhcp",), "", ""),
    (("network.0.address=192.0.2.10/24", "network.0.gateway=192.0.2.1"),
     "net=192.0.2.0/24,host=192.0.2.1,dns=192.0.2.2,dhcpstart=192.0.2.3,", "192.0.2.10"),
    (("network.0.address=192.0.2.1/24",),
     "net=192.0.2.0/24,host=192.0.2.2,dns=192.0.2.3,dhcpstart=192.0.2.4,", "192.0.2.1"),
    (("network.0.address=10.0.0.5/8", "network.0.gateway=10.1.0.1"),
     "net=10.0.0.0/15,host=10.1.0.1,dns=10.0.0.1,dhcpstart=10.0.0.2,", "10.0.0.5"),
    (("network.0.address=192.0.2.8/31",),
     "net=192.0.2.0/24,host=192.0.2.9,dns=192.0.2.1,dhcpstart=192.0.2.2,", "192.0.2.8"),
    (("network.0.address=10.0.0.5/24", f"network.{run.QEMU_MAC}.address=dhcp"), "", ""),
    (("network.52:54:00:00:00:01.address=10.0.0.5/24",), "", "")])
def test_the_network_fits_the_machines_address(lines: tuple[str, ...], options: str,
                                               guest: str) -> None:
    assert run.user_network(Settings(lines=lines), run.mac_of("virtio-net-pci")) == (options, guest)


def test_a_gateway_that_qemu_cannot_be_is_refused() -> None:
    far = Settings(lines=("network.0.address=203.0.113.5/32", "network.0.gateway=10.1.0.1"))
    with pytest.raises(UserError, match="too far"):
        run.user_network(far, run.QEMU_MAC)


def test_the_nics_own_address_is_heeded() -> None:
    assert run.mac_of("e1000,mac=52:54:00:AB:CD:EF,id=a") == "52:54:00:ab:cd:ef"


# --- VMDK's identifier ---

@pytest.mark.parametrize("old", ["7", "1234abc", "12345678"])
def test_a_vmdk_identifier_of_any_length_is_replaced(tmp_path: Path, old: str) -> None:
    text = "# Disk DescriptorFile\nversion=1\nCID={}\nparentCID=ffffffff\n# Extents\nRW 1\n"
    disk = tmp_path / "a.vmdk"
    behind = b"\x55" * 512

    def made(identifier: str) -> bytes:
        return b"KDMV".ljust(512, b"\1") + text.format(identifier).encode().ljust(10240, b"\0")

    disk.write_bytes(made(old) + behind)
    disks.fix_vmdk(disk, 0x00ABCDEF)
    assert disk.read_bytes() == made("00abcdee") + behind


# --- Ends ---

def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    shown = subprocess.run([ROOT / "mote", "image", "-o", tmp_path / "a.img"], stdout=write,
                           stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    os.close(write)
    assert (shown.returncode, shown.stderr) == (1, "")


def test_an_ascii_terminal_is_served(site: Path, tmp_path: Path) -> None:
    shown = mote("image", site, "-o", tmp_path / "größe.img",
                 env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert shown.returncode == 0 and "gr\\xf6\\xdfe.img" in shown.stdout and not shown.stderr
