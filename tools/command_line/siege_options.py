"""The options of ./mote test --siege: read before anything is built, and by its program."""

import argparse
from pathlib import Path

HELP = """\
Lays siege to machines with floods, slow clients and rough hosts, an honest client in parallel, and
prints a table. Without names, all sieges but `soak`; docs/siege.md explains them."""


def parser(kind: type[argparse.ArgumentParser] = argparse.ArgumentParser
           ) -> argparse.ArgumentParser:
    made = kind(prog="mote test --siege", description=HELP, allow_abbrev=False)
    made.add_argument("names", nargs="*", metavar="SIEGE", help="only these")
    made.add_argument("--seconds", type=int, default=30, metavar="N",
                      help="how long each lasts (default: 30)")
    made.add_argument("--memory", type=int, default=64, metavar="MIB",
                      help="of Mote's machine (default: 64)")
    made.add_argument("--linux", action="store_true",
                      help="floods and slow clients also against Linux with nginx")
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the counts to FILE")
    return made
