"""Our patches to lwIP, as a quilt series: their heads, and which patch each line belongs to.

No patch changes a line that another one adds. So the source without one of them is known line by
line, and each can be opened, dropped or replaced without regard to the others.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCHES = ROOT / "netstack/lwip/patches"

FIELDS = ("Description", "Test", "Forwarded")
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
FIELD = re.compile(r"([A-Z][A-Za-z-]*): ?(.*)")


@dataclass(frozen=True)
class Hunk:
    """A part of a patch: its first line in the file before the patch, and its lines with marks."""

    start: int
    lines: tuple[str, ...]

    def before(self) -> list[str]:
        return [line[1:] for line in self.lines if line[0] in " -"]


@dataclass(frozen=True)
class Patch:
    """A patch: its file's name, the fields of its head (DEP 3), and its hunks by file."""

    name: str
    fields: dict[str, str]
    files: dict[str, tuple[Hunk, ...]]

    def test(self) -> tuple[str, str]:
        """The program and the case that fail without this patch."""
        program, _, case = " ".join(self.fields.get("Test", "").split()).partition(" ")
        return program, case.strip('"')

    def requires(self) -> list[str]:
        """Patches without which this one makes no sense: it is taken out together with them."""
        return [name.strip() for name in self.fields.get("Requires", "").split(",") if name.strip()]


@dataclass
class Line:
    """A line of lwIP's, and the patches that add and remove it, if any."""

    text: str
    added_by: str | None = None
    removed_by: str | None = None


@dataclass
class Source:
    """A file of lwIP's through the whole series: every line that it ever has."""

    lines: list[Line]
    rewrites: list[str] = field(default_factory=list)

    def text_without(self, gone: Iterable[str] = ()) -> str:
        """The file as the series leaves it, or would leave it without some of its patches."""
        gone = set(gone)
        return "".join(line.text for line in self.lines if line.added_by not in gone
                       and (line.removed_by is None or line.removed_by in gone))

    def apply(self, patch: Patch, path: str) -> None:
        """Applies a patch's hunks; ValueError if one doesn't fit exactly."""
        offset = 0
        for hunk in patch.files[path]:
            visible = [line for line in self.lines if line.removed_by is None]
            begin = place_of(hunk, [line.text for line in visible], hunk.start - 1 + offset)
            if begin is None:
                raise ValueError(f"{patch.name}: {path}, line {hunk.start}: the hunk doesn't fit")
            offset = begin - (hunk.start - 1)
            self.take(hunk, patch.name, visible, begin)
            offset += sum((line[0] == "+") - (line[0] == "-") for line in hunk.lines)

    def take(self, hunk: Hunk, name: str, visible: list[Line], begin: int) -> None:
        after = visible[begin - 1] if begin > 0 else None
        here = begin
        for marked in hunk.lines:
            if marked[0] == "+":
                place = self.position(after) + 1 if after else 0
                after = Line(marked[1:], added_by=name)
                self.lines.insert(place, after)
                continue
            after = visible[here]
            here += 1
            if marked[0] == "-":
                if after.added_by:
                    self.rewrites.append(f"{name} removes a line of {after.added_by}: "
                                         f"{after.text.strip()}")
                after.removed_by = name

    def position(self, wanted: Line) -> int:
        return next(index for index, line in enumerate(self.lines) if line is wanted)


def place_of(hunk: Hunk, texts: list[str], expected: int) -> int | None:
    """The place nearest to `expected` at which the hunk fits; None: nowhere."""
    before = hunk.before()
    last = len(texts) - len(before)
    for distance in range(len(texts) + 1):
        for begin in {expected - distance, expected + distance}:
            if 0 <= begin <= last and texts[begin:begin + len(before)] == before:
                return begin
    return None


def names(folder: Path = PATCHES) -> list[str]:
    """The patches' names, in order."""
    lines = (folder / "series").read_text().splitlines()
    return [name for line in lines if (name := line.split("#")[0].strip())]


def read(path: Path) -> Patch:
    """Reads a patch file."""
    head, files, at = [], {}, None
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("--- a/"):
            at = line.split()[1].removeprefix("a/")
            files[at] = []
        elif at is None:
            head.append(line)
        elif found := HUNK.match(line):
            files[at].append((int(found[1]), []))
        elif line[0] in " +-" and files[at]:
            files[at][-1][1].append(line)
    return Patch(path.name, fields_of(head),
                 {name: tuple(Hunk(start, tuple(lines)) for start, lines in hunks)
                  for name, hunks in files.items()})


def fields_of(head: list[str]) -> dict[str, str]:
    """A head's fields, each with its continuation lines."""
    fields: dict[str, str] = {}
    last = None
    for line in head:
        if line[0] in " \t" and last:
            fields[last] = f"{fields[last]}\n{line.strip()}".strip()
        elif found := FIELD.match(line):
            last = found[1]
            fields[last] = found[2].strip()
        else:
            last = None
    return fields


def sources(patches: Iterable[Patch], pristine: Path) -> dict[str, Source]:
    """The files that a series touches, each through the whole series."""
    found: dict[str, Source] = {}
    for patch in patches:
        for path in patch.files:
            if path not in found:
                text = (pristine / path).read_text()
                found[path] = Source([Line(line) for line in text.splitlines(keepends=True)])
            found[path].apply(patch, path)
    return found


def findings(folder: Path, pristine: Path) -> list[str]:
    """Findings about a series of patches, a line each."""
    listed = names(folder)
    found = [f"{name}: in the series, and not there" for name in listed
             if not (folder / name).exists()]
    found += [f"{path.name}: not in the series" for path in sorted(folder.glob("*.patch"))
              if path.name not in listed]
    patches = [read(folder / name) for name in listed if (folder / name).exists()]
    for patch in patches:
        found += [f"{patch.name}: its head has no {name}" for name in FIELDS
                  if not patch.fields.get(name)]
        if not re.match(r"(yes|no|not-needed) \(.+\)$", patch.fields.get("Forwarded", ""), re.S):
            found.append(f"{patch.name}: Forwarded must be yes, no or not-needed, and (why)")
        found += [f"{patch.name}: requires {name}, which is not before it in the series"
                  for name in patch.requires() if name not in listed[:listed.index(patch.name)]]
    try:
        for path, source in sources(patches, pristine).items():
            found += [f"{line} ({path})" for line in source.rewrites]
    except ValueError as error:
        found.append(str(error))
    return found
