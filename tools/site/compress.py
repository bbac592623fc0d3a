"""Makes compressed variants of a site's files on all cores, each once, and keeps the worthwhile."""

import os
import subprocess
import tempfile
import threading
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tools.base import setup
from tools.base.errors import UserError, no_room_advice, system_error
from tools.site import pack_format as layout
from tools.site.contents import Content, StoredBody, file_pieces
from tools.site.messages import CODINGS
from tools.site.site_tree import quoted

# A smaller response fits into one packet anyway.
MIN_FILE_BYTES = 256

# Compressible types, beside text/* and those written in JSON or XML. All others are compressed
# already (images, audio, video, WOFF, PDF) or unknown.
_TYPES = frozenset("""
    application/javascript application/json application/msword application/pem-certificate-chain
    application/postscript application/rtf application/sql application/toml
    application/vnd.apple.mpegurl application/vnd.ms-excel application/vnd.ms-fontobject
    application/vnd.ms-powerpoint application/wasm application/x-ndjson application/x-sh
    application/x-tar application/x-tcl application/x-x509-ca-cert application/xml
    application/xml-dtd application/yaml audio/midi audio/mpegurl font/collection font/otf font/ttf
    image/bmp image/vnd.microsoft.icon image/x-icon image/x-ms-bmp model/gltf-binary model/mtl
    model/obj model/step model/stl model/vrml""".split())

# Above this size the tools' best level takes minutes and gains a few percent.
_SLOW_BYTES = 8 << 20

_TOOLS = {layout.BROTLI: "brotli", layout.ZSTD: "zstd"}


@dataclass(frozen=True)
class Candidate:
    """A file that compression may make smaller."""

    source: Path
    content: Content


def is_compressible(media: str) -> bool:
    kind = media.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith(("+json", "+xml")) or kind in _TYPES


def is_worth_it(size: int, identity: int) -> bool:
    """Whether a variant of this size is at least 5 % and 64 bytes smaller."""
    return identity - size >= max(64, identity / 20)


def needs(codings: Iterable[int]) -> dict[str, str]:
    """The packages that make these codings."""
    return {tool: setup.COMPRESS[tool] for coding in codings if (tool := _TOOLS.get(coding))}


class Compressor:
    """Makes variants and keeps them in `store` until they are written."""

    def __init__(self, codings: Iterable[int], store: BinaryIO,
                 note: Callable[[str], None]) -> None:
        self._codings = tuple(codings)
        self._store = store
        self._note = note
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._variants: dict[str, list[tuple[int, StoredBody]]] = defaultdict(list)

    def variants(self, content: Content) -> list[tuple[int, StoredBody]]:
        """The worthwhile variants that `make` made: coding and body, the smallest first."""
        found = self._variants.get(content.digest, [])
        return sorted(found, key=lambda variant: (variant[1].bytes, variant[0]))

    def make(self, candidates: Iterable[Candidate]) -> None:
        """Makes all variants of these files; the same content only once."""
        unique = {one.content.digest: one for one in candidates
                  if one.content.bytes >= MIN_FILE_BYTES}
        if unique:
            self._require_tools()
        largest_first = sorted(unique.values(), key=lambda one: -one.content.bytes)
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            try:
                self._await([pool.submit(self._make, one, coding)
                             for one in largest_first for coding in self._codings])
            except BaseException:  # an interrupt, too: the running tools are of no use any more
                pool.shutdown(wait=False, cancel_futures=True)
                self._stop()
                raise

    def _await(self, jobs: list[Future[None]]) -> None:
        for number, job in enumerate(as_completed(jobs), 1):
            job.result()
            self._note(f"compressed {number} of {len(jobs)}")

    def _require_tools(self) -> None:
        if lacking := setup.missing(needs(self._codings)):
            names = ", ".join(f'"{CODINGS[coding]}"' for coding in self._codings
                              if _TOOLS.get(coding) in lacking)
            raise UserError(f"http.compress = {names} needs a tool that is not here; install it "
                            f"with: sudo apt-get install -y --no-install-recommends "
                            f"{' '.join(lacking)}, or leave the coding out")

    def _make(self, one: Candidate, coding: int) -> None:
        data = _gzip(one.source) if coding == layout.GZIP else self._run(one, coding)
        if not is_worth_it(len(data), one.content.bytes):
            return
        with self._lock:
            offset = self._put_by(data)
            self._variants[one.content.digest].append(
                (coding, StoredBody(self._store, offset, len(data))))

    def _put_by(self, data: bytes) -> int:
        try:
            offset = self._store.seek(0, os.SEEK_END)
            self._store.write(data)
            self._store.flush()
        except OSError as error:
            raise system_error(Path(tempfile.gettempdir()), error, no_room_advice()) from None
        return offset

    def _run(self, one: Candidate, coding: int) -> bytes:
        command = _command(coding, one.content.bytes)
        try:
            source = open(one.source, "rb")
        except OSError as error:
            raise system_error(one.source, error,
                               "make it readable or move it out of the site") from error
        with source:
            with self._lock:
                if self._stopped:
                    return b""
                process = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE)
                self._running.add(process)
            with process:
                data, said = process.communicate()
        with self._lock:
            self._running.discard(process)
        if process.returncode != 0 and not self._stopped:
            reason = said.decode(errors="replace").strip().partition("\n")[0]
            raise RuntimeError(f"{quoted(one.source)}: {command[0]} failed: "
                               f"{reason or process.returncode}")
        return data

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()


def _gzip(source: Path) -> bytes:
    """RFC 1952, without a name and a time of modification."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS, 9)
    return b"".join([*map(packer.compress, file_pieces(source)), packer.flush()])


def _command(coding: int, size: int) -> list[str]:
    """The tool with options that make the same bytes from the same input on any machine.

    Windows are the largest that every client must support: 16 MiB for Brotli (RFC 7932, 9.1), 8 MiB
    for Zstandard (RFC 9659, 3), which no level up to 19 exceeds.
    """
    is_slow = size > _SLOW_BYTES
    if coding == layout.BROTLI:
        return ["brotli", "--stdout", f"--quality={9 if is_slow else 11}", "--lgwin=24"]
    return ["zstd", "--stdout", "--quiet", f"-{12 if is_slow else 19}", "--single-thread",
            "--no-check", f"--stream-size={size}"]
