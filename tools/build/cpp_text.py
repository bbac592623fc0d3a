"""Just enough of C++'s grammar for the style check: comments, literals and functions."""

import re
from collections.abc import Iterator

_SKIPPED = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.S)

# Access specifiers may stand between a member and the one before it.
_ACCESS = re.compile(r"\A\s*((public|private|protected)\s*:\s*)*")

_SCOPE = re.compile(r"(inline\s+)?namespace\b|(export\s+)?(template\s*<.*>\s*(requires.*)?)?"
                    r"(class|struct|union|enum)\b|extern\s+\"\"\s*$", re.S)


def without_comments(text: str) -> str:
    """The text with comments blanked and literals emptied; every line stays where it is."""
    def blank(found: re.Match[str]) -> str:
        quote = '""' if found[0][0] in '"R' else "0" if found[0][0] == "'" else ""
        return quote + "\n" * found[0].count("\n")
    return _SKIPPED.sub(blank, text)


def functions(text: str) -> Iterator[tuple[int, int]]:
    """First and last line of each function that has a body, its signature included."""
    code = "".join("\n" if line.lstrip().startswith("#") else line
                   for line in without_comments(text).splitlines(keepends=True))
    scopes: list[str] = []
    begun: list[int] = []
    statement = 0
    for found in re.finditer(r"[{};]", code):
        at = found.start()
        inside = "function" in scopes
        if found[0] == "{":
            head = _ACCESS.sub("", code[statement:at])
            scopes.append(_kind(head.strip(), inside))
            begun.append(at - len(head))
            if scopes[-1] != "initializer":
                statement = at + 1
        elif found[0] == ";":
            statement = at + 1 if "initializer" not in scopes[-1:] else statement
        elif scopes:
            kind, start = scopes.pop(), begun.pop()
            continues = re.match(r"\s*[,{]", code[at + 1:])
            if kind == "function" and continues:
                statement = start  # a member's initializer: the body is still to come
            elif kind == "function":
                yield code.count("\n", 0, start) + 1, code.count("\n", 0, at) + 1
            if kind != "initializer" and not continues:
                statement = at + 1


def _kind(head: str, inside_function: bool) -> str:
    """The kind of block that an opening brace begins, by the words in front of it."""
    if inside_function:
        return "block"
    if _SCOPE.match(head):
        return "scope"
    return "function" if "(" in head else "initializer"
