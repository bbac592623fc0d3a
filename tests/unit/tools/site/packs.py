"""Site packs made and read back by tests, the way that the firmware reads them."""

import os
from pathlib import Path

import pytest

from tools.base.errors import UserError
from tools.site import pack_format as layout
from tools.site.pack import pack_site
from tools.site.settings import Settings


class Pack:
    """A pack read back the way that the firmware reads it."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        (self.magic, self.version, self.header_bytes, self.total, self.checksum, self.sites,
         *tables, self.settings_at, self.settings_bytes, self.files,
         self.bytes) = self._header()
        records = [layout.SLOT, layout.RESOURCE, layout.REPRESENTATION, layout.HOST, layout.RULE,
                   layout.ERROR_PAGE, layout.FIELD_SET, layout.WORD]
        assert [record.size for record in records] == tables[2::3]
        assert all(offset % layout.TABLE_ALIGNMENT == 0 for offset in tables[::3])
        (self.slots, self.resources, self.representations, self.hosts, self.rules,
         self.error_pages, self.field_sets, words) = (
            [record.unpack_from(self.data, offset + number * record.size)
             for number in range(count)]
            for record, offset, count in zip(records, tables[::3], tables[1::3]))
        self.words = [word for word, in words]

    def _header(self) -> tuple:
        """Its values, with all tables in one row."""
        values = layout.HEADER.unpack_from(self.data)
        return (*values[:24], *values[28:], *values[24:28])

    def settings(self) -> bytes:
        return self.text(self.settings_at, self.settings_bytes)

    def find(self, path: str, site: int = 0) -> tuple | None:
        key = path.encode()
        value = layout.path_hash(site, key)
        for probe in range(layout.MAX_PROBES):
            half, index = self.slots[(value + probe) & (len(self.slots) - 1)]
            if index == layout.NONE:
                return None
            record = self.resources[index]
            if half == value >> 32 and record[2] == site and self.text(*record[:2]) == key:
                return record
        return None

    def text(self, offset: int, size: int) -> bytes:
        return self.data[offset:offset + size]

    def codings(self, path: str) -> list[int]:
        """Of a path's representations, in their order."""
        first, count = self.find(path)[4:6]
        return [record[-1] for record in self.representations[first:first + count]]

    def record(self, path: str, coding: int = layout.IDENTITY, site: int = 0) -> tuple:
        first, count = self.find(path, site)[4:6]
        return next(record for record in self.representations[first:first + count]
                    if record[-1] == coding)

    def head_of(self, record: tuple) -> bytes:
        return self.text(record[0], record[2])

    def parts_of(self, record: tuple) -> list[bytes]:
        """The head's common lines, those of coding and type, and the rest."""
        head, common, kind = self.head_of(record), record[3], record[4]
        return [head[:common], head[common:common + kind], head[common + kind:]]

    def body_of(self, record: tuple) -> bytes:
        return self.text(record[0] + record[2], record[1])

    def head(self, path: str, coding: int = layout.IDENTITY, site: int = 0) -> bytes:
        return self.head_of(self.record(path, coding, site))

    def body(self, path: str, coding: int = layout.IDENTITY, site: int = 0) -> bytes:
        return self.body_of(self.record(path, coding, site))

    def field(self, path: str, name: str, site: int = 0) -> str | None:
        return field_of(self.head(path, site=site), name)

    def error(self, status: int, site: int = 0) -> tuple | None:
        """The representation of a site's page for an error."""
        return next((self.representations[number] for its_site, its_status, number, _
                     in self.error_pages if (its_site, its_status) == (site, status)), None)

    def lines(self, path: str, status: int = 0, site: int = 0) -> list[str]:
        """The site's own lines of what the firmware composes at a path: on the site's page for an
        error, or without one; of OPTIONS with those of a preflight."""
        return self._text_of_set(path, status, site, with_preflight=False)

    def preflight(self, path: str, site: int = 0) -> list[str]:
        return self._text_of_set(path, 0, site, with_preflight=True)

    def _text_of_set(self, path: str, status: int, site: int, with_preflight: bool) -> list[str]:
        if not self.words:
            return []
        classes, _, groups, _ = self.words[:4]
        class_of = b"".join(word.to_bytes(2, "little") for word in self.words[4:132])
        row = 132
        for byte in path.encode():
            row = 132 + self.words[row + 1 + class_of[byte]] * (1 + classes)
        resource = self.find(path, site)
        group = resource[7] if resource else self.words[row]
        page = next((page[3] for page in self.error_pages if page[:2] == (site, status)), 0)
        at, size, preflight, _ = self.field_sets[page * groups + group]
        return self.text(at, size + preflight * with_preflight).decode().splitlines()

    def status_and_location(self, path: str, site: int = 0) -> tuple[int, str]:
        return self.find(path, site)[3], self.field(path, "Location", site)


def field_of(head: bytes, name: str) -> str | None:
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
    return next((value for its_name, value in lines if its_name == name), None)


def packed(site: Path, settings: Settings = Settings()) -> Pack:
    out = site.parent / "site.pack"
    pack_site(site, out, settings)
    return Pack(out)


def refusal(site: Path, settings: Settings = Settings()) -> str:
    """The one line with which a site is refused; nothing is left of the pack."""
    out = site.parent / "refused.pack"
    with pytest.raises(UserError) as caught:
        pack_site(site, out, settings)
    assert not list(site.parent.glob("refused.pack*")), "a partial pack was left"
    message = str(caught.value)
    assert "\n" not in message
    return message


def write_site(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A site of these files, all of the time that RFC 9110, 5.6.7, has as its example."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(folder / name, (784111777, 784111777))
    return folder
