"""Decides about the configurable fields of responses: rules by pattern, and defaults."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tools.base.errors import UserError

# Clients and proxies may not accept more.
MAX_FIELD_BYTES = 4096

REVALIDATE = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"
FOR_AN_HOUR = "public, max-age=3600"
NEVER_STORED = "no-store"

_PAGES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True)
class Pattern:
    """A pattern on whole, decoded paths; `*` is any run of characters."""

    text: str

    def matches(self, path: bytes) -> bool:
        """Whether the path matches, in time that doesn't multiply with the number of stars."""
        first, *rest = self.text.encode().split(b"*")
        if not rest:
            return path == first
        last = rest.pop()
        if not path.startswith(first) or len(path) < len(first) + len(last):
            return False
        place, end = len(first), len(path) - len(last)
        for part in rest:
            place = path.find(part, place, end)
            if place < 0:
                return False
            place += len(part)
        return path.endswith(last)


@dataclass(frozen=True)
class CacheRule:
    """A Cache-Control for the paths that match; an empty one removes the field."""

    match: Pattern
    control: str


@dataclass(frozen=True)
class HeaderRule:
    """Fields for the paths that match; an empty value removes a field."""

    match: Pattern
    fields: tuple[tuple[str, str], ...]


def merged(rules: Iterable[HeaderRule], whose: Callable[[], str]) -> dict[str, str]:
    """The fields that these rules set; later rules override earlier ones."""
    chosen: dict[str, tuple[str, str]] = {}
    for rule in rules:
        for name, value in rule.fields:
            chosen[name.lower()] = (name, value)
    fields = {name: value for name, value in chosen.values() if value}
    size = sum(len(name) + len(value) + 4 for name, value in fields.items())
    if size > MAX_FIELD_BYTES:
        raise UserError(f"http.headers: the fields {whose()} have {size} bytes together, "
                        f"more than {MAX_FIELD_BYTES}; set fewer or shorter ones")
    return fields


@dataclass(frozen=True)
class Policy:
    """A site's rules; later ones override earlier ones."""

    cache: tuple[CacheRule, ...] = ()
    headers: tuple[HeaderRule, ...] = ()

    def fields(self, paths: Iterable[bytes]) -> dict[str, str]:
        """The configured fields for a resource that answers at these paths."""
        return merged((rule for rule in self.headers
                       if any(rule.match.matches(path) for path in paths)),
                      lambda: f"for {sorted(paths)[0].decode()!r}")

    def file_control(self, paths: Iterable[bytes], media: str, is_fingerprinted: bool) -> str:
        """Cache-Control of a file that answers at these paths.

        With a time to live, browsers would use their copy until then, even when a page is reloaded.
        So they must ask about files without a fingerprint.
        """
        if (chosen := self._control(paths)) is not None:
            return chosen
        is_page = media.partition(";")[0] in _PAGES
        return FOR_EVER if is_fingerprinted and not is_page else REVALIDATE

    def redirect_control(self, path: bytes, status: int) -> str:
        """Cache-Control of a redirect: by default, temporary ones (302, 307) have none."""
        if (chosen := self._control([path])) is not None:
            return chosen
        return FOR_AN_HOUR if status in (301, 308) else ""

    def error_control(self, path: bytes) -> str:
        """Cache-Control of an error page. A missing file may be added later, so only a rule for
        exactly this page counts."""
        exact = [rule.control for rule in self.cache if rule.match.text.encode() == path]
        return exact[-1] if exact else NEVER_STORED

    def _control(self, paths: Iterable[bytes]) -> str | None:
        for rule in reversed(self.cache):
            if any(rule.match.matches(path) for path in paths):
                return rule.control
        return None
