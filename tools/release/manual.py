"""Writes mote(1), the man page, from the commands' parsers and the prose that stands here."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tools.build.prebuilt import NEED_SOURCES
from tools.release.words import Command, Option

ABOUT = """\
Mote turns a folder of static files into a machine that serves them. There is no operating system
inside: a small kernel boots a virtual machine in milliseconds and serves the files over HTTP/1.1.
run boots such a machine here, in QEMU; image writes the disk that boots elsewhere."""

DEVELOPERS = """\
These commands are for those who change Mote. They need a clone of its repository, in which mote
stands at the root; an installed mote refuses them."""

STATUS = [("0", "It is done."), ("1", "It failed."),
          ("2", "The arguments or what was given can't be used. One line on standard error says "
           "what, where, and how to mend it."),
          ("130", "It was interrupted.")]

ENVIRONMENT = [
    ("SOURCE_DATE_EPOCH", "The latest time that files of a site may bear in an image, in seconds "
     "since 1970: with it, the same contents give the same bytes whenever they were written."),
    ("NO_COLOR", "If set, progress is shown without colours."),
    ("TMPDIR", "The folder of temporary files; a site needs up to three times its size."),
]

FILES = [("mote.toml", "Settings of a site, given with \\-\\-config. Documented in "
          "docs/configuration.md, which stands beside this page in a release.")]

WIDTH = 66  # of lines, before what is escaped makes them longer

EXAMPLES = [("mote run ~/site", "Serve a folder at http://localhost:8080/."),
            ("mote image ~/site \\-o site.qcow2", "Write the disk that serves it elsewhere."),
            ("mote run ~/site \\-\\-boot bios \\-\\- \\-cpu qemu64",
             "Boot by a BIOS, and give QEMU an argument more.")]


def page(commands: Sequence[Command], version: str, seconds: int) -> str:
    """The whole page; its date is a release's."""
    date = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
    everywhere = [one for one in commands if one.name not in NEED_SOURCES]
    developers = [one for one in commands if one.name in NEED_SOURCES]
    lines = [f'.TH MOTE 1 "{date}" "mote {version}" "User Commands"',
             ".ad l", ".SH NAME", r"mote \- turn a folder into a machine that serves it",
             ".SH SYNOPSIS", r"\fBmote\fR \fICOMMAND\fR [\fIARGUMENT\fR ...]", ".br",
             r"\fBmote\fR \fICOMMAND\fR \fB\-\-help\fR", ".br", r"\fBmote \-\-version\fR",
             ".SH DESCRIPTION", *text(ABOUT), ".SH COMMANDS"]
    for one in everywhere:
        lines += section(one)
    lines += [".SH COMMANDS IN A SOURCE CHECKOUT", *text(DEVELOPERS)]
    for one in developers:
        lines += section(one)
    lines += [".SH EXIT STATUS", *terms(STATUS), ".SH ENVIRONMENT", *terms(ENVIRONMENT),
              ".SH FILES", *terms(FILES), ".SH EXAMPLES", *terms(EXAMPLES), ".SH SEE ALSO",
              r".BR qemu\-system\-x86_64 (1),", r".BR qemu\-img (1)"]
    return "\n".join(lines) + "\n"


def section(one: Command) -> Iterator[str]:
    yield f'.SS "{escaped(f"mote {one.name}")}"'
    if one.summary:
        yield from text(one.summary[0].upper() + one.summary[1:] + ".")
        yield ".PP"
    for usage in one.usages:
        yield r"\fB" + "\n".join(text(usage)) + r"\fR"
        yield ".PP"
    yield from text(one.text)
    for option in (*one.operands, *one.options):
        yield from described(option)
    for step in one.steps:
        yield ".TP"
        yield rf"\fBmote {one.name} {escaped(step.name)}\fR{operands(step)}"
        yield from text(step.summary[0].upper() + step.summary[1:] + ".")
        for option in step.options:
            if option.names != ("-h", "--help"):
                yield from described(option)


def described(option: Option) -> Iterator[str]:
    names = ", ".join(rf"\fB{escaped(name)}\fR" for name in option.names)
    value = rf"\fI{escaped(option.value)}\fR" if option.value else ""
    yield ".TP"
    yield f"{names} {value}".strip() + (" ..." if option.many else "")
    choices = f"; one of: {', '.join(option.choices)}" if option.choices else ""
    yield from text((option.help or "see above") + choices)


def operands(step: Command) -> str:
    return "".join(rf" \fI{escaped(one.value)}\fR" for one in step.operands)


def terms(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in pairs:
        yield ".TP"
        yield rf"\fB{term}\fR"
        yield from text(meaning, raw=True)


def text(prose: str, raw: bool = False) -> Iterator[str]:
    """Lines of prose: sentences each begin one, and a blank line separates paragraphs."""
    for number, paragraph in enumerate(prose.strip().split("\n\n")):
        if number:
            yield ".PP"
        line = ""
        for word in paragraph.split():
            if line and (len(line) + len(word) >= WIDTH or line.endswith((".", ":"))):
                yield shielded(line, raw)
                line = ""
            line = f"{line} {word}".lstrip()
        yield shielded(line, raw)


def shielded(line: str, raw: bool) -> str:
    """A line of text, which a dot or an apostrophe at its beginning would make a request."""
    line = line if raw else escaped(line)
    return rf"\&{line}" if line.startswith((".", "'")) else line


def escaped(words: str) -> str:
    """Words as roff prints them."""
    words = words.replace("\\", r"\e").replace("-", r"\-").replace("…", "...")
    words = words.replace("`", r"\(ga").replace('"', r"\(dq").replace("→", r"\(->")
    words = re.sub(r",(?=\S)", r",\:", words)  # a line may break between choices
    return words.replace("~", r"\(ti").replace("^", r"\(ha")
