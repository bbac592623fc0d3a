"""Maps a site's paths to files and redirects; refuses two for one path."""

from dataclasses import dataclass, field
from urllib.parse import quote

from tools.base.errors import UserError
from tools.site.redirects import Redirect, check_loops
from tools.site.settings import Settings
from tools.site.site_tree import SiteFile, SiteTree, quoted

_PAGE_ENDINGS = (b".html", b".htm")


@dataclass
class Addresses:
    """The answers at a site's decoded paths: files, exact redirects, and redirects by prefix."""

    pages: dict[bytes, SiteFile] = field(default_factory=dict)
    redirects: dict[bytes, Redirect] = field(default_factory=dict)
    prefixes: list[Redirect] = field(default_factory=list)  # the longest first

    def paths_of_files(self) -> dict[SiteFile, list[bytes]]:
        """Each file's paths: its own in the site, and all at which it answers."""
        paths = {file: {file.path} for file in self.pages.values()}
        for path, file in self.pages.items():
            paths[file].add(path)
        return {file: sorted(found) for file, found in paths.items()}


def find_addresses(tree: SiteTree, settings: Settings) -> Addresses:
    """Files, folders with their index, clean URLs and the configured redirects."""
    found = Addresses({file.path: file for file in tree.files})
    indexes = _add_indexes(tree, settings, found)
    if settings.clean_urls:
        _clean(tree, indexes, found)
    for folder in tree.folders:
        if folder != b"/" and folder[:-1] not in found.pages:
            found.redirects[folder[:-1]] = Redirect(folder[:-1], quoted_path(folder))
    _add_redirects(settings, found)
    _check_endpoints(settings, found)
    return found


def quoted_path(path: bytes) -> str:
    """A decoded path, percent-encoded for sending (RFC 3986, 3.3)."""
    return quote(path, safe="/:@!$&'()*+,;=~")


def _add_indexes(tree: SiteTree, settings: Settings, found: Addresses) -> dict[bytes, bytes]:
    """Lets folders answer with their index file; returns the folder of each index file."""
    indexes = {}
    for folder in tree.folders:
        for name in settings.index:
            if index := found.pages.get(folder + name.encode()):
                found.pages[folder] = index
                indexes[index.path] = folder
                break
    return indexes


def _clean(tree: SiteTree, indexes: dict[bytes, bytes], found: Addresses) -> None:
    """Lets pages answer without their ending, and index files only for their folder."""
    files = {file.path: file for file in tree.files}
    for file in tree.files:
        clean = indexes.get(file.path)
        if clean is None:
            clean = _without_ending(file.path)
            if clean is None:
                continue
            if other := found.pages.get(clean) or files.get(clean):
                raise UserError(f"{quoted(file.source)}: http.clean_urls would let it answer at "
                                f"{quoted_path(clean)!r}, as {quoted(other.source)} does; rename "
                                "one of them")
            found.pages[clean] = file
        del found.pages[file.path]
        found.redirects[file.path] = Redirect(file.path, quoted_path(clean))


def _without_ending(path: bytes) -> bytes | None:
    """A page's path without its ending; None for other files and if no name is left."""
    for ending in _PAGE_ENDINGS:
        clean = path.removesuffix(ending)
        if clean != path and clean.rsplit(b"/", 1)[1] not in (b"", b".", b".."):
            return clean
    return None


def _add_redirects(settings: Settings, found: Addresses) -> None:
    """Adds the configured ones; they may replace a folder's redirect, but not a file."""
    of_files = {file.path: file for file in found.pages.values()} | found.pages
    for one in settings.redirects:
        if one.is_prefix:
            found.prefixes.append(one)
        elif file := of_files.get(one.path):
            raise UserError(f"http.redirect: from {one.shown}: {quoted(file.source)} answers "
                            "there; move the file or drop the redirect")
        else:
            found.redirects[one.path] = one
    found.prefixes.sort(key=lambda one: (-len(one.path), one.path))
    check_loops([*found.redirects.values(), *found.prefixes], found.pages.keys())


def _check_endpoints(settings: Settings, found: Addresses) -> None:
    for key, path in settings.endpoints.items():
        if file := found.pages.get(path.encode()):
            raise UserError(f"{quoted(file.source)}: hidden by {key} = {path!r}; rename the file, "
                            "or set another path")
        if path.encode() in found.redirects:
            raise UserError(f"{path!r}: a redirect from there is hidden by {key}; set another path "
                            "for one of them")
