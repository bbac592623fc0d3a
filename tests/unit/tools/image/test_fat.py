"""FAT volumes, read back by mtools and judged by fsck.fat."""

import subprocess
from pathlib import Path

import pytest

from tools.base.errors import UserError
from tools.image import fat, pieces
from tools.image.pieces import Piece


def written(volume: fat.Volume, contents: dict[str, bytes], out: Path) -> Path:
    laid = [Piece(at, content) for at, content in volume.structures()]
    laid += [Piece(volume.offset(path), content) for path, content in contents.items()]
    with out.open("wb") as file:
        pieces.write(laid, file)
        file.truncate(volume.size)
    return out


def checked(image: Path) -> str:
    """What fsck.fat says, which finds nothing wrong."""
    shown = subprocess.run(["fsck.fat", "-nv", image], capture_output=True, text=True, check=False,
                           timeout=60)
    assert shown.returncode == 0 and not shown.stderr, shown.stdout + shown.stderr
    return shown.stdout


def content_of(image: Path, path: str) -> bytes:
    return subprocess.run(["mtype", "-i", image, f"::/{path}"], capture_output=True, check=True,
                          timeout=60).stdout


def pattern(size: int) -> bytes:
    return bytes(index * 7 + (index >> 12) & 0xFF for index in range(size))


FILES = {"EFI/BOOT/BOOTX64.EFI": pattern(70_001), "mote/site.pack": pattern(8192),
         "A.TXT": b"a", "exactly13.txt": b"no room for its zero", "empty": b""}


@pytest.mark.parametrize("sector_bytes", [512, 4096])
@pytest.mark.parametrize(("spare", "bits"), [(0, 12), (16 << 20, 16), (40 << 20, 16)])
def test_other_programs_read_what_was_written(tmp_path: Path, spare: int, bits: int,
                                              sector_bytes: int) -> None:
    volume = fat.Volume({path: len(content) for path, content in FILES.items()}, spare,
                        sector_bytes, number=0x4D6F7465, hidden=40)
    image = written(volume, FILES, tmp_path / "fat.img")
    said = checked(image)
    assert f"{bits} bits per FAT entry" in said or f"{bits} bit entries" in said, said
    assert f"{sector_bytes} bytes per logical sector" in said and "40 hidden sectors" in said, said
    for path, content in FILES.items():
        assert content_of(image, path) == content
    whole = image.read_bytes()
    for path, content in FILES.items():
        if content:
            assert volume.offset(path) % 4096 == 0
            assert whole[volume.offset(path):][:len(content)] == content
    names = subprocess.run(["mdir", "-b", "-/", "-i", image, "::"], capture_output=True,
                           text=True, check=True, timeout=60).stdout.split()
    assert {name.removeprefix("::/") for name in names} >= set(FILES)


def test_another_file_fits_into_what_was_left_free(tmp_path: Path) -> None:
    volume = fat.Volume({"A.TXT": 1}, spare=64 * 1024)
    image = written(volume, {"A.TXT": b"a"}, tmp_path / "fat.img")
    (tmp_path / "more").write_bytes(pattern(64 * 1024))
    subprocess.run(["mcopy", "-i", image, tmp_path / "more", "::/MORE"], check=True, timeout=60)
    checked(image)
    assert content_of(image, "MORE") == pattern(64 * 1024)


def test_no_volume_has_a_number_of_clusters_that_programs_dispute() -> None:
    for clusters in range(4050, 4110):
        count = fat.Volume({"A": clusters * fat.CLUSTER}).clusters
        assert count < 4085 - 15 or count > 4085 + 15


def test_large_files_get_larger_clusters(tmp_path: Path) -> None:
    volume = fat.Volume({"LARGE": 1500 << 20})
    image = written(volume, {}, tmp_path / "fat.img")
    assert volume.cluster_bytes == 32 * 1024
    checked(image)


def test_what_no_fat_volume_holds_is_refused() -> None:
    with pytest.raises(UserError, match="2300 MiB are too many"):
        fat.Volume({"LARGE": 2300 << 20})


def test_many_files_spread_over_clusters(tmp_path: Path) -> None:
    files = {f"folder/a rather long name, number {number}.html": str(number).encode()
             for number in range(300)}
    volume = fat.Volume({path: len(content) for path, content in files.items()})
    image = written(volume, files, tmp_path / "fat.img")
    checked(image)
    for number in (0, 9, 10, 99, 299):
        path = f"folder/a rather long name, number {number}.html"
        assert content_of(image, path) == files[path]
