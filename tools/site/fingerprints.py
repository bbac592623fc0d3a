"""Finds the files whose names contain a hash of their content, as bundlers write them.

They may be cached for a year without asking (RFC 8246), so when in doubt a name counts as having
none: a picture replaced under its old name would stay the old one even after a reload. The rules
come from real builds (tests/unit/tools/site/data/fingerprinted.txt):

1. Folders that frameworks keep for such files, whatever the files' names.
2. Scripts, style sheets and WebAssembly whose names end in an almost certain hash; a less certain
   one is enough in a folder `assets` where the names of all of them end that way.
3. Other scripts and style sheets with a mark of the same shape as one of those beside them.
4. Pictures, fonts, audio and video with a mark of that shape: tools that hash them hash scripts,
   too. Without such scripts, marks in their names come from a camera, an uploader or a person.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_CODE = frozenset("js mjs cjs css wasm".split())
_FONTS = frozenset("eot otf ttf woff woff2".split())
_MEDIA = frozenset("""aac apng avif bmp flac gif heic ico jpeg jpg jxl m4a m4v mp3 mp4 oga ogg ogv
                   opus png svg wav weba webm webp""".split()) | _FONTS
_PAGES = frozenset("htm html xht xhtml".split())

# SvelteKit's, Astro's, Nuxt's and Next.js's. Other files of the last two may change under their
# names: a list of builds, and files below a build's identifier if a person chose that.
_FOLDERS = re.compile(r"/(?:_app/immutable|_astro|_nuxt(?!/builds/)|"
                      r"_next/static/(?:chunks|css|media|[\w-]{21}(?=/_\w+\.js$)))/")
# In Gatsby the hash is a folder.
_HASH_FOLDER = re.compile(r"/static/[0-9a-f]{32}/")

# Vite's. People use that name, too, so its scripts must decide.
_VITE = "/assets"

# Suffixes that tools put behind the hash.
_BEHIND = re.compile(r"(?:\.(?:chunk|bundle|lean|min|module|worker)|_bg(?=\.wasm$))*\.(\w+)$")

_HEXADECIMAL = re.compile(r"(?:^|[-._~])([0-9a-f]+|[0-9A-F]+)$")
# The numbers of digits in hashes: of Parcel, Propshaft and webpack by custom (8), gulp-rev (10),
# Django (12), Next.js and Trunk (16), webpack (20), MD5 (32), SHA-1 (40), SHA-2 (56 to 128).
_DIGITS = frozenset((8, 10, 12, 16, 20, 32, 40, 56, 64, 96, 128))
_LONG = 16  # longer than colours, cameras' numbers and counters
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.I)
# Eight characters: Rollup's and Vite's (base64url), esbuild's and Angular's (base32).
_EIGHT = re.compile(r".*([-._])([\w-]{8})$", re.A)
_BASE32 = re.compile(r"[A-Z2-7]{8}")

# Names that people write: sizes in pixels, dates, years with a suffix, words, and a number before
# or behind one. _WORDS has more of them, for pictures and for marks without others like them.
_DATE = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_PLAIN = re.compile(rf"{_DATE}.*|(?:19|20)\d\d[a-z][a-z\d]*|\d+x\d+|\d+|(.)\1*|[A-Z]?[a-z]+\d*|"
                    r"\d+[-_]?[a-z]+|[A-Z]?[a-z]+(?:[-_][A-Z]?[a-z]+)+\d*|"
                    r"[A-Z]?[a-z]{3,}(?:[A-Z][a-z]{3,})*\d*")
_WORDS = re.compile(rf"{_PLAIN.pattern}|[A-Za-z]+[-_]?\d+[A-Za-z]?|\d+[A-Za-z]+")
_RUNS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class _Mark:
    """The end of a name, which may be a hash."""

    text: str
    shape: str  # its alphabet, and its length or the character before it

    @property
    def is_hexadecimal(self) -> bool:
        return self.shape.startswith("16:")

    @property
    def is_certain(self) -> bool:
        """Whether it is a hash in a script's name, even without others like it."""
        if _WORDS.fullmatch(self.text):
            return False
        if self.is_hexadecimal:
            return len(set(self.text)) >= 4
        runs = len(_RUNS.findall(self.text))
        return runs >= (3 if self.shape.startswith("32:") else 5) and (
            self.text.upper() == self.text or _has_both_cases(self.text))

    @property
    def is_likely(self) -> bool:
        """Whether it is a hash if all scripts' names beside it end in such marks."""
        return self.shape.startswith("64:") and self.may_be_media

    @property
    def may_be_code(self) -> bool:
        """Whether it is a hash in a script's or font's name, if there are others of this shape."""
        if self.is_hexadecimal:
            return not re.fullmatch(rf"{_DATE}|\d{{9,}}|[a-f]+|(.)\1*", self.text)
        return not _PLAIN.fullmatch(self.text)

    @property
    def may_be_media(self) -> bool:
        """The same for a picture, whose name was more often chosen by a person."""
        return not _WORDS.fullmatch(self.text) and (
            self.is_hexadecimal or self.shape.startswith("32:") or
            (_has_both_cases(self.text) and len(_RUNS.findall(self.text)) >= 3))


class _Name:
    """A file's path, taken apart."""

    def __init__(self, path: bytes) -> None:
        self.path = path.decode()
        self.folder, _, name = self.path.removesuffix(".map").rpartition("/")
        found = _BEHIND.search(name)
        self.ending = found[1].lower() if found else ""
        self._stem = name[:found.start()] if found else ""

    @cached_property
    def marks(self) -> list[_Mark]:
        marks = []
        found = _HEXADECIMAL.search(self._stem)
        if found and len(found[1]) in _DIGITS and not _UUID.search(self._stem) and (
                found[1] != self._stem or len(found[1]) >= _LONG):
            marks.append(_Mark(found[1], f"16:{len(found[1])}"))
        if found := _EIGHT.match(self._stem):
            before, text = found.groups()
            if _BASE32.fullmatch(text):
                marks.append(_Mark(text, f"32:{before}"))
            marks.append(_Mark(text, f"64:{before}"))
        return marks


class _Company:
    """The folders that have certain hashes, and these hashes' shapes."""

    def __init__(self, certain: Iterable[tuple[str, str]]) -> None:
        self._shapes: defaultdict[str, set[str]] = defaultdict(set)  # by folder
        self._around: defaultdict[str, set[str]] = defaultdict(set)  # by the one above it, too
        self._below: defaultdict[str, set[str]] = defaultdict(set)  # by that if it isn't the root
        for folder, shape in certain:
            above = _above(folder)
            self._shapes[folder].add(shape)
            self._around[folder].add(shape)
            self._around[above].add(shape)
            if above:
                self._below[above].add(shape)

    def beside(self, folder: str) -> set[str]:
        """The shapes in a folder."""
        return self._shapes[folder]

    def near(self, folder: str) -> set[str]:
        """The shapes in a folder, the one above, and the folders beside it: js/ is near img/. No
        shape is near the whole site."""
        found = self._shapes[folder] | self._around[_above(folder)]
        while folder := _above(folder):
            found |= self._below[folder]
        return found


def fingerprinted(paths: Iterable[bytes]) -> frozenset[bytes]:
    """The paths of the files whose content doesn't change under their names."""
    names = {path: _Name(path) for path in paths}
    certain = _certain([name for name in names.values() if name.ending in _CODE])
    company = _Company((name.folder, mark.shape)
                       for name, marks in certain.items() for mark in marks)
    return frozenset(path for path, name in names.items()
                     if certain.get(name) or _is_one(name, company))


def _certain(scripts: list[_Name]) -> dict[_Name, list[_Mark]]:
    """Each script with the certain hashes in its name."""
    common: dict[str, set[str]] = {}  # folder -> shapes in all its scripts' names
    for name in scripts:
        shapes = {mark.shape for mark in name.marks}
        common[name.folder] = common.get(name.folder, shapes) & shapes
    return {name: [mark for mark in name.marks if mark.is_certain or (
                mark.is_likely and name.folder.endswith(_VITE) and
                mark.shape in common[name.folder])]
            for name in scripts}


def _is_one(name: _Name, company: _Company) -> bool:
    if _FOLDERS.search(name.path):
        return name.ending not in _PAGES
    if name.ending in _CODE:
        shapes = company.beside(name.folder)
        return any(mark.may_be_code and mark.shape in shapes for mark in name.marks)
    if name.ending not in _MEDIA:
        return False
    shapes = company.near(name.folder)
    has_hexadecimal = any(shape.startswith("16:") for shape in shapes)
    if found := _HASH_FOLDER.search(name.path):
        return any(shape.startswith("16:") for shape in company.beside(name.path[:found.start()]))
    for mark in name.marks:
        # webpack's hashes are longer in pictures' names than in scripts'.
        is_long = mark.is_hexadecimal and len(mark.text) >= _LONG and has_hexadecimal
        if (mark.shape in shapes or is_long) and (
                mark.may_be_code if name.ending in _FONTS else mark.may_be_media):
            return True
    return False


def _above(folder: str) -> str:
    return folder.rpartition("/")[0]


def _has_both_cases(text: str) -> bool:
    return text != text.lower() and text != text.upper()
