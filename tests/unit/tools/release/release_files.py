"""A small release to try things on: the repository's own files, with stand-ins for the firmware."""

from pathlib import Path

from tools.command_line import door
from tools.release import dist, tree

SECONDS = 1_700_000_000
PARTS = {"kernel.elf": b"\x7fELF and more", "loader.bin": b"loader" * 100}
LWIP_NOTICE = ("This software contains lwIP, under these terms:\n\nCopyright of others.\n\n"
               "Redistribution and use are permitted.\n")


def told() -> tree.Facts:
    return tree.Facts("1.2.3", "abcdef0", SECONDS)


def files() -> dict[str, tree.Shipped]:
    return tree.release(PARTS, told(), dist.pages(told(), door.all_commands(), LWIP_NOTICE))


def main(out: Path) -> None:
    """Writes tar and package, for a test that makes them twice."""
    made = files()
    (out / "mote.tar.xz").write_bytes(tree.tar(made, "mote-1.2.3", SECONDS))
    dist.debian.build(made, told(), dist.needs(), out / "mote.deb")
