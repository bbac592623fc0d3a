"""GPT and protective MBR, judged by gdisk, parted and fdisk."""

import json
import subprocess
import uuid
from pathlib import Path

import pytest

from tools.image import gpt
from tools.image.gpt import Partition

FIRST = gpt.first_start(4096)  # good for both kinds of sectors
PARTITIONS = [Partition(gpt.BIOS_BOOT, "mote boot", FIRST, 409600),
              Partition(gpt.EFI_SYSTEM, "EFI system", FIRST + 409600, 819200),
              Partition(gpt.MOTE_SITE, "mote site", FIRST + 1228800, 4096)]
SEED = b"content"


def written(out: Path, size: int = 2 << 20, sector_bytes: int = 512,
            seed: bytes = SEED) -> Path:
    with out.open("wb") as file:
        file.truncate(size)
        file.seek(510)
        file.write(b"\x55\xaa")
        for at, content in gpt.tables(size, PARTITIONS, seed, sector_bytes):
            file.seek(at)
            file.write(content)
    return out


def said(*command: str | Path) -> str:
    """What a program says on both streams; it succeeds."""
    shown = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           check=False, timeout=60)
    assert shown.returncode == 0, shown.stdout
    return shown.stdout


COMPLAINTS = ("warning", "caution", "error", "problem:", "mismatch", "not on the end")


def finds_nothing(image: Path) -> None:
    """Four programs have nothing to complain of."""
    everything = [said("sgdisk", "-v", image), said("sfdisk", "--verify", image),
                  said("fdisk", "-l", image), said("parted", "-s", image, "unit", "s", "print")]
    assert "No problems found" in everything[0] and "No errors detected." in everything[1]
    for shown in everything:
        left = shown.lower().replace("no errors detected.", "")
        assert not [word for word in COMPLAINTS if word in left], shown


@pytest.mark.parametrize("size", [gpt.disk_bytes(PARTITIONS, 4096), 2 << 20, 1 << 30, 3 << 40])
def test_other_programs_find_nothing_wrong(tmp_path: Path, size: int) -> None:
    finds_nothing(written(tmp_path / "disk.img", size))


def test_others_read_the_partitions(tmp_path: Path) -> None:
    image = written(tmp_path / "disk.img")
    table = json.loads(said("sfdisk", "--json", image))["partitiontable"]
    assert (table["label"], table["firstlba"]) == ("gpt", 34)
    assert table["id"] == str(gpt.guid(SEED, "disk")).upper()
    assert [(one["start"] * 512, one["size"] * 512, one["name"], uuid.UUID(one["type"]))
            for one in table["partitions"]] == [
        (one.start, one.size, one.name, one.type) for one in PARTITIONS]
    assert len({one["uuid"] for one in table["partitions"]} | {table["id"]}) == 4


@pytest.mark.parametrize("sector_bytes", [512, 4096])
def test_a_lost_beginning_is_found_at_the_end(tmp_path: Path, sector_bytes: int) -> None:
    image = written(tmp_path / "disk.img", sector_bytes=sector_bytes)
    before = said("fdisk", "-b", str(sector_bytes), "-l", image)
    assert "mote site" in said("fdisk", "-b", str(sector_bytes), "-lo", "+Name", image)
    with image.open("r+b") as disk:
        disk.seek(sector_bytes)
        disk.write(bytes(sector_bytes))
    after = said("fdisk", "-b", str(sector_bytes), "-l", image)
    assert "primary GPT table is corrupt" in after
    assert before.strip() in after


def test_sectors_of_4_kib(tmp_path: Path) -> None:
    """fdisk is the one of the four that can be told a file's sectors."""
    image = written(tmp_path / "disk.img", sector_bytes=4096)
    shown = said("fdisk", "-b", "4096", "-l", image)
    assert "mismatch" not in shown and "not on the end" not in shown, shown
    assert [line.split()[1:4] for line in shown.splitlines() if line.startswith(str(image))] == [
        [str(one.start // 4096), str(one.end // 4096 - 1), str(one.size // 4096)]
        for one in PARTITIONS]


def test_the_protective_partition(tmp_path: Path) -> None:
    """UEFI 2.10, table 5-4: not active, from the second sector to the last one that it can tell."""
    entry = written(tmp_path / "disk.img").read_bytes()[446:510]
    assert entry == bytes.fromhex("00 000200 ee") + gpt.chs((2 << 20) // 512 - 1) + bytes.fromhex(
        "01000000 ff0f0000") + bytes(48)
    assert gpt.protective_partition((3 << 40) // 512 - 1) == bytes.fromhex(
        "00 000200 ee ffffff 01000000 ffffffff")


@pytest.mark.parametrize(("sector", "packed"), [
    (0, (0, 1, 0)), (62, (0, 63, 0)), (63, (1, 1, 0)), (255 * 63, (0, 1, 1)),
    (256 * 255 * 63, (0, 1 | 1 << 6, 0)), (1024 * 255 * 63 - 1, (254, 63 | 3 << 6, 255)),
    (1024 * 255 * 63, (255, 255, 255))])
def test_chs(sector: int, packed: tuple[int, int, int]) -> None:
    assert gpt.chs(sector) == bytes(packed)


def test_identifiers_follow_from_the_seed() -> None:
    first, other = gpt.guid(b"a", "disk"), gpt.guid(b"b", "disk")
    assert first == gpt.guid(b"a", "disk") != other
    assert first.version == 5 and first.variant == uuid.RFC_4122
