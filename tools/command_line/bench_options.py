"""The options of ./mote bench: read before anything is built, and by tests/bench/bench.py."""

import argparse
from pathlib import Path

from tools.command_line import far_lines

HELP = """\
Measures Mote's costs in QEMU: guest instructions for each kind of work and from reset to `ready`,
exits, bytes, time, memory. docs/bench.md explains each row."""

PARTS = ("instructions", "disks", "exits", "boot", "speed", "idle", "size")
PEERS = ("nginx",)
WORKS = ("get_64", "get_1", "get_1000", "get_10000", "get_longer", "get_wrk", "get_each", "get_304",
         "get_404", "mebibyte", "ping_0", "ping_56", "ping_1472")


class Far(argparse.Action):
    """Refuses words that --far doesn't know before anything is built."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: object, option_string: str | None = None) -> None:
        try:
            far_lines.choose(values)
        except ValueError as error:
            parser.error(f"--far: {error}")
        setattr(namespace, self.dest, values)


def parser(kind: type[argparse.ArgumentParser] = argparse.ArgumentParser
           ) -> argparse.ArgumentParser:
    made = kind(prog="mote bench", description=HELP, allow_abbrev=False)
    made.add_argument("--nic", default="virtio-net-pci", metavar="MODEL",
                      help="the network card's model, as for QEMU's -device (default: "
                      "virtio-net-pci)")
    made.add_argument("--only", action="append", choices=PARTS,
                      help="measure only this part; may be repeated")
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    made.add_argument("--plot", type=Path, metavar="FILE",
                      help="draw them beside a peer's as an SVG: with --vs, from the same run")
    made.add_argument("--vs", choices=PEERS, help="take turns with a lean Linux VM, and compare")
    made.add_argument("--far", nargs="*", action=Far, metavar="WHAT",
                      help="download over long lines, beside Linux with CUBIC and with BBR: usual, "
                      "rough, full, fairness; rtt=MS, loss=PERCENT, rate=MBIT, queue=PRODUCTS, "
                      "size=1M, rounds=N (docs/bench.md)")
    made.add_argument("--sequence", type=Path, metavar="FILE",
                      help="with --far: draw time against sequence number of a transfer of each, "
                      "the last size over the first line, as an SVG")
    made.add_argument("--hot", choices=WORKS,
                      help="list by function where the instructions of one kind of work go")
    made.add_argument("--rows", type=int, default=40, metavar="N", help="rows of --hot")
    made.add_argument("--check", action="store_true",
                      help="fail when a figure is more than 3 %% above its budget")
    made.add_argument("--lower", action="store_true",
                      help="like --check, but first lower the budgets of figures that fell by more "
                      "than 3 %%")
    return made
