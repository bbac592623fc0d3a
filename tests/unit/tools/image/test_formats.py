"""Images: formats, the same bytes each time, refusals, and no harm to what was there."""

import hashlib
import json
import re
import struct
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from front_door import mote, refused
from test_gpt import finds_nothing, said

from tools.image import conversions, formats, oci


@pytest.mark.parametrize(("name", "asked", "kind"), [
    ("a.img", None, "raw"), ("a.raw", None, "raw"), ("a.QCOW2", None, "qcow2"),
    ("a.vmdk", None, "vmdk"), ("a.vdi", None, "vdi"), ("a.elf", None, "elf"),
    ("a.img.gz", None, "gz"), ("a.raw.xz", None, "xz"), ("a.zst", None, "zst"),
    ("a.tar.gz", None, "google"), ("a.oci.tar", None, "oci"), ("a.oci", None, "oci"),
    ("a.vhd", None, "vhd"), ("a.vhdx", None, "vhdx"), ("a.iso", None, "iso"),
    ("a.ova", None, "ova"), ("a.img", "qcow2", "qcow2"), ("a", "raw", "raw")])
def test_the_format_follows_the_ending_or_the_wish(name: str, asked: str | None, kind: str,
                                                   tmp_path: Path) -> None:
    assert formats.order_of(tmp_path / name, asked).kind == kind


@pytest.mark.parametrize(("arguments", "words"), [
    (("-o", "a.tar"), "its ending names no format"),
    (("-o", "a.img", "--compress"), "--compress: is for qcow2 alone, not for raw"),
    (("-o", "a.iso", "--compress"), "not for iso"),
    (("-o", "a.vmdk", "--sector-size", "4096"), "choose one of raw, gz, xz, zst, qcow2"),
    (("-o", "a.iso", "--sector-size", "4096"), "iso has sectors of its own"),
    (("-o", "a.img", "--sector-size", "2048"), "invalid choice: 2048"),
    (("-o", "there.oci"), "is there already"),
    (("-o", "there.oci", "--format", "raw"), "is a folder"),
    (("-o", "nowhere/a.oci"), "is not there; make it first")])
def test_what_does_not_go_together_is_refused(arguments: tuple[str, ...], words: str,
                                              tmp_path: Path) -> None:
    (tmp_path / "there.oci").mkdir()
    out = tmp_path / arguments[1]
    assert words in refused("image", "-o", out, *arguments[2:])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.oci"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>One</title>\n")
    (folder / "a b.txt").write_text("two\n")
    return folder


def contents(made: Path) -> dict[str, str]:
    """A file's digest, or those of a folder's files."""
    paths = [made] if made.is_file() else [path for path in made.rglob("*") if path.is_file()]
    return {str(path.relative_to(made)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths}


@pytest.mark.needs("image")
@pytest.mark.parametrize("kind", [*formats.FORMATS, "oci.tar"])
def test_the_same_site_gives_the_same_image(kind: str, site: Path, tmp_path: Path) -> None:
    first, second = tmp_path / f"first.{kind}", tmp_path / f"second.{kind}"
    wish = ["--format", kind.removesuffix(".tar")]
    shown = mote("image", site, "-o", first, *wish)
    assert shown.returncode == 0, shown.stderr
    assert re.fullmatch(rf"{first}: [\d.]+ (KiB|MiB), 2 files", shown.stdout.splitlines()[-1])
    assert mote("image", site, "-o", second, *wish).returncode == 0
    assert contents(first) == contents(second)
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.name, second.name, "site"]


@pytest.mark.needs("image")
@pytest.mark.parametrize(("kind", "name"), [
    ("qcow2", "qcow2"), ("vmdk", "vmdk"), ("vdi", "vdi"), ("vhdx", "vhdx"), ("vhd", "vpc")])
def test_hypervisors_formats_hold_a_disk_of_whole_mebibytes(kind: str, name: str, site: Path,
                                                           tmp_path: Path) -> None:
    made, back = tmp_path / f"site.{kind}", tmp_path / "back.img"
    assert mote("image", site, "-o", made).returncode == 0
    info = json.loads(said("qemu-img", "info", "--output=json", "-f", name, made))
    assert info["format"] == name and info["virtual-size"] % (1 << 20) == 0
    if kind != "vhd":  # which qemu-img can't check
        assert "No errors were found" in said("qemu-img", "check", "-f", name, made)
    said("qemu-img", "convert", "-f", name, "-O", "raw", made, back)
    assert back.stat().st_size == info["virtual-size"]
    finds_nothing(back)


@pytest.mark.needs("image")
def test_vmdk_and_vhd_are_of_the_kinds_that_clouds_take(site: Path, tmp_path: Path) -> None:
    vmdk, vhd = tmp_path / "site.vmdk", tmp_path / "site.vhd"
    for made in (vmdk, vhd):
        assert mote("image", site, "-o", made).returncode == 0
    assert b'createType="streamOptimized"' in vmdk.read_bytes()[:2048]
    footer = vhd.read_bytes()[-512:]
    cookie, features, version, data_at, time = struct.unpack_from(">8sIIQI", footer)
    original, current = struct.unpack_from(">QQ", footer, 40)
    kind, checksum = struct.unpack_from(">II", footer, 60)
    assert (cookie, version, data_at, time, kind) == (
        b"conectix", 0x10000, 0xFFFFFFFFFFFFFFFF, 0, 2)
    assert original == current == vhd.stat().st_size - 512
    assert checksum == ~(sum(footer) - sum(footer[64:68])) & 0xFFFFFFFF


@pytest.mark.needs("image")
def test_a_qcow2_is_compressed_if_asked_to(site: Path, tmp_path: Path) -> None:
    (site / "zeros.bin").write_bytes(b"mote" * 400_000)
    large, small = tmp_path / "large.qcow2", tmp_path / "small.qcow2"
    assert mote("image", site, "-o", large).returncode == 0
    assert mote("image", site, "-o", small, "--compress").returncode == 0
    assert small.stat().st_size < large.stat().st_size // 2
    assert "Images are identical" in said("qemu-img", "compare", large, small)


@pytest.mark.needs("image")
def test_a_disk_with_sectors_of_4_kib(site: Path, tmp_path: Path) -> None:
    raw = tmp_path / "site.img"
    assert mote("image", site, "-o", raw, "--sector-size", "4096").returncode == 0
    shown = said("fdisk", "-b", "4096", "-l", raw)
    assert "EFI System" in shown and "mismatch" not in shown and "not on the end" not in shown


@pytest.mark.needs("image")
def test_an_ova_is_described_and_summed(site: Path, tmp_path: Path) -> None:
    made = tmp_path / "site.ova"
    assert mote("image", site, "-o", made).returncode == 0
    with tarfile.open(made) as tar:
        names = tar.getnames()
        tar.extractall(tmp_path)
    assert names == ["mote.ovf", "mote.mf", "mote-disk1.vmdk"]
    assert (tmp_path / "mote.mf").read_text() == "".join(
        f"SHA256({name})= {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}\n"
        for name in ("mote.ovf", "mote-disk1.vmdk"))
    said("xmllint", "--noout", tmp_path / "mote.ovf")
    check_description(ElementTree.parse(tmp_path / "mote.ovf").getroot(), tmp_path)


def check_description(root: ElementTree.Element, folder: Path) -> None:
    """The references hold together (DSP0243, 7 to 9)."""
    space = "{http://schemas.dmtf.org/ovf/envelope/1}"
    rasd = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData}"
    file, disk = root.find(f".//{space}File"), root.find(f".//{space}Disk")
    vmdk = folder / file.get(f"{space}href")
    assert int(file.get(f"{space}size")) == vmdk.stat().st_size
    assert disk.get(f"{space}fileRef") == file.get(f"{space}id")
    info = json.loads(said("qemu-img", "info", "--output=json", vmdk))
    assert int(disk.get(f"{space}capacity")) == info["virtual-size"]
    items = {item.findtext(f"{rasd}InstanceID"): item for item in root.iter(f"{space}Item")}
    drive = next(item for item in items.values() if item.findtext(f"{rasd}ResourceType") == "17")
    assert drive.findtext(f"{rasd}HostResource") == f"ovf:/disk/{disk.get(f'{space}diskId')}"
    assert items[drive.findtext(f"{rasd}Parent")].findtext(f"{rasd}ResourceType") == "5"
    network = next(item for item in items.values() if item.findtext(f"{rasd}ResourceType") == "10")
    assert network.findtext(f"{rasd}Connection") == root.find(f".//{space}Network").get(
        f"{space}name")
    for item in items.values():  # CIM demands the order of the alphabet
        names = [child.tag for child in item]
        assert names == sorted(names)


@pytest.mark.needs("image")
def test_googles_archive_is_a_sparse_disk_of_whole_gibibytes(site: Path, tmp_path: Path) -> None:
    made = tmp_path / "site.tar.gz"
    assert mote("image", site, "-o", made).returncode == 0
    assert made.stat().st_size < 2 << 20
    with tarfile.open(made) as tar:
        disk, = tar.getmembers()
        assert (disk.name, disk.size, disk.type) == ("disk.raw", 1 << 30, tarfile.GNUTYPE_SPARSE)
        assert (disk.mtime, disk.uid, disk.gid, disk.mode) == (0, 0, 0, 0o644)


@pytest.mark.needs("image")
@pytest.mark.parametrize("name", ["site.oci", "site.oci.tar"])
def test_a_container_disk_belongs_to_qemu(name: str, site: Path, tmp_path: Path) -> None:
    made = tmp_path / name
    assert mote("image", site, "-o", made).returncode == 0
    way = "oci-archive" if name.endswith(".tar") else "oci"
    told = json.loads(said("skopeo", "inspect", f"{way}:{made}:{oci.TAG}"))
    assert (told["Architecture"], told["Os"], len(told["Layers"])) == ("amd64", "linux", 1)
    plain = tmp_path / "plain"
    said("skopeo", "copy", f"{way}:{made}:{oci.TAG}", f"dir:{plain}")
    with tarfile.open(plain / told["Layers"][0].removeprefix("sha256:")) as layer:
        found = {entry.name: (entry.uid, entry.gid, entry.mode) for entry in layer}
        back = tmp_path / "back.img"
        back.write_bytes(layer.extractfile("disk/disk.img").read())
    assert found == {"disk": (107, 107, 0o555), "disk/disk.img": (107, 107, 0o440)}
    finds_nothing(back)


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
    conversions.fix_vmdk(disk, b"seed")
    assert disk.read_bytes() == made("4487e306") + behind


def test_crc32c_is_that_of_iscsi() -> None:
    """RFC 3720, B.4."""
    assert conversions.crc32c(bytes(32)) == 0x8A9136AA
    assert conversions.crc32c(bytes(range(32))) == 0x46DD794E
