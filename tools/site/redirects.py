"""mote.toml's redirects: from a path or a prefix of paths to a URI."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from tools.base.errors import UserError

MAX_TARGET_BYTES = 2000
MAX_PREFIX_TARGET_BYTES = 256  # the server composes these with the rest, in a small buffer

# Characters that need no encoding in a path, a query or a fragment (RFC 3986, 3.3 to 3.5), and the
# percent sign of those that are encoded already.
_SAFE = "%/:?@!$&'()*+,;=~-._"
_HOST = r"[0-9A-Za-z.-]+|\[[0-9A-Fa-f:.]+\]"


@dataclass(frozen=True)
class Redirect:
    """An exact redirect, or one for all paths with a prefix at which nothing else answers."""

    path: bytes  # decoded; a prefix without its star
    target: str  # encoded for sending; without its star
    status: int = 301
    is_prefix: bool = False
    keeps_rest: bool = False

    @property
    def shown(self) -> str:
        return repr(self.path.decode(errors="backslashreplace") + "*" * self.is_prefix)


def parse_source(text: str) -> tuple[bytes, bool]:
    """The decoded path, and whether it is a prefix; ValueError says what is wrong with it."""
    is_prefix = text.endswith("*")
    path = text.removesuffix("*")
    if not path.startswith("/"):
        raise ValueError('must be a path that begins with a slash, like "/old"')
    if "*" in path:
        raise ValueError("must have its star at the end; a star that belongs to the path is %2A")
    if "?" in path or "#" in path:
        raise ValueError("must be a path without query or fragment; a question mark that belongs "
                         "to it is %3F, a number sign %23")
    _check_text(path)
    decoded = unquote_to_bytes(path)
    if re.search(r"%(2[fF]|00)", path):
        raise ValueError("holds an encoded slash or NUL, which no request can have")
    *folders, last = decoded.split(b"/")[1:]
    if {b"", b".", b".."}.intersection(folders) or (last in (b".", b"..") and not is_prefix):
        raise ValueError("must not hold empty or dot segments; requests' paths have none when they "
                         "are looked up")
    return decoded, is_prefix


def parse_target(text: str, is_prefix: bool) -> tuple[str, bool]:
    """The URI reference, encoded where necessary, and whether it keeps the rest of the path."""
    keeps_rest = is_prefix and text.endswith("*")
    target = text.removesuffix("*") if keeps_rest else text
    _check_text(target)
    absolute = re.match(rf"(https?:)?//(?:{_HOST})(:[0-9]{{1,5}})?(?=[/?#]|$)", target, re.I)
    if not absolute and not re.match(r"/(?![/\\])", target):
        raise ValueError('must be a path, like "/new", or a whole URI, like '
                         '"https://www.example.com/new", of a host in ASCII')
    if absolute and keeps_rest and not target[absolute.end():].startswith("/"):
        raise ValueError("must have a slash between host and star, or requests could choose "
                         "another host")
    if keeps_rest and "#" in target:
        raise ValueError("must have no fragment before the star")
    authority = absolute[0] if absolute else ""
    path, mark, fragment = target[len(authority):].partition("#")
    encoded = authority + quote(path, safe=_SAFE) + mark + quote(fragment, safe=_SAFE)
    most = MAX_PREFIX_TARGET_BYTES if keeps_rest else MAX_TARGET_BYTES
    if len(encoded) > most:
        raise ValueError(f"has {len(encoded)} bytes, more than {most}")
    return encoded, keeps_rest


def _check_text(text: str) -> None:
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        raise ValueError("must hold no control characters")
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError("must have two hexadecimal digits behind each percent sign; the sign "
                         "itself is %25")


def check_loops(redirects: Collection[Redirect], pages: Collection[bytes]) -> None:
    """Refuses redirects that lead back to themselves, even through others."""
    exact = {one.path: one for one in redirects if not one.is_prefix}
    prefixes = sorted((one for one in redirects if one.is_prefix), key=lambda one: -len(one.path))

    def follow(path: bytes) -> tuple[Redirect, bytes] | None:
        """The redirect at a path, and the part of the path that it appends to its target."""
        if path in pages:
            return None
        if path in exact:
            return exact[path], b""
        for one in prefixes:
            if path.startswith(one.path):
                return one, path[len(one.path):] if one.keeps_rest else b""
        return None

    for first in redirects:
        # The prefix itself, and a longer path that is surely no page's, stand for all its paths.
        starts = [b"", b"\xff"] if first.keeps_rest else [b""]
        for rest in starts:
            met: tuple[Redirect, bytes] | None = first, rest
            for _ in range(len(redirects) + 1):
                if met is None or (path := _local_path(*met)) is None:
                    break
                met = follow(path)
            else:
                raise UserError(f"http.redirect: {first.shown} leads back to itself; change one of "
                                "the redirects on its way")


def _local_path(one: Redirect, rest: bytes) -> bytes | None:
    """The decoded path that a redirect leads to on its own site; None: another server's."""
    if not one.target.startswith("/") or one.target.startswith("//"):
        return None
    path = unquote_to_bytes(re.split(r"[?#]", one.target)[0])
    return path + (rest.lstrip(b"/") if path.endswith(b"/") else rest)
