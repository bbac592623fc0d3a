"""Lays out a planned pack and writes it."""

import zlib
from collections.abc import Iterable
from struct import Struct
from typing import BinaryIO

from tools.site import pack_format as layout
from tools.site.site_plan import Plan, Representation, Resource


def write_pack(stream: BinaryIO, plan: Plan) -> None:
    """Writes the whole pack."""
    front, total = _lay_out(plan)
    _write(stream, plan, front, total)


class _Tables:
    """The tables that follow the header, and after them the texts that they point to."""

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self._tables = bytearray()
        self._texts = bytearray()
        self.places: list[tuple[int, int, int]] = []  # each table's entry in the header

    def reserve(self, record: Struct, count: int) -> None:
        """Reserves room for a table. Reserve all tables before placing the first text."""
        self.places.append((self._offset, count, record.size))
        self._offset += count * record.size

    def text(self, text: bytes) -> int:
        """Adds a text; returns its offset."""
        self._texts += text
        return self._offset + len(self._texts) - len(text)

    def put(self, record: Struct, records: Iterable[tuple]) -> None:
        for values in records:
            self._tables += record.pack(*values)

    @property
    def end(self) -> int:
        return self._offset + len(self._texts)

    def data(self) -> bytes:
        return bytes(self._tables + self._texts)


def _align(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def _lay_out(plan: Plan) -> tuple[bytes, int]:
    """Places everything; returns the bytes in front of the messages, and the pack's size."""
    slots = layout.hash_slots([(one.site, one.path) for one in plan.resources])
    words = plan.field_sets.words()
    sets = plan.field_sets.sets()
    tables = _Tables(layout.HEADER.size)
    for record, count in ((layout.SLOT, len(slots)),
                          (layout.RESOURCE, len(plan.resources)),
                          (layout.REPRESENTATION, len(plan.representations)),
                          (layout.HOST, len(plan.hosts)),
                          (layout.RULE, len(plan.rules)),
                          (layout.ERROR_PAGE, len(plan.error_pages)),
                          (layout.FIELD_SET, len(sets)),
                          (layout.WORD, len(words))):
        tables.reserve(record, count)
    settings_at = tables.text(plan.settings)
    resources = [_resource(one, tables.text(one.path)) for one in plan.resources]
    hosts = [(tables.text(name), len(name), site) for name, site in sorted(plan.hosts)]
    rules = [(tables.text(one.path), tables.text(layout.LOCATION + one.target.encode()) +
              len(layout.LOCATION), len(one.path), len(one.target.encode()), site, one.status,
              one.keeps_rest)
             for site, one in plan.rules]
    lines = {one.text: tables.text(one.text) for one in sets}
    offset = tables.end
    for one in plan.representations:
        one.offset = _align(offset, layout.MESSAGE_ALIGNMENT)
        offset = one.offset + len(one.head.block) + one.body.bytes
    tables.put(layout.SLOT, slots)
    tables.put(layout.RESOURCE, resources)
    tables.put(layout.REPRESENTATION, map(_representation, plan.representations))
    tables.put(layout.HOST, hosts)
    tables.put(layout.RULE, rules)
    tables.put(layout.ERROR_PAGE, ((page.site, page.status, page.representation, page.group)
                                   for page in plan.error_pages))
    tables.put(layout.FIELD_SET, ((lines[one.text], len(one.lines), len(one.preflight), one.echoes)
                                  for one in sets))
    tables.put(layout.WORD, ((word,) for word in words))
    total = _align(offset, layout.ALIGNMENT)
    header = layout.HEADER.pack(
        layout.MAGIC, layout.VERSION, layout.HEADER.size, total, 0, plan.sites,
        *(value for place in tables.places[:6] for value in place),
        settings_at, len(plan.settings), plan.files, plan.bytes,
        *(value for place in tables.places[6:] for value in place))
    return header + tables.data(), total


def _resource(one: Resource, path_at: int) -> tuple:
    flags = layout.STRONG_DATE if one.strong_date else 0
    return (path_at, len(one.path), one.site, one.status, one.first, one.count, flags, one.group,
            one.modified)


def _representation(one: Representation) -> tuple:
    head = one.head
    return (one.offset, one.body.bytes, len(head.block), len(head.common), len(head.type),
            head.tag_offset, len(head.tag), one.coding)


def _write(stream: BinaryIO, plan: Plan, front: bytes, total: int) -> None:
    checksum = 0
    position = 0

    def put(piece: bytes) -> None:
        nonlocal checksum, position
        checksum = zlib.crc32(piece, checksum)
        position += len(piece)
        stream.write(piece)

    put(front)
    for one in plan.representations:
        put(bytes(one.offset - position))
        put(one.head.block)
        for piece in one.body.pieces():
            put(piece)
    put(bytes(total - position))
    stream.seek(layout.CHECKSUM_OFFSET)
    stream.write(checksum.to_bytes(4, "little"))
