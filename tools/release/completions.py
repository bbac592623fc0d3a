"""Writes completions for bash, zsh and fish from the commands' parsers, so that none drifts."""

import shlex
from collections.abc import Iterator, Sequence

from tools.release.words import Command, Option, all_options

TOP = ("--help", "--version")
HEAD = "# {shell} completion for mote(1). Written by ./mote dist from the commands' parsers.\n"

BASH = """\
_mote()
{{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= at
    COMPREPLY=()
    for ((at = 1; at < COMP_CWORD; at++)); do
        [[ ${{COMP_WORDS[at]}} == -- ]] && return
        [[ -z $command && ${{COMP_WORDS[at]}} != -* ]] && command=${{COMP_WORDS[at]}}
    done
    case $command:$before in
{values}
    esac
    case $command:$word in
        :*) _mote_words '{commands}' ;;
{options}
{operands}
    esac
}}

_mote_words() {{ mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word"); }}
_mote_files() {{ mapfile -t COMPREPLY < <(compgen -f -- "$word"); }}
_mote_folders() {{ mapfile -t COMPREPLY < <(compgen -d -- "$word"); }}

complete -o filenames -F _mote mote
"""

ZSH = """\
_mote() {{
    local -a commands=(
{commands}
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        compadd -- {top}
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{cases}
    esac
}}

_mote "$@"
"""


def bash(commands: Sequence[Command]) -> str:
    values, options, operands = [], [], []
    for one in commands:
        for option in all_options(one):
            if option.value and option.names:
                names = "|".join(f"{one.name}:{name}" for name in option.names)
                values.append(f"        {names}) {bash_act(option)}; return ;;")
        words = sorted({name for option in all_options(one) for name in option.names})
        options.append(f"        {one.name}:-*) _mote_words '{' '.join(words)}' ;;")
        if act := bash_operand(one):
            operands.append(f"        {one.name}:*) {act} ;;")
    top = " ".join([*(one.name for one in commands), *TOP])
    return HEAD.format(shell="bash") + BASH.format(
        values="\n".join(values), options="\n".join(options), operands="\n".join(operands),
        commands=top)


def bash_act(option: Option) -> str:
    if option.choices:
        return f"_mote_words '{' '.join(option.choices)}'"
    return "_mote_files" if option.is_file else "_mote_folders" if option.is_folder else ":"


def bash_operand(one: Command) -> str:
    if one.steps:
        return f"_mote_words '{' '.join(step.name for step in one.steps)}'"
    return next((bash_act(option) for option in one.operands), "")


def zsh(commands: Sequence[Command]) -> str:
    listed = "\n".join(f"        {quoted(f'{one.name}:{one.summary}')}" for one in commands)
    cases = []
    for one in commands:
        arguments = " \\\n                ".join(map(quoted, zsh_arguments(one)))
        cases.append(f"        {one.name})\n            _arguments \\\n"
                     f"                {arguments} ;;")
    return "#compdef mote\n" + HEAD.format(shell="zsh") + ZSH.format(
        commands=listed, cases="\n".join(cases), top=" ".join(TOP))


def zsh_arguments(one: Command) -> Iterator[str]:
    for option in all_options(one):
        meaning = option.help.replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
        for name in option.names:
            value = f":{option.value}:{zsh_act(option)}" if option.value else ""
            yield f"{name}[{meaning}]{value}"
    if one.steps:
        yield f"1:STEP:({' '.join(step.name for step in one.steps)})"
    for option in one.operands:
        yield f"{'*' if option.many else ''}:{option.value}:{zsh_act(option)}"


def zsh_act(option: Option) -> str:
    if option.choices:
        return f"({' '.join(option.choices)})"
    return "_files" if option.is_file else "_files -/" if option.is_folder else " "


def quoted(words: str) -> str:
    """A word for a shell, in quotes whatever it holds."""
    return "'" + words.replace("'", "'\\''") + "'"


def fish(commands: Sequence[Command]) -> str:
    lines = ["complete -c mote -f"]
    lines += [f"complete -c mote -n __fish_use_subcommand -l {name.removeprefix('--')}"
              for name in TOP]
    for one in commands:
        lines.append(f"complete -c mote -n __fish_use_subcommand -a {one.name} "
                     f"-d {fish_quoted(one.summary)}")
        seen = f"complete -c mote -n '__fish_seen_subcommand_from {one.name}'"
        for option in all_options(one):
            lines.append(f"{seen} {fish_option(option)}")
        if one.steps:
            lines.append(f"{seen} -a '{' '.join(step.name for step in one.steps)}'")
        lines += [f"{seen} {act}" for act in map(fish_value, one.operands) if act]
    return HEAD.format(shell="fish") + "\n".join(lines) + "\n"


def fish_option(option: Option) -> str:
    names = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
             for name in option.names]
    value = f"-r {fish_value(option)}".strip() if option.value else ""
    return " ".join([*names, *filter(None, [value]), "-d", fish_quoted(option.help)])


def fish_value(option: Option) -> str:
    if option.choices:
        return f"-a {shlex.quote(' '.join(option.choices))}"
    if option.is_folder:
        return "-a '(__fish_complete_directories)'"
    return "-F" if option.is_file else ""


def fish_quoted(words: str) -> str:
    return "'" + words.replace("\\", "\\\\").replace("'", "\\'") + "'"
