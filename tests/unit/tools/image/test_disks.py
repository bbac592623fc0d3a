"""Disk images: formats, the same bytes each time, and no harm to what was there."""

import re
import subprocess
from pathlib import Path

import pytest
from front_door import mote

from tools.image import disks


@pytest.mark.parametrize(("name", "asked", "kind"), [
    ("a.img", None, "raw"), ("a.raw", None, "raw"), ("a.QCOW2", None, "qcow2"),
    ("a.vmdk", None, "vmdk"), ("a.vdi", None, "vdi"), ("a.elf", None, "elf"),
    ("a.efi", None, "efi"),
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


@pytest.mark.needs("image")
@pytest.mark.parametrize("kind", disks.FORMATS)
def test_the_same_site_gives_the_same_image(kind: str, site: Path, tmp_path: Path) -> None:
    first, second = tmp_path / f"first.{kind}", tmp_path / f"second.{kind}"
    shown = mote("image", site, "-o", first, "--format", kind)
    assert shown.returncode == 0, shown.stderr
    assert re.fullmatch(rf"{first}: [\d.]+ (KiB|MiB), 2 files", shown.stdout.splitlines()[-1])
    assert mote("image", site, "-o", second, "--format", kind).returncode == 0
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.name, second.name, "site"]


@pytest.mark.needs("image")
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


@pytest.mark.needs("image")
def test_a_failed_image_leaves_the_old_one(site: Path, tmp_path: Path) -> None:
    out = tmp_path / "site.img"
    out.write_text("old")
    (site / "dangling").symlink_to("nowhere")
    shown = mote("image", site, "-o", out)
    assert shown.returncode == 2 and shown.stderr.count("\n") == 1
    assert "dangling" in shown.stderr
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site", "site.img"]


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
