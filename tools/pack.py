#!/usr/bin/env python3
"""Packs a folder into a site pack: every response that its files can need, made ready."""

import argparse
import hashlib
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools import pack_format as layout  # noqa: E402
from tools.config import Settings, read_settings  # noqa: E402
from tools.errors import UserError, system_error  # noqa: E402
from tools.files import replacing  # noqa: E402
from tools.media_types import Utf8Check  # noqa: E402
from tools.messages import (LAST_SECOND, Content, Head, entity_tag, file_head,  # noqa: E402
                            not_found_head, not_modified_head, redirect)
from tools.site_tree import SiteFile, SiteTree, quoted, walk_site  # noqa: E402

_PIECE = 1 << 20


@dataclass(frozen=True)
class PackSummary:
    """What went into a pack: the site's files and the sum of their sizes."""

    files: int
    bytes: int


@dataclass
class _Message:
    """A header block and the body that lies behind it: made here, or a file's content."""

    head: Head
    body: bytes = b""
    file: SiteFile | None = None
    content: Content | None = None
    offset: int = 0  # in the pack, once it is laid out

    @property
    def body_bytes(self) -> int:
        return self.content.bytes if self.content else len(self.body)


@dataclass
class _Resource:
    path: bytes
    message: _Message
    not_modified: bytes = b""
    tag: bytes = b""


@dataclass
class _Plan:
    """Everything that the pack will hold, in its order."""

    settings: bytes
    resources: list[_Resource] = field(default_factory=list)
    messages: list[_Message] = field(default_factory=list)
    not_found: int = layout.NONE
    files: int = 0
    bytes: int = 0


def pack_site(site: Path, out: Path, settings: Settings) -> PackSummary:
    """Writes the pack of a folder; what cannot be served raises UserError, and nothing is left."""
    tree = walk_site(site)
    refuse_inside(site, out)
    plan = _make_plan(site, tree, settings)
    tables, total = _lay_out(plan)
    with replacing(out) as stream:
        _write(stream, plan, tables, total)
    return PackSummary(plan.files, plan.bytes)


def refuse_inside(site: Path, out: Path) -> None:
    """Refuses to write where the next pack would take what was written for a part of the site."""
    if out.resolve().is_relative_to(site.resolve()):
        raise UserError(f"{quoted(out)}: lies inside the site; write it somewhere else")


def _make_plan(site: Path, tree: SiteTree, settings: Settings) -> _Plan:
    plan = _Plan(settings.blob())
    by_path: dict[bytes, _Resource] = {}
    latest = _latest_time()
    for file in tree.files:
        content = _read_content(file, latest)
        message = _Message(file_head(file.path, content), file=file, content=content)
        by_path[file.path] = _Resource(file.path, message, not_modified_head(content).block,
                                       entity_tag(content).encode())
        plan.messages.append(message)
        plan.files += 1
        plan.bytes += content.bytes
    for folder in tree.folders:
        _add_folder(plan, by_path, folder, settings)
    plan.resources = [by_path[path] for path in sorted(by_path)]
    _add_not_found(site, plan, by_path, settings)
    return plan


def _add_folder(plan: _Plan, by_path: dict[bytes, _Resource], folder: bytes,
                settings: Settings) -> None:
    for name in settings.index:
        if index := by_path.get(folder + name.encode()):
            by_path[folder] = _Resource(folder, index.message, index.not_modified, index.tag)
            break
    if folder != b"/":
        message = _Message(*redirect(folder))
        by_path[folder[:-1]] = _Resource(folder[:-1], message)
        plan.messages.append(message)


def _add_not_found(site: Path, plan: _Plan, by_path: dict[bytes, _Resource],
                   settings: Settings) -> None:
    path = b"/" + settings.not_found.encode().lstrip(b"/")
    page = by_path.get(path)
    if page is None or page.message.content is None:
        if settings.not_found_required:
            raise UserError(f"{quoted(site / settings.not_found)}: no such file, but "
                            "http.not_found names it; add it or change the setting")
        return
    content = page.message.content
    message = _Message(not_found_head(path, content), file=page.message.file, content=content)
    plan.messages.append(message)
    plan.not_found = len(plan.resources)
    plan.resources.append(_Resource(b"", message))


def _latest_time() -> int:
    """The upper bound of modification times (reproducible-builds.org, SOURCE_DATE_EPOCH)."""
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return LAST_SECOND
    if not (text.isascii() and text.isdigit()):
        raise UserError(f"SOURCE_DATE_EPOCH={text!r}: not a number of seconds; set or unset it")
    digits = text.lstrip("0") or "0"
    return LAST_SECOND if len(digits) > len(str(LAST_SECOND)) else min(int(digits), LAST_SECOND)


def _pieces(file: SiteFile) -> Iterator[bytes]:
    try:
        with open(file.source, "rb") as source:
            while piece := source.read(_PIECE):
                yield piece
    except OSError as error:
        raise system_error(file.source, error,
                           "make it readable or move it out of the site") from error


def _read_content(file: SiteFile, latest: int) -> Content:
    digest = hashlib.sha256()
    utf8 = Utf8Check()
    size = 0
    for piece in _pieces(file):
        digest.update(piece)
        utf8.update(piece)
        size += len(piece)
    modified = min(max(int(file.source.stat().st_mtime), 0), latest)
    return Content(size, digest.hexdigest(), utf8.finish(), modified)


def _align(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def _lay_out(plan: _Plan) -> tuple[bytes, int]:
    """Places everything; returns all that lies in front of the messages, and the pack's size."""
    named = [resource.path for resource in plan.resources if resource.path]
    slots = layout.hash_slots(named)
    slots_at = layout.HEADER.size
    resources_at = slots_at + len(slots) * layout.SLOT.size
    texts_at = resources_at + len(plan.resources) * layout.RESOURCE.size
    texts = bytearray()

    def place(text: bytes) -> int:
        texts.extend(text)
        return texts_at + len(texts) - len(text)

    settings_at = place(plan.settings)
    places = [(place(r.path), place(r.not_modified), place(r.tag)) for r in plan.resources]
    offset = texts_at + len(texts)
    for message in plan.messages:
        message.offset = _align(offset, layout.MESSAGE_ALIGNMENT)
        offset = message.offset + len(message.head.block) + message.body_bytes
    total = _align(offset, layout.ALIGNMENT)

    header = layout.HEADER.pack(
        layout.MAGIC, layout.VERSION, layout.HEADER.size, total, 0, layout.RESOURCE.size,
        slots_at, len(slots), len(plan.resources), resources_at, settings_at,
        len(plan.settings), plan.not_found, plan.files, plan.bytes)
    table = b"".join(layout.SLOT.pack(*slot) for slot in slots)
    records = b"".join(_record(resource, *at) for resource, at in zip(plan.resources, places))
    return header + table + records + bytes(texts), total


def _record(resource: _Resource, path_at: int, not_modified_at: int, tag_at: int) -> bytes:
    message = resource.message
    modified = message.content.modified if message.content else 0
    return layout.RESOURCE.pack(
        path_at, len(resource.path), message.head.status, message.head.status_line_bytes,
        message.offset, message.body_bytes, len(message.head.block), len(resource.tag),
        tag_at, not_modified_at, len(resource.not_modified),
        resource.not_modified.find(b"\n") + 1, modified)


def _write(stream: BinaryIO, plan: _Plan, tables: bytes, total: int) -> None:
    checksum = 0
    position = 0

    def put(piece: bytes) -> None:
        nonlocal checksum, position
        checksum = zlib.crc32(piece, checksum)
        position += len(piece)
        stream.write(piece)

    put(tables)
    for message in plan.messages:
        put(bytes(message.offset - position))
        put(message.head.block)
        for piece in _checked_pieces(message) if message.file else [message.body]:
            put(piece)
    put(bytes(total - position))
    stream.seek(layout.CHECKSUM_OFFSET)
    stream.write(checksum.to_bytes(4, "little"))


def _checked_pieces(message: _Message) -> Iterator[bytes]:
    """A file's content once more, refused when it isn't what was read the first time."""
    assert message.file and message.content
    digest = hashlib.sha256()
    size = 0
    for piece in _pieces(message.file):
        size += len(piece)
        if size <= message.content.bytes:
            digest.update(piece)
            yield piece
    if size != message.content.bytes or digest.hexdigest() != message.content.digest:
        raise UserError(f"{quoted(message.file.source)}: changed while it was being packed; "
                        "pack again when nothing writes to it")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="pack.py", description=__doc__)
    parser.add_argument("site", type=Path, metavar="SITE", help="the folder to pack")
    parser.add_argument("-o", dest="out", type=Path, metavar="FILE", required=True,
                        help="the pack to write")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings, as in mote.toml")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(options.config) if options.config else Settings()
        summary = pack_site(options.site, options.out, settings)
    except UserError as error:
        print(f"pack.py: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"pack.py: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {summary.files} files, {summary.bytes} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
