"""Where the kernel's functions and variables lie, by the linker's map."""

import re
from dataclasses import dataclass

from images import ROOT


@dataclass(frozen=True)
class Symbol:
    address: int
    end: int


def symbols() -> dict[str, Symbol]:
    """The linker's map: functions and variables, input sections among them."""
    row = re.compile(r" *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) +\d+ +(\S.*?)(?: = \.)?$")
    found = {}
    for line in (ROOT / "build/kernel.map").read_text().splitlines():
        if match := row.match(line):
            address, size = (int(match[i], 16) for i in (1, 2))
            found[match[3]] = Symbol(address, address + size)
    return found


def symbol_like(beginning: str) -> Symbol:
    """The one symbol that begins like this: a C++ function's name is followed by its arguments'
    types."""
    return next(symbol for name, symbol in symbols().items() if name.startswith(beginning))
