"""Media types by a file's ending: Python's built-in table, completed for today's web."""

import codecs
import mimetypes

# Added to Python 3.11's table, or put right in it: IANA's media type registry, with RFC 9239 for
# JavaScript, RFC 8081 for fonts, and the WHATWG's MIME Sniffing standard where IANA is silent.
_TODAY = {
    ".avif": "image/avif",
    ".atom": "application/atom+xml",
    ".cjs": "text/javascript",
    ".eot": "application/vnd.ms-fontobject",
    ".flac": "audio/flac",
    ".geojson": "application/geo+json",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".gz": "application/gzip",
    ".heic": "image/heic",
    ".ico": "image/x-icon",
    ".inv": "application/octet-stream",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".jxl": "image/jxl",
    ".log": "text/plain",
    ".m4a": "audio/mp4",
    ".m4v": "video/mp4",
    ".map": "application/json",
    ".markdown": "text/markdown",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".rss": "application/rss+xml",
    ".rst": "text/x-rst",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".ts": "video/mp2t",
    ".ttc": "font/collection",
    ".ttf": "font/ttf",
    ".vtt": "text/vtt",
    ".wasm": "application/wasm",
    ".weba": "audio/webm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xht": "application/xhtml+xml",
    ".xhtml": "application/xhtml+xml",
    ".xml": "application/xml",
    ".xsl": "application/xslt+xml",
    ".xz": "application/x-xz",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zip": "application/zip",
    ".zst": "application/zstd",
    ".7z": "application/x-7z-compressed",
    ".bz2": "application/x-bzip2",
    ".br": "application/octet-stream",
}

_UNKNOWN = "application/octet-stream"

# Types outside text/* whose registration knows a charset parameter and whose readers heed it.
# JSON is not among them: RFC 8259, section 11, defines none.
_TEXT = {"application/xhtml+xml", "application/xml", "image/svg+xml"}


def _table() -> dict[str, str]:
    # The module's own table only: what the host's /etc/mime.types says would make packs differ.
    types = mimetypes.MimeTypes(filenames=()).types_map[True]
    return {**types, **_TODAY}


_TYPES = _table()


def media_type(name: str) -> str:
    """The media type of a file of this name, without parameters."""
    dot = name.rfind(".")
    return _TYPES.get(name[dot:].lower(), _UNKNOWN) if dot >= 0 else _UNKNOWN


def is_text(media: str) -> bool:
    """Whether a charset parameter belongs behind this type."""
    return media.startswith("text/") or media in _TEXT


class Utf8Check:
    """Finds out, piece by piece, whether a file is UTF-8."""

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
