"""Commands and their options, read from the parsers."""

import argparse

from tools.command_line import door
from tools.release import words


def test_every_command_of_the_front_door_is_read() -> None:
    listed = next(action for action in door.parser()._actions
                  if isinstance(action, argparse._SubParsersAction))
    assert [one.name for one in door.all_commands()] == list(listed.choices)
    assert all(one.summary and one.usages and one.text for one in door.all_commands())


def test_options_have_what_help_shows() -> None:
    parser = argparse.ArgumentParser(prog="mote fly", description="Flies; -x FILE is pytest's.",
                                     usage="mote fly [--far]\n       mote fly --high")
    parser.add_argument("-s", "--speed", choices=("slow", "fast"), default="slow",
                        help="how fast (default: %(default)s), 3 %% more")
    parser.add_argument("where", metavar="DIR", nargs="*")
    one = words.command("fly", parser, "fly away")
    assert one.usages == ("mote fly [--far]", "mote fly --high")
    assert words.Option(("-s", "--speed"), "how fast (default: slow), 3 % more", "SPEED",
                        ("slow", "fast")) in one.options
    assert {"--far", "--high", "-x"} < {name for option in one.options for name in option.names}
    assert one.operands == (words.Option((), "", "DIR", (), True),)
    assert one.operands[0].is_folder and words.Option(("-x",), value="FILE") in one.options


def test_steps_are_commands_of_their_own() -> None:
    lwip = next(one for one in door.all_commands() if one.name == "lwip")
    assert {"open", "refresh", "prove"} < {step.name for step in lwip.steps}
    assert all(step.summary for step in lwip.steps) and lwip.operands == ()
