#!/usr/bin/env python3
"""Checks the rules of the house: its floors, sizes, first lines, words and formatting.

Prints a line for each finding, `file:line: what to do`, and exits with 1 when there is one.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base import setup  # noqa: E402
from tools.build import cpp_text, host_programs, rooms, sources, tested, untested  # noqa: E402

MAX_COLUMNS = 100
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

CPP = (".cpp", ".hpp", ".h", ".c")
NASM = (".asm", ".inc")
PYTHON = (".py",)
SOURCES = CPP + NASM + PYTHON + (".ld", ".in")

# The beginnings of a first line that says what the file is.
FIRST_LINES = {CPP: ("// ",), NASM: ("; ",), PYTHON: ('"""', "#!/usr/bin/env python3"),
               (".ld",): ("/* ",), (".in",): ("# ",)}

FLOORS = sources.HOUSE
# What the UEFI loader must agree on with the kernel and the packer.
BOOT_SEES = ("kernel/boot_info.hpp", "kernel/cpu/addresses.hpp", "http/pack/format.hpp")
LWIP_PORT = "netstack/lwip/port/"
INJECTION = "kernel/cpu/injection.hpp"

# The rooms of a floor: each may include the headers of those before it.
ROOMS = {"kernel": ("cpu", "memory", "acpi", "time", "console", "interrupts", "pci", "platform",
                    "faults"),
         "http": ("request", "pack", "reply", "operations", "connection")}

# The paths of lwIP's headers begin with these. Only netstack/ includes them. The floors above don't
# see them through other headers either, except firmware/, which puts the parts together.
LWIP_HEADERS = ("lwip/", "netif/", "arch/", "lwipopts.h", "mote_hooks.h")
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')

# Headers of the C++ library that need neither an operating system nor a heap.
FREESTANDING = frozenset("""
    algorithm array atomic bit bits/functexcept.h bitset charconv climits compare concepts
    cstdarg cstddef cstdint cstring expected functional initializer_list iterator limits new
    numbers numeric optional ranges ratio source_location span string_view tuple type_traits
    utility variant version stddef.h stdint.h stdarg.h limits.h""".split())

# Keywords that our C++ does without, and the alternative.
UNUSED_WORDS = {
    "virtual": "choose by template or by concept instead of a virtual function",
    "dynamic_cast": "choose by template or by concept; there is no RTTI",
    "typeid": "choose by template or by concept; there is no RTTI",
    "throw": "return std::expected or bool; there are no exceptions",
    "try": "return std::expected or bool; there are no exceptions",
    "catch": "return std::expected or bool; there are no exceptions",
}

LEFTOVERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


@dataclass(frozen=True, order=True)
class Finding:
    """A line of a file, and advice on how to mend it."""

    path: str
    line: int
    advice: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.advice}"


@dataclass(frozen=True)
class Source:
    """A file by its path from the root, with its text."""

    path: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def ends(self, endings: tuple[str, ...]) -> bool:
        is_script = "." not in Path(self.path).name and self.text.startswith("#!/usr/bin/env py")
        return self.path.endswith(endings) or (is_script and ".py" in endings)

    @property
    def floor(self) -> str | None:
        """The floor of the house; None for files outside it."""
        top = self.path.split("/")[0]
        return top if top in FLOORS and self.ends(CPP) else None


Rule = Callable[[Source], Iterator[tuple[int, str]]]


def columns(source: Source) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.lines, 1):
        if len(line) > MAX_COLUMNS and source.ends(SOURCES):
            yield number, f"break the line: {len(line)} columns are more than {MAX_COLUMNS}"
        if "\t" in line:
            yield number, "replace the tab by spaces"
        if line != line.rstrip():
            yield number, "remove the space at the line's end"
    if source.text and not source.text.endswith("\n"):
        yield len(source.lines), "end the file with a newline"


def file_length(source: Source) -> Iterator[tuple[int, str]]:
    if source.ends(SOURCES) and len(source.lines) > MAX_FILE_LINES:
        yield MAX_FILE_LINES + 1, (f"split the file: {len(source.lines)} lines are more than "
                                   f"{MAX_FILE_LINES}")


def first_line(source: Source) -> Iterator[tuple[int, str]]:
    for endings, starts in FIRST_LINES.items():
        if source.ends(endings) and not source.text.startswith(starts):
            yield 1, "say in a comment on the first line what the file is"


def leftovers(source: Source) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.lines, 1):
        if found := LEFTOVERS.search(line):
            yield number, f"do it or file it as an issue instead of writing {found[0]}"


def function_length(source: Source) -> Iterator[tuple[int, str]]:
    if source.ends(PYTHON):
        functions = python_functions(source)
    elif source.ends(CPP) and not source.path.startswith(LWIP_PORT):
        functions = cpp_text.functions(source.text)
    else:
        return
    for start, end in functions:
        if end - start + 1 > MAX_FUNCTION_LINES:
            yield start, (f"split the function: {end - start + 1} lines are more than "
                          f"{MAX_FUNCTION_LINES}")


def python_functions(source: Source) -> Iterator[tuple[int, int]]:
    for node in ast.walk(ast.parse(source.text, source.path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.end_lineno or node.lineno


def pragma_once(source: Source) -> Iterator[tuple[int, str]]:
    if source.ends((".hpp", ".h")) and "\n#pragma once\n" not in source.text:
        yield 1, "put #pragma once behind the opening comment"


def macros(source: Source) -> Iterator[tuple[int, str]]:
    if source.floor is None or source.path.startswith(LWIP_PORT):
        return
    for number, line in enumerate(cpp_text.without_comments(source.text).splitlines(), 1):
        if re.match(r"\s*#\s*define\b", line):
            yield number, "use a constant, a function or a template instead of a macro"


def unused_words(source: Source) -> Iterator[tuple[int, str]]:
    if source.floor is None:
        return
    for number, line in enumerate(cpp_text.without_comments(source.text).splitlines(), 1):
        for word in re.findall(r"\b[a-z_]+\b", line):
            if word in UNUSED_WORDS:
                yield number, UNUSED_WORDS[word]


def includes(source: Source) -> Iterator[tuple[int, str]]:
    """The floors: each file sees only what lies below it."""
    if source.floor is None:
        return
    for number, line in enumerate(source.lines, 1):
        if found := INCLUDE.match(line):
            if advice := include_advice(source, found[1] == "<", found[2]):
                yield number, advice


def include_advice(source: Source, angled: bool, header: str) -> str | None:
    """Advice about one include; None if it is allowed."""
    top = header.split("/")[0]
    if angled:
        if header in FREESTANDING:
            return None
        if top in (*FLOORS, "lwip"):
            return f'write "{header}" in quotes; angle brackets are for the C++ library'
        return f"do without <{header}>: it needs a heap or an operating system"
    if header.startswith(LWIP_HEADERS):
        allowed = source.floor == "netstack"
    elif top in FLOORS:
        allowed = may_see(source, header)
    else:
        allowed = (header == "generated/version.hpp" and source.floor == "firmware" or
                   header == "generated/injection.hpp" and source.path == INJECTION)
        if not allowed:
            return f'name "{header}" by its path from the root'
    where = "/".join(source.path.split("/")[:-1])
    return None if allowed else f'do without "{header}": {where}/ lies below it or beside it'


def room_of(path: str) -> int:
    """The position of a path's room on its floor; -1 for a file in no room."""
    floor, *rest = path.split("/")
    return ROOMS[floor].index(rest[0]) if len(rest) > 1 and rest[0] in ROOMS[floor] else -1


def may_see(source: Source, header: str) -> bool:
    """Whether the floors allow it: firmware sees all; http → netstack → the NICs' contract;
    volumes → the block devices' contract; agent → formats; and all of them see the kernel.
    """
    folder = header.rsplit("/", 1)[0]
    contract = header in ("drivers/net_device.hpp", "drivers/limits.hpp")
    match source.floor:
        case "boot":
            return header.startswith("boot/") or header in BOOT_SEES
        case "kernel":
            return header.startswith("kernel/") and room_of(header) <= room_of(source.path)
        case "formats":
            return header.startswith("formats/")
        case "volumes":
            contract = header == "drivers/block_device.hpp"
            return contract or header.startswith(("volumes/", "kernel/"))
        case "agent":
            return header.startswith(("agent/", "formats/", "kernel/"))
        case "drivers":
            own = source.path.rsplit("/", 1)[0]
            family = own != "drivers" and (folder + "/").startswith(own + "/")
            return family or folder == "drivers" or header.startswith("kernel/")
        case "netstack":
            return contract or header.startswith(("netstack/", "kernel/"))
        case "http":
            own = header.startswith("http/") and room_of(header) <= room_of(source.path)
            return own or header.startswith(("netstack/", "kernel/"))
    return True


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """The rooms of the tools: each imports from those below it only."""
    if source.path.startswith("tools/") and source.ends(PYTHON):
        yield from rooms.check(source.path, source.text)


RULES: tuple[Rule, ...] = (columns, file_length, first_line, leftovers, function_length,
                           pragma_once, macros, unused_words, includes, imports)

# Files that are not ours to shape, or that are pages to be served.
EXEMPT = re.compile(r"^(www/|LICENSE$|.*\.patch$|tests/.*/data/)")


def check_source(source: Source) -> list[Finding]:
    """All findings in one file, except its formatting."""
    if EXEMPT.match(source.path):
        return []
    return sorted(Finding(source.path, line, advice)
                  for rule in RULES for line, advice in rule(source))


def repository_files(root: Path) -> list[str]:
    """The repository's files, including those not yet added."""
    command = ["git", "-c", f"safe.directory={root}", "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        listing = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RuntimeError(f"git: {error.strerror}; install git to check the style") from None
    if listing.returncode != 0:
        reason = listing.stderr.strip().splitlines() or ["no message"]
        raise RuntimeError(f"git cannot list the repository's files: {reason[0]}")
    return sorted(path for path in set(listing.stdout.split("\0"))
                  if path and (root / path).is_file() and not (root / path).is_symlink())


def read_source(root: Path, path: str) -> Source | None:
    """A file's text; None if it isn't text."""
    try:
        return Source(path, (root / path).read_text())
    except UnicodeDecodeError:
        return None


def formatting(root: Path, paths: list[str]) -> list[Finding]:
    """The first line of each file that clang-format would change."""
    ours = [path for path in paths if path.endswith((".cpp", ".hpp"))]
    if not ours:
        return []
    try:
        said = subprocess.run(["clang-format-19", "--dry-run", *ours], cwd=root, text=True,
                              capture_output=True, check=False).stderr
    except OSError as error:
        raise RuntimeError(f"clang-format-19: {error.strerror}; {setup.advice('check')}") from None
    lines = re.findall(r"^(\S+?):(\d+):\d+: warning: code should be clang-formatted", said, re.M)
    first: dict[str, int] = {}
    for path, line in lines:
        first.setdefault(path, int(line))
    return [Finding(path, line, f"run clang-format-19 -i {path}")
            for path, line in first.items()]


def lwip_behind(root: Path, header: str, seen: set[str]) -> str | None:
    """lwIP's header that a header of ours includes, directly or through others; None: none."""
    if header.startswith(LWIP_HEADERS):
        return header
    path = root / header
    if header in seen or not path.is_file():
        return None
    seen.add(header)
    inner = (found[2] for line in path.read_text().splitlines()
             if (found := INCLUDE.match(line)) and found[1] == '"')
    return next((lwip for name in inner if (lwip := lwip_behind(root, name, seen))), None)


def seam(root: Path, paths: list[str]) -> list[Finding]:
    """Findings: includes through which http/ sees a header of lwIP's."""
    findings = []
    for path in paths:
        if not (path.startswith("http/") and path.endswith(CPP)):
            continue
        for number, line in enumerate((root / path).read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if found and found[1] == '"' and (lwip := lwip_behind(root, found[2], set())):
                findings.append(Finding(path, number, f'do without "{found[2]}": it leads to '
                                        f'"{lwip}", which only netstack/ may see'))
    return findings


def unlisted(root: Path, paths: list[str]) -> list[Finding]:
    """Findings: sources that nothing builds."""
    import configure
    built = set(configure.all_sources())
    for path in paths:
        if path.startswith("boot/") and path.endswith(NASM):
            built.update(re.findall(r'^%include "(.+)"', (root / path).read_text(), re.M))
    ours = [path for path in paths
            if path.split("/")[0] in FLOORS and path.endswith(".cpp")
            or re.match(r"tests/unit/.*_test\.cpp$|boot/.*\.(asm|inc)$", path)]
    return [Finding(path, 1, "list it in tools/build/sources.py, or remove it: nothing builds it")
            for path in ours if path not in built]


def check(root: Path) -> list[Finding]:
    """All findings in the repository."""
    paths = repository_files(root)
    findings = [finding for path in paths if (source := read_source(root, path))
                for finding in check_source(source)]
    without_test = [Finding(path, 1, advice) for path, advice in tested.check(
        paths, host_programs.UNIT_TESTS, untested.TESTED_ELSEWHERE, untested.UNTESTED)]
    return sorted(findings + formatting(root, paths) + unlisted(root, paths) + without_test
                  + seam(root, paths))


def main() -> int:
    try:
        findings = check(ROOT)
    except RuntimeError as error:
        print(f"style: {error}", file=sys.stderr)
        return 1
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
