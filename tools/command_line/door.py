"""The front door's commands: parses ./mote's arguments, runs the command, reports mistakes."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from tools.base import files, setup, terminal
from tools.base.errors import UserError, one_line
from tools.build import ninja, node_packages, prebuilt, version
from tools.command_line import (bench_options, fuzz, lwip_quilt, protections, run, run_tests,
                                siege_options, symbolize)
from tools.image import formats, packed_site
from tools.release import dist, words
from tools.site import compress, pack

RUN_HELP = """\
Boots a machine in QEMU, without an operating system, that serves SITE. Prints its address, relays
its console, and ends on Ctrl-C. Arguments after -- go to QEMU as they are."""

IMAGE_HELP = """\
Writes an image that serves SITE on any machine that boots it from BIOS or UEFI, in the form that a
platform wants (elf: a kernel for qemu -kernel and other PVH loaders). The same input gives the same
bytes. docs/deployment.md tells the formats."""

SYMBOLIZE_HELP = """\
Prints a saved console log with a backtrace after each panic: functions, files and lines from
build/kernel.elf, which must be the build that wrote the log."""

TEST_HELP = """\
Builds what Mote's checks and tests need, and runs them. Arguments go to pytest (-k NAME, -x, a file
…); only what the chosen tests need is built. --unit runs the unit tests, which need neither an
image nor QEMU. --matrix tries every NIC on every machine, booted in every way, where a usual run
takes a sample; --full adds the longest files, the largest sites and crowds; --deadline SECONDS
limits each part of a test (600; with --full 3,600)."""


class Parser(argparse.ArgumentParser):
    """argparse, with errors in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see {self.prog} --help")


def a_path(text: str) -> Path:
    """A path as typed. An empty one, which a shell makes of an unset variable, is refused."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return Path(text)


def site_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", nargs="?", type=a_path, default=packed_site.EXAMPLE_SITE,
                        metavar="SITE",
                        help="the folder to serve (default: the example site, www/)")
    parser.add_argument("--config", type=a_path, metavar="FILE", help="settings, as in mote.toml")
    lwip_argument(parser)


def lwip_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lwip", type=a_path, metavar="DIR",
                        help="build with an lwIP 2.2.1 source tree of your own, from now on until "
                        "./configure.py is run without one")


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="mote", description="A folder in, a serving machine out.")
    top.add_argument("--version", action="version",
                     version=f"mote {version.VERSION} ({version.commit()})")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    running = commands.add_parser("run", help="serve a folder from a machine in QEMU",
                                  description=RUN_HELP, usage="mote run [SITE] [OPTION …] "
                                  "[-- QEMU_ARGUMENT …]")
    site_arguments(running)
    running.add_argument("--nic", default="virtio", metavar="MODEL",
                         help="the network card's model, as for QEMU's -device (default: virtio)")
    running.add_argument("--machine", default="q35", choices=run.MACHINES,
                         help="the kind of machine (default: q35)")
    running.add_argument("--boot", default="pvh", choices=("bios", "pvh", "uefi"),
                         help="how to boot it (default: pvh)")
    running.add_argument("--memory", type=int, metavar="MIB",
                         help="its memory (default: 64 plus the size of the site)")
    running.add_argument("--debug", action="store_true",
                         help="let the machine wait for gdb, and print the command that starts gdb")
    running.add_argument("--pcap", type=a_path, metavar="FILE",
                         help="capture its network traffic in FILE, for tcpdump and Wireshark")
    running.add_argument("--http-port", type=int, default=8080, metavar="PORT",
                         help="the port on localhost (default: 8080; if it is taken, the next free "
                         "one)")

    imaging = commands.add_parser("image", help="write a folder as a disk image that serves it",
                                  description=IMAGE_HELP)
    site_arguments(imaging)
    imaging.add_argument("-o", dest="out", type=a_path, required=True, metavar="FILE",
                         help="the image to write")
    imaging.add_argument("--format", choices=formats.FORMATS,
                         help="its format (default: by FILE's ending)")
    imaging.add_argument("--compress", action="store_true", help="compress it (qcow2)")
    imaging.add_argument("--sector-size", type=int, choices=(512, 4096), default=512,
                         help="the sectors of the disk that it will be (default: 512); with 4096 "
                         "it boots from UEFI alone")

    naming = commands.add_parser("symbolize", help="name the functions and lines of a panic",
                                 description=SYMBOLIZE_HELP)
    naming.add_argument("log", type=a_path, metavar="FILE", help="the log; - for standard input")

    commands.add_parser("test", help="build Mote and run all its tests", add_help=False)

    commands.add_parser("bench", help="measure Mote's costs", add_help=False)

    commands.add_parser("fuzz", help="look for inputs that break Mote", add_help=False)

    commands.add_parser("lwip", help="maintain the patches to lwIP", add_help=False)

    commands.add_parser("dist", help="make a release", add_help=False)
    return top


def with_lwip(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    lwip_argument(made)
    return made


def all_commands() -> list[words.Command]:
    """Every command as its --help tells it, for the man page and the shells."""
    listed = next(action for action in parser()._actions
                  if isinstance(action, argparse._SubParsersAction))
    own = {"test": test_parser(), "bench": with_lwip(bench_options.parser(Parser)),
           "fuzz": with_lwip(fuzz.parser(Parser)), "lwip": lwip_quilt.parser(Parser),
           "dist": dist.parser(Parser)}
    return words.commands({**listed.choices, **own}, words.summaries_of(listed))


def run_site(options: argparse.Namespace) -> int:
    wanted = run.RunOptions(options.site, options.config, options.nic, options.machine,
                            options.boot, options.memory, options.http_port, options.debug,
                            options.pcap, options.rest)
    run.check(wanted)
    if options.pcap:
        files.check_target(options.pcap)
    settings = packed_site.read_input(options.site, options.config)
    setup.provide(setup.RUN, setup.UEFI if options.boot == "uefi" else {},
                  setup.DEBUG if options.debug else {},
                  compress.needs(settings.compress), ninja.needs())
    ninja.provide_firmware(options.lwip)
    return run.run(wanted)


def make_image(options: argparse.Namespace) -> int:
    order = formats.order_of(options.out, options.format, options.compress, options.sector_size)
    settings = packed_site.read_input(options.site, options.config)
    pack.refuse_inside(options.site, options.out)
    setup.provide(formats.FORMATS[order.kind].needs, compress.needs(settings.compress),
                  ninja.needs())
    ninja.provide_firmware(options.lwip)
    formats.write_image(options.site, order, options.config)
    return 0


def name_addresses(options: argparse.Namespace) -> int:
    setup.provide(setup.SYMBOLIZE)
    return symbolize.symbolize(options.log)


def lay_siege(arguments: list[str]) -> int:
    all_of_them = with_lwip(siege_options.parser(Parser))
    wanted = all_of_them.parse_args(arguments)
    if wanted.json:
        files.check_target(wanted.json)
    own = Parser(add_help=False, allow_abbrev=False)
    lwip_argument(own)
    options, rest = own.parse_known_args(arguments)
    setup.provide(*setup.USES["siege"])
    ninja.build(["image", "build/bench/flood"], options.lwip)
    return run_tests.siege(rest)


def show_protections(arguments: list[str]) -> int:
    wanted = protections.parser(Parser).parse_args(arguments)
    setup.provide(*setup.USES["unit"])
    return protections.show(wanted.names, print)


def test_parser() -> argparse.ArgumentParser:
    made = Parser(prog="mote test", description=TEST_HELP, allow_abbrev=False,
                  usage="mote test [--lwip DIR] [--unit] [--matrix] [--full] [--interop] "
                  "[PYTEST_ARGUMENT …]\n       mote test --siege [SIEGE …] [--help]\n"
                  "       mote test --protections [NAME …] [--help]")
    lwip_argument(made)
    made.add_argument("--interop", action="store_true", help="only the tests with other people's "
                      "clients, proxies and tools, including those that are heavy to install")
    return made


def test(arguments: list[str]) -> int:
    if "--protections" in arguments:
        return show_protections([argument for argument in arguments
                                 if argument != "--protections"])
    if "--siege" in arguments:
        return lay_siege([argument for argument in arguments if argument != "--siege"])
    own = test_parser()
    options, rest = own.parse_known_args(arguments)
    if options.interop:
        rest.insert(0, "--interop")
    run_tests.check_files(rest)
    use = run_tests.use(rest)
    setup.provide(*setup.USES[use])
    if use == "interop":
        node_packages.provide()
    with run_tests.declared(use) as environment:
        chosen = run_tests.choose(rest, environment)
        run_tests.check_choice(rest, chosen)
        ninja.build(chosen.targets, options.lwip)
        return run_tests.run(rest, environment, chosen)


def bench(arguments: list[str]) -> int:
    all_of_them = with_lwip(bench_options.parser(Parser))
    wanted = all_of_them.parse_args(arguments)
    for out in filter(None, (wanted.json, wanted.plot, wanted.sequence)):
        files.check_target(out)
    own = Parser(add_help=False, allow_abbrev=False)
    lwip_argument(own)
    options, rest = own.parse_known_args(arguments)
    setup.provide(*setup.USES["bench"])
    far = [] if wanted.far is None else ["build/bench/long_line"]
    ninja.build(["image", *far], options.lwip)
    return run_tests.bench(rest)


def find_inputs(arguments: list[str]) -> int:
    all_of_them = with_lwip(fuzz.parser(Parser))
    options = all_of_them.parse_args(arguments)
    fuzz.check(options)
    setup.provide(*setup.USES["fuzz"])
    ninja.build([f"build/fuzz/{options.target}_fuzzer"], options.lwip)
    return fuzz.run(options)


def maintain_lwip(arguments: list[str]) -> int:
    options = lwip_quilt.parser(Parser).parse_args(arguments)
    setup.provide(*setup.USES["unit" if options.step == "prove" else "lwip"])
    return lwip_quilt.run(options, lambda text: print(text, flush=True))


def make_release(arguments: list[str]) -> int:
    return dist.run(dist.parser(Parser).parse_args(arguments), all_commands())


def dispatch(arguments: list[str]) -> int:
    with_arguments = {"test": test, "bench": bench, "fuzz": find_inputs, "lwip": maintain_lwip,
                      "dist": make_release}
    prebuilt.refuse_without_sources(arguments[0] if arguments else "")
    if arguments and arguments[0] in with_arguments:
        return with_arguments[arguments[0]](arguments[1:])
    own, rest = arguments, []
    if "--" in arguments:
        own = arguments[:arguments.index("--")]
        rest = arguments[arguments.index("--") + 1:]
    options = parser().parse_args(own)
    if rest and options.command != "run":
        raise UserError(f"{options.command} takes no arguments after --; only run does")
    options.rest = rest
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "run": run_site, "image": make_image, "symbolize": name_addresses}
    return commands[options.command](options)


def complain(error: object, status: int) -> int:
    print(f"mote: {one_line(error)}", file=sys.stderr)
    return status


def main(arguments: list[str]) -> int:
    """Runs a command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):  # paths may hold characters it can't show
        stream.reconfigure(errors="backslashreplace")
    terminal.end_by_interrupt()
    try:
        status = dispatch(arguments)
        sys.stdout.flush()
        return status
    except UserError as error:
        return complain(error, 2)
    except RuntimeError as error:
        return complain(error, 1)
    except BrokenPipeError:  # the reader has gone: end quietly, and write nothing more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return complain(f"{error.filename or 'system'}: {error.strerror}", 1)
    except KeyboardInterrupt:
        return 130
