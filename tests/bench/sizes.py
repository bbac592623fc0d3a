"""Bytes of the image by part, from the linker's map; tools/image/size.py prints the same table."""

from collections.abc import Iterator

from figures import SIZE, Figure
from images import ROOT

from tools.image import size


def size_figures() -> Iterator[Figure]:
    parts, zeroed = size.image_parts(ROOT / "build")
    software = sum(count for part, count in parts.items()
                   if part not in size.NO_SOFTWARE)
    yield Figure(SIZE, "image_software", "software in the image", "bytes", software)
    for part, count in parts.items():
        yield Figure(SIZE, "image_" + part.replace(", ", "_").replace(" ", "_"),
                     f"of the disk image: {part}", "bytes", count)
    yield Figure(SIZE, "static_memory", "memory, zero at start", "bytes", zeroed.total())
