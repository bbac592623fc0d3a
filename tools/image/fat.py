"""A FAT volume with given files, such as an EFI system partition (UEFI 2.10, 13.3; Microsoft's FAT
specification 1.03, whose names are used here).

FAT12 or FAT16, as the number of clusters demands. Clusters are whole 4 KiB and begin on such
boundaries, and each file is one run of them, so that a loader may read it without knowing FAT.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.base.errors import UserError

CLUSTER = 4096
LARGEST_CLUSTER = 32 * 1024
BPB = struct.Struct("<3s8sHBHBHHBHHHIIBBBI11s8s")
SIGNATURE_AT = 510
SIGNATURE = b"\x55\xaa"
MEDIA = 0xF8  # not removable
HEADS, TRACK_SECTORS = 255, 63
COPIES = 2
ROOT_BYTES = 4096

# Volumes of fewer clusters are FAT12, of fewer FAT16. The specification advises to keep a few
# clusters away from both, for some programs count wrongly.
FAT12_CLUSTERS = 4085 - 16
FAT16_LEAST = 4085 + 16
FAT16_CLUSTERS = 65525 - 16

ENTRY = struct.Struct("<11sBBBHHHHHHHI")
LONG_ENTRY = struct.Struct("<B10sBBB12sH4s")
DIRECTORY, VOLUME_LABEL, LONG_NAME = 0x10, 0x08, 0x0F
LAST_LONG = 0x40
LONG_CHARACTERS = 13  # in one entry
DATE = 1 << 5 | 1  # 1980-01-01, the first there is: the same input gives the same bytes
LABEL = b"MOTE".ljust(11)


@dataclass
class Node:
    """A file or, with children, a folder."""

    size: int = 0
    children: dict[str, "Node"] | None = None
    cluster: int = 0
    clusters: int = 0


@dataclass
class Volume:
    """A volume for files of these paths (with slashes) and sizes."""

    files: dict[str, int]
    spare: int = 0  # bytes left free
    sector_bytes: int = 512
    number: int = 0  # the volume's serial number
    hidden: int = 0  # sectors before the volume on its disk
    root: Node = field(init=False)
    cluster_bytes: int = field(init=False, default=CLUSTER)
    clusters: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.root = Node(children={})
        for path, size in self.files.items():
            self._add(path, size)
        used = self._place()
        while used + -(-self.spare // self.cluster_bytes) > FAT16_CLUSTERS:
            if self.cluster_bytes == LARGEST_CLUSTER:
                raise UserError(f"{sum(self.files.values()) >> 20} MiB are too many for a FAT "
                                "volume; use a format without one, such as raw")
            self.cluster_bytes *= 2
            used = self._place()
        self.clusters = used + -(-self.spare // self.cluster_bytes)
        if FAT12_CLUSTERS <= self.clusters < FAT16_LEAST:
            self.clusters = FAT16_LEAST

    def _add(self, path: str, size: int) -> None:
        *folders, name = path.split("/")
        folder = self.root
        for part in folders:
            folder = folder.children.setdefault(part, Node(children={}))
        folder.children[name] = Node(size)

    def _place(self) -> int:
        """Gives each file and folder its clusters; returns how many there are."""
        following = 2
        for _, node in self._nodes():
            size = node.size if node.children is None else len(entries_of(node)) + 2 * ENTRY.size
            node.clusters = -(-size // self.cluster_bytes)
            node.cluster = following if node.clusters else 0
            following += node.clusters
        return following - 2

    def _nodes(self) -> Iterator[tuple[str, Node]]:
        """All but the root, with their paths, folders before what they hold."""
        ahead = [("", self.root)]
        while ahead:
            above, folder = ahead.pop(0)
            for name, node in folder.children.items():
                yield above + name, node
                if node.children is not None:
                    ahead.append((f"{above}{name}/", node))

    @property
    def is_fat16(self) -> bool:
        return self.clusters >= FAT12_CLUSTERS

    @property
    def table_sectors(self) -> int:
        """The sectors of one copy of the FAT."""
        numbers = self.clusters + 2
        size = 2 * numbers if self.is_fat16 else -(-3 * numbers // 2)
        return -(-size // self.sector_bytes)

    @property
    def reserved_sectors(self) -> int:
        """Sectors before the FAT: so many that the clusters begin on a boundary."""
        unit = CLUSTER // self.sector_bytes
        return 1 + -(1 + COPIES * self.table_sectors) % unit

    @property
    def data_at(self) -> int:
        sectors = self.reserved_sectors + COPIES * self.table_sectors
        return sectors * self.sector_bytes + ROOT_BYTES

    @property
    def size(self) -> int:
        """The volume's bytes."""
        return self.data_at + self.clusters * self.cluster_bytes

    def offset(self, path: str) -> int:
        """Where a file's content lies in the volume."""
        return self._at(dict(self._nodes())[path])

    def _at(self, node: Node) -> int:
        return self.data_at + (node.cluster - 2) * self.cluster_bytes

    def structures(self) -> Iterator[tuple[int, bytes]]:
        """All but the files' contents, as pairs of offset and bytes."""
        yield 0, self._boot_sector()
        table = self._table()
        for copy in range(COPIES):
            yield (self.reserved_sectors + copy * self.table_sectors) * self.sector_bytes, table
        label = ENTRY.pack(LABEL, VOLUME_LABEL, 0, 0, 0, DATE, DATE, 0, 0, DATE, 0, 0)
        yield self.data_at - ROOT_BYTES, label + entries_of(self.root)
        above = {id(child): folder for folder in [self.root, *(node for _, node in self._nodes())]
                 if folder.children is not None for child in folder.children.values()}
        for _, node in self._nodes():
            if node.children is not None:
                yield self._at(node), (entry(b".".ljust(11), node) + entry(
                    b"..".ljust(11), above[id(node)]) + entries_of(node))

    def _boot_sector(self) -> bytes:
        """The BIOS parameter block, without boot code: nothing boots from this sector."""
        sectors = self.size // self.sector_bytes
        kind = b"FAT16   " if self.is_fat16 else b"FAT12   "
        block = BPB.pack(b"\xeb\x3c\x90", b"MOTE    ", self.sector_bytes,
                         self.cluster_bytes // self.sector_bytes, self.reserved_sectors, COPIES,
                         ROOT_BYTES // ENTRY.size, sectors if sectors < 1 << 16 else 0, MEDIA,
                         self.table_sectors, TRACK_SECTORS, HEADS, self.hidden,
                         0 if sectors < 1 << 16 else sectors, 0x80, 0, 0x29, self.number, LABEL,
                         kind)
        return block.ljust(SIGNATURE_AT, b"\0") + SIGNATURE

    def _table(self) -> bytes:
        """One copy of the FAT."""
        end = 0xFFFF if self.is_fat16 else 0xFFF
        numbers = [end & ~0xFF | MEDIA, end]
        for _, node in self._nodes():
            if node.clusters:
                numbers += [*range(node.cluster + 1, node.cluster + node.clusters), end]
        if self.is_fat16:
            return struct.pack(f"<{len(numbers)}H", *numbers)
        numbers += [0] * (len(numbers) % 2)
        return b"".join((low | high << 12).to_bytes(3, "little")
                        for low, high in zip(numbers[::2], numbers[1::2]))


def entries_of(folder: Node) -> bytes:
    """A folder's entries but for the first two: long names where need be, and short ones."""
    made = b""
    for number, (name, node) in enumerate(folder.children.items(), 1):
        short = short_name(name, number)
        if name != readable(short):
            made += long_entries(name, short)
        made += entry(short, node)
    return made


def entry(short: bytes, node: Node) -> bytes:
    is_folder = node.children is not None
    return ENTRY.pack(short, DIRECTORY if is_folder else 0, 0, 0, 0, DATE, DATE, 0, 0, DATE,
                      node.cluster, node.size)


def short_name(name: str, number: int) -> bytes:
    """The name in 8.3 form; one that doesn't fit is cut, and ends in its number."""
    base, _, ending = name.upper().partition(".")
    if len(base) > 8 or len(ending) > 3:
        tail = f"~{number}"
        base = base[:8 - len(tail)] + tail
    return f"{base:8}{ending[:3]:3}".encode("ascii")


def readable(short: bytes) -> str:
    base, ending = short[:8].decode().rstrip(), short[8:].decode().rstrip()
    return f"{base}.{ending}" if ending else base


def long_entries(name: str, short: bytes) -> bytes:
    """The entries that hold a long name, the last part first; unused characters are all ones."""
    checksum = 0
    for byte in short:
        checksum = ((checksum & 1) << 7) + (checksum >> 1) + byte & 0xFF
    count = -(-len(name) // LONG_CHARACTERS)
    text = (name + "\0" * (len(name) % LONG_CHARACTERS > 0)).encode("utf-16-le")
    text = text.ljust(2 * LONG_CHARACTERS * count, b"\xff")
    made = b""
    for order in range(count, 0, -1):
        part = text[2 * LONG_CHARACTERS * (order - 1):][:2 * LONG_CHARACTERS]
        made += LONG_ENTRY.pack(order | LAST_LONG * (order == count), part[:10], LONG_NAME, 0,
                                checksum, part[10:22], 0, part[22:])
    return made
