"""The order of the rooms of tools/: which may import from which."""

import ast
from collections.abc import Iterator

# Room -> the rooms that it may import from, beside itself and the standard library.
ROOMS = {
    "base": (),
    "build": ("base",),
    "site": ("base",),
    "image": ("base", "build", "site"),
    "release": ("base", "build", "site", "image"),
    "command_line": ("base", "build", "site", "image", "release"),
    "debug": (),  # inside gdb
}


def check(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Findings in one Python file of the tools: line and advice."""
    parts = path.split("/")
    room = parts[1]
    if len(parts) != 3 or room not in ROOMS:
        yield 1, f"put it into one of tools/'s rooms: {', '.join(ROOMS)}"
        return
    allowed = {f"tools.{name}" for name in (room, *ROOMS[room])}
    for node in ast.walk(ast.parse(text, path)):
        for module in imported(node):
            top = module.split(".")
            place = ".".join(top[:2])
            if top[0] in ("tools", "tests") and place not in allowed:
                yield node.lineno, f"do without {place}: tools/{room}/ lies below it or beside it"


def imported(node: ast.AST) -> list[str]:
    """The modules that a statement names, each with at least its room."""
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(module="tools", names=names):
            return [f"tools.{name.name}" for name in names]
        case ast.ImportFrom(module=str(module)):
            return [module]
    return []
