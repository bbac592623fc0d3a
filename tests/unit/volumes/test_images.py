"""Reads settings disks that other people's programs made: genisoimage, xorriso, mkfs.vfat, mtools,
cloud-localds."""

import random
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "build/tests/volumes/read_volume"
ROOM = 100_000

pytestmark = pytest.mark.needs("build/tests/volumes/read_volume")

FILES = {
    "user-data": b"#mote\n",
    "meta-data": b"instance-id: 1\n",
    "network-config": random.Random(1).randbytes(9_000),
    "vendor-data": b"",
    "openstack/latest/meta_data.json": b"{}",
    "openstack/latest/network_data.json": b'{"links": []}',
    "openstack/content/0000": random.Random(2).randbytes(40_001),
}
ABSENT = ("user", "user-data/x", "openstack", "openstack/latest/none", "", "x" * 300)


def do(program: str, *arguments: object) -> None:
    subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, timeout=60)


def read(image: Path, *paths: str, block: int = 512, room: int = ROOM) -> list[str]:
    """The lines that the program prints."""
    result = subprocess.run([PROGRAM, image, str(block), str(room), *paths], text=True,
                            capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def check(image: Path, label: str, block: int = 512) -> None:
    lines = read(image, *FILES, *ABSENT, block=block)
    assert lines[0] == f"label {label}"
    for name, line in zip(FILES, lines[1:]):
        assert line == f"read {FILES[name].hex()}", name
    assert lines[1 + len(FILES):] == ["missing "] * len(ABSENT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    for name, content in FILES.items():
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return made


# Without Rock Ridge and Joliet, and from macOS's hdiutil without Joliet, names are plain.
@pytest.mark.parametrize("options", [
    "-iso-level 1", "-iso-level 2", "-iso-level 3", "-iso-level 4", "-l -allow-lowercase",
    "-J", "-R", "-r -J", "-J -iso-level 4", "-R -iso-level 1", "-relaxed-filenames -d -N"])
@pytest.mark.parametrize("program", ["genisoimage", "xorriso"])
def test_iso(program: str, options: str, folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.iso"
    arguments = ("-quiet", *options.split(), "-V", "cidata", "-o", image, folder)
    if program == "xorriso":
        do("xorriso", "-as", "mkisofs", *arguments)
    else:
        do("genisoimage", *arguments)
    for block in (512, 2048):
        check(image, "cidata", block)


def test_long_rock_ridge_names(folder: Path, tmp_path: Path) -> None:
    """Names that go on in a continuation area."""
    image = tmp_path / "disk.iso"
    name = "n" * 240
    (folder / name).write_bytes(b"long")
    do("genisoimage", "-quiet", "-R", "-V", "config-2", "-o", image, folder)
    check(image, "config-2")
    assert read(image, name)[1] == f"read {b'long'.hex()}"


def fill(image: str, folder: Path) -> None:
    do("mcopy", "-s", "-i", image, *sorted(folder.iterdir()), "::")


@pytest.mark.parametrize("options", [
    "-F 12", "-F 16", "-F 32", "-F 16 -S 4096", "-F 12 -s 1", "-F 32 -s 1", "-F 16 -s 64 -f 1"])
def test_fat(options: str, folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    kib = {"-F 12 -s 1": 1_500, "-F 16 -s 64 -f 1": 200_000,
           "-F 16 -S 4096": 200_000}.get(options, 36_000)
    do("mkfs.vfat", "-C", *options.split(), "-n", "CIDATA", image, kib)
    fill(str(image), folder)
    check(image, "CIDATA")


def test_fragmented_fat(folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    do("mkfs.vfat", "-C", "-F", 12, "-s", 1, "-n", "CIDATA", image, 1_440)
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"s" * 512)
    large.write_bytes(random.Random(3).randbytes(60_000))
    for i in range(200):
        do("mcopy", "-i", image, small, f"::{i}")
    for i in range(0, 200, 2):
        do("mdel", "-i", image, f"::{i}")
    do("mcopy", "-i", image, large, "::large")
    assert read(image, "large")[1] == f"read {large.read_bytes().hex()}"
    fill(str(image), folder)
    check(image, "CIDATA")


@pytest.mark.parametrize("table", ["dos", "gpt"])
def test_partitions(table: str, folder: Path, tmp_path: Path) -> None:
    """The second partition is the first with FAT."""
    image, volume = tmp_path / "disk.img", tmp_path / "volume.img"
    do("mkfs.vfat", "-C", "-F", 16, "-n", "CIDATA", volume, 16_384)
    fill(str(volume), folder)
    with image.open("wb") as file:
        file.truncate(32 << 20)
        file.seek(8192 * 512)
        file.write(volume.read_bytes())
    kind = "e" if table == "dos" else "U"
    subprocess.run(["sfdisk", "--quiet", image], text=True, check=True, capture_output=True,
                   timeout=60, input=f"label: {table}\n2048 2048 L\n8192 32768 {kind}\n")
    check(image, "CIDATA")


@pytest.mark.parametrize("options", [(), ("-f", "vfat")])
def test_cloud_localds(options: tuple[str, ...], folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    do("cloud-localds", *options, "--network-config", folder / "network-config", image,
       folder / "user-data", folder / "meta-data")
    lines = read(image, "user-data", "meta-data", "network-config")
    assert lines == ["label cidata", *(f"read {FILES[name].hex()}" for name in
                                       ("user-data", "meta-data", "network-config"))]


def test_little_room(folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.iso"
    do("genisoimage", "-quiet", "-R", "-o", image, folder)
    found = FILES["network-config"][:100].hex()
    assert read(image, "network-config", room=100)[1] == f"too-long {found}"


@pytest.mark.parametrize("kept", [32_768, 34_816, 40_960, 47_000, 57_344])
def test_truncated_iso(kept: int, folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "disk.iso"
    do("genisoimage", "-quiet", "-R", "-J", "-o", image, folder)
    image.write_bytes(image.read_bytes()[:kept // 512 * 512])
    for name, line in zip(FILES, read(image, *FILES)[1:]):
        assert line in ("damaged ", "missing ", f"read {FILES[name].hex()}")


def test_no_volume(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(random.Random(4).randbytes(1 << 20))
    assert read(image) == ["none after 2 reads"]
    image.write_bytes(b"")
    assert read(image) == ["none after 0 reads"]
