"""What each command takes, read from its parser: for the man page and for shells' completions.

argparse tells its actions by attributes with underscores alone; they are used here, and in one
place of the front door's, since what --help prints would have to be parsed otherwise.
"""

import argparse
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

FILES = ("FILE",)
FOLDERS = ("DIR", "SITE")

# An option in a usage line or a description, and its value: those that pytest reads, for instance.
_MENTIONED = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[a-z](?![\w-]))(?: ([A-Z_]+)\b)?")


@dataclass(frozen=True)
class Option:
    """An option, or an operand, which has no names."""

    names: tuple[str, ...]
    help: str = ""
    value: str = ""  # its placeholder; empty for an option without a value
    choices: tuple[str, ...] = ()
    many: bool = False

    @property
    def is_file(self) -> bool:
        return self.value in FILES

    @property
    def is_folder(self) -> bool:
        return self.value in FOLDERS


@dataclass(frozen=True)
class Command:
    """A command of the front door's, or a step of one."""

    name: str
    summary: str
    usages: tuple[str, ...]
    text: str
    options: tuple[Option, ...]
    operands: tuple[Option, ...]
    steps: tuple["Command", ...] = field(default=())


def commands(parsers: Mapping[str, argparse.ArgumentParser],
             summaries: Mapping[str, str]) -> list[Command]:
    """All commands, as --help tells them."""
    return [command(name, parser, summaries.get(name, "")) for name, parser in parsers.items()]


def command(name: str, parser: argparse.ArgumentParser, summary: str) -> Command:
    usages = re.split(r"\s+(?=mote )", parser.format_usage().removeprefix("usage: "))
    usages = tuple(" ".join(usage.split()) for usage in usages)
    text = parser.description or ""
    options = [option(action) for action in parser._actions if action.option_strings]
    known = {word for one in options for word in one.names}
    for word, value in _MENTIONED.findall(" ".join((*usages, text))):
        if word not in known:
            known.add(word)
            options.append(Option((word,), value=value))
    steps = tuple(step for action in parser._actions for step in steps_of(action))
    operands = [option(action) for action in parser._actions
                if not action.option_strings and not steps_of(action)]
    return Command(name, summary, usages, text, tuple(options), tuple(operands), steps)


def option(action: argparse.Action) -> Option:
    takes = action.nargs != 0
    value = action.metavar or (action.dest.upper() if takes else "")
    choices = tuple(map(str, action.choices or ()))
    return Option(tuple(action.option_strings), (action.help or "") % vars(action),
                  str(value) if takes else "", choices, action.nargs in ("*", "+"))


def steps_of(action: argparse.Action) -> list[Command]:
    """A command's own commands, such as those of ./mote lwip."""
    if not isinstance(action, argparse._SubParsersAction):
        return []
    summaries = summaries_of(action)
    return [command(name, parser, summaries.get(name, ""))
            for name, parser in action.choices.items()]


def summaries_of(action: argparse._SubParsersAction) -> dict[str, str]:
    """Each command's line in the list of all."""
    return {str(one.dest): one.help or "" for one in action._choices_actions}


def all_options(one: Command) -> Iterator[Option]:
    """A command's, and its steps'."""
    yield from one.options
    for step in one.steps:
        yield from all_options(step)
