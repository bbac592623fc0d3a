"""Plans the pack: each site's resources, with their representations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tools.base.errors import UserError
from tools.site import pack_format as layout
from tools.site.addresses import Addresses, find_addresses
from tools.site.compress import Candidate, is_compressible
from tools.site.contents import Body, Content, FileBody, TextBody, read_content
from tools.site.field_sets import FieldSets
from tools.site.fingerprints import fingerprinted
from tools.site.media_types import content_type, is_coded
from tools.site.messages import Head, error_head, file_head, redirect
from tools.site.policy import Policy
from tools.site.redirects import Redirect
from tools.site.settings import Settings
from tools.site.site_tree import SiteFile, quoted, walk_site

# Finds a content's variants: coding and body, the smallest first.
Variants = Callable[[Content], list[tuple[int, Body]]]


@dataclass
class Representation:
    """A head and the body that follows it."""

    head: Head
    body: Body
    coding: int = layout.IDENTITY
    offset: int = 0  # in the pack, once it is laid out


@dataclass(frozen=True)
class Resource:
    """The answer at a path of a site."""

    site: int
    path: bytes
    status: int
    first: int  # number of its first representation
    count: int = 1
    modified: int = 0
    strong_date: bool = False  # layout.STRONG_DATE
    group: int = 0  # of its paths, for field sets


@dataclass(frozen=True)
class ErrorPage:
    """A site's page for a status."""

    site: int
    status: int
    representation: int
    group: int  # for field sets


@dataclass
class Plan:
    """Everything that the pack will hold, in its order."""

    settings: bytes
    field_sets: FieldSets
    sites: int = 1
    resources: list[Resource] = field(default_factory=list)
    representations: list[Representation] = field(default_factory=list)
    hosts: list[tuple[bytes, int]] = field(default_factory=list)
    rules: list[tuple[int, Redirect]] = field(default_factory=list)
    error_pages: list[ErrorPage] = field(default_factory=list)
    files: int = 0
    bytes: int = 0

    def add(self, representations: Iterable[Representation]) -> int:
        """Takes the representations of one resource; returns the number of the first."""
        first = len(self.representations)
        self.representations += representations
        return first


@dataclass(frozen=True)
class _Page:
    """A file that was read, and its responses' fields."""

    file: SiteFile
    content: Content
    media: str
    fields: dict[str, str]  # without Cache-Control
    control: str
    is_coded: bool  # the file is compressed, and sent with that content coding

    @property
    def may_gain(self) -> bool:
        """Whether a coding can make it smaller."""
        return is_compressible(self.media) and not self.is_coded


class Site:
    """One site: reads its files when constructed; `add_to` puts it into a plan."""

    def __init__(self, number: int, folder: Path, settings: Settings, latest: int) -> None:
        tree = walk_site(folder)
        self._number = number
        self._folder = folder
        self._settings = settings
        self._policy = Policy(settings.cache, settings.headers)
        self._addresses: Addresses = find_addresses(tree, settings)
        self._paths = self._addresses.paths_of_files()
        self._fingerprinted = fingerprinted(file.path for file in tree.files)
        self._pages = {file.path: self._read(file, latest) for file in tree.files}

    def _read(self, file: SiteFile, latest: int) -> _Page:
        content = read_content(file.source, latest)
        name = file.path.rsplit(b"/", 1)[1].decode()
        fields = self._policy.fields(self._paths[file])
        media = fields.pop("Content-Type", "") or content_type(name, content.utf8)
        control = self._policy.file_control(self._paths[file], media,
                                            file.path in self._fingerprinted)
        return _Page(file, content, media, fields, control, is_coded(name, content.gzip))

    def candidates(self) -> list[Candidate]:
        """The files that may become smaller by a coding."""
        return [Candidate(page.file.source, page.content) for page in self._pages.values()
                if page.may_gain]

    def dates(self) -> list[int]:
        """The files' modification times."""
        return [page.content.modified for page in self._pages.values()]

    def add_to(self, plan: Plan, variants: Variants, taken: int) -> None:
        """Puts the site into a plan. Its content is read again, at `taken` or later."""
        resources = []
        for page in self._pages.values():
            bodies: list[tuple[int, Body]] = [
                (layout.IDENTITY, FileBody(page.file.source, page.content))]
            if page.may_gain:
                bodies += variants(page.content)
            first = plan.add(_representation(page, coding, body, len(bodies) > 1)
                             for coding, body in bodies)
            resources += [Resource(self._number, path, 200, first, len(bodies),
                                   page.content.modified, _is_strong(page.content, taken),
                                   plan.field_sets.group(self._number, path,
                                                         self._paths[page.file]))
                          for path in self._paths[page.file]
                          if path in self._addresses.pages]
            plan.files += 1
            plan.bytes += page.content.bytes
        for one in self._addresses.redirects.values():
            resources.append(self._redirect(plan, one))
        plan.resources += sorted(resources, key=lambda resource: resource.path)
        plan.rules += [(self._number, one) for one in self._addresses.prefixes]
        self._add_error_pages(plan)

    def _redirect(self, plan: Plan, one: Redirect) -> Resource:
        fields = self._policy.fields([one.path])
        fields.pop("Content-Type", "")
        control = self._policy.redirect_control(one.path, one.status)
        head, body = redirect(one.target, one.status, _with_control(control, fields))
        first = plan.add([Representation(head, TextBody(body))])
        return Resource(self._number, one.path, one.status, first,
                        group=plan.field_sets.group(self._number, one.path, [one.path]))

    def _add_error_pages(self, plan: Plan) -> None:
        names = dict(self._settings.error_pages)
        if 404 not in names and b"/404.html" in self._pages:
            names[404] = "404.html"
        for status, name in sorted(names.items()):
            page = self._pages.get(b"/" + name.encode())
            if page is None and self._number == 0:
                key = f"http.error_pages.{status}" + " (http.not_found)" * (status == 404)
                raise UserError(f"{quoted(self._folder / name)}: no such file, but mote.toml names "
                                f"it as {key}; add it or change the setting")
            if page is None:
                continue
            control = self._policy.error_control(page.file.path)
            head = error_head(page.media, _with_control(control, {}), page.content.bytes)
            body = FileBody(page.file.source, page.content)
            first = plan.add([Representation(head, body)])
            plan.error_pages.append(ErrorPage(
                self._number, status, first, plan.field_sets.page_group(self._paths[page.file])))


def _is_strong(content: Content, taken: int) -> bool:
    """Whether only this content can have this date: its second was over (RFC 9110, 8.8.2.2)."""
    return content.has_own_date and content.modified + 1 <= taken


def _representation(page: _Page, coding: int, body: Body, has_variants: bool) -> Representation:
    fields = _with_control(page.control, page.fields)
    head = file_head(page.content, page.media, fields, body.bytes, coding, has_variants,
                     page.is_coded)
    return Representation(head, body, coding)


def _with_control(control: str, fields: dict[str, str]) -> dict[str, str]:
    return ({"Cache-Control": control} if control else {}) | fields
