"""Media types by file name ending: Debian's table, completed for today's web.

The table is in the repository, so that the same site makes the same image on any machine:
`/etc/mime.types` differs from release to release, and users may change it. To adopt a newer one:
python3 -m tools.site.media_types < /etc/mime.types > tools/site/mime.types
"""

import codecs
import sys
from collections.abc import Iterable
from pathlib import Path

# Types that Debian's table lacks, or has in a form that browsers and players don't expect. From RFC
# 9639 and its kind, IANA's media type registry, the WHATWG's MIME Sniffing standard where IANA is
# silent, and nginx's table for endings that only it knows.
_TODAY = """
    application/java-archive         ear war
    application/json                 har map
    application/octet-stream         msm
    application/rss+xml              rss
    application/toml                 toml
    application/vnd.apache.parquet   parquet
    application/vnd.apple.pkpass     pkpass
    application/vnd.pmtiles          pmtiles
    application/x-apple-aspen-config mobileconfig
    application/x-bzip2              bz2
    application/x-chrome-extension   crx
    application/x-cocoa              cco
    application/x-hdf5               h5
    application/x-ipynb+json         ipynb
    application/x-java-archive-diff  jardiff
    application/x-makeself           run
    application/x-ndjson             jsonl ndjson
    application/x-sea                sea
    application/x-x509-ca-cert       der
    application/yaml                 yaml yml
    audio/matroska                   mka
    audio/midi                       kar mid midi
    audio/webm                       weba
    image/x-icon                     cur ico
    message/rfc822                   mht mhtml
    text/javascript                  cjs
    text/plain                       log rs
    text/x-rst                       rst
    video/3gpp                       3gp 3gpp
    video/3gpp2                      3g2 3gpp2
    video/mp2t                       m2ts mts ts
    video/x-ms-asf                   asf asx
"""

_UNKNOWN = "application/octet-stream"

# Types outside text/* that are registered with a charset parameter, which readers heed.
# JSON is not among them: RFC 8259, section 11, defines none.
_TEXT = {"application/xhtml+xml", "application/xml", "image/svg+xml"}


def read_table(lines: Iterable[str]) -> dict[str, str]:
    """Reads a mime.types: ending -> type. If an ending is there twice, the first counts."""
    types: dict[str, str] = {}
    for line in lines:
        media, *endings = line.partition("#")[0].split() or [""]
        for ending in endings:
            types.setdefault(ending.lower(), media)
    return types


def write_table(types: dict[str, str]) -> str:
    """A table in the form of tools/site/mime.types: sorted, one line per type."""
    return "".join(f"{media} {' '.join(sorted(e for e in types if types[e] == media))}\n"
                   for media in sorted(set(types.values())))


def _table() -> dict[str, str]:
    kept = Path(__file__).with_name("mime.types").read_text(encoding="ascii")
    return read_table(kept.splitlines()) | read_table(_TODAY.splitlines())


_TYPES = _table()


def media_type(name: str) -> str:
    """The media type of a file of this name, without parameters."""
    stem, dot, ending = name.rpartition(".")
    return _TYPES.get(ending.lower(), _UNKNOWN) if dot else _UNKNOWN


def is_text(media: str) -> bool:
    """Whether this type takes a charset parameter."""
    return media.startswith("text/") or media in _TEXT


def is_coded(name: str, gzip: bool) -> bool:
    """Whether a file in gzip is sent with that content coding: an SVG is (SVG 2, 1.2). Its type is
    that of the SVG inside, so the browser must be told."""
    return gzip and name.lower().endswith(".svgz")


class Utf8Check:
    """Checks piece by piece whether a file is UTF-8."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.valid = True

    def update(self, piece: bytes) -> None:
        self._decode(piece, final=False)

    def finish(self) -> bool:
        self._decode(b"", final=True)
        return self.valid

    def _decode(self, piece: bytes, final: bool) -> None:
        if self.valid:
            try:
                self._decoder.decode(piece, final)
            except UnicodeDecodeError:
                self.valid = False


def content_type(name: str, utf8: bool) -> str:
    """The Content-Type field's value for a file, given whether its content is UTF-8."""
    media = media_type(name)
    return f"{media}; charset=utf-8" if utf8 and is_text(media) else media


if __name__ == "__main__":
    sys.stdout.write(write_table(read_table(sys.stdin)))
