#!/usr/bin/env python3
"""Measures Mote's costs: guest instructions, exits, bytes, time, memory. docs/bench.md explains
each row and how it is measured."""

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/blackbox")]

import boots  # noqa: E402
import checks  # noqa: E402
import exits  # noqa: E402
import figures  # noqa: E402
import idling  # noqa: E402
import plot  # noqa: E402
import sizes  # noqa: E402
import speed  # noqa: E402
import works  # noqa: E402
from clients import NotPossible  # noqa: E402
from figures import Figure  # noqa: E402
from lab import LabUnavailable  # noqa: E402
from world import World, about  # noqa: E402

from tools.base.terminal import Progress  # noqa: E402
from tools.command_line import bench_options  # noqa: E402


ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def instructions(world: World) -> Iterator[Figure]:
    yield from works.instruction_figures(world, 3)
    yield from boots.boot_instructions(world, 3)


def exits_and_bytes(world: World) -> Iterator[Figure]:
    yield from exits.exit_figures(world)
    yield from exits.touch_figures(world)


def size(world: World) -> Iterator[Figure]:
    yield from boots.smallest_memory(world)
    yield from sizes.size_figures()


SECTIONS: dict[str, Callable[[World], Iterator[Figure]]] = {
    "instructions": instructions, "disks": boots.disk_instructions, "exits": exits_and_bytes,
    "boot": boots.boot_times,
    "speed": speed.speed_figures, "idle": idling.idle_figures, "size": size}


def measure(options: argparse.Namespace, world: World) -> bool:
    if options.hot:
        print(works.hot(world, works.BY_KEY[options.hot], options.rows))
        return True
    if options.check or options.lower:
        return checks.check(world, options.lower)
    found: list[Figure] = []
    for name in options.only or ([] if options.vs else SECTIONS):
        if found:
            print()
        found += checks.gather(SECTIONS[name](world))
    pairs = compare(world) if options.vs else []
    if options.json:
        options.json.write_text(figures.as_json(found, about(options.nic), pairs))
    if options.plot:
        options.plot.write_text(plot.draw(found, pairs))
    return True


def compare(world: World) -> list[figures.Pair]:
    """Pairs of figures, ours and the peer's, from the same run."""
    import versus  # imported only here: it fetches a Linux kernel

    folder = world.folder / "versus"
    folder.mkdir()
    with Progress("Measuring Mote and Linux with nginx in turn") as progress:
        pairs = versus.compare(folder, progress.note)
    print(versus.table(pairs))
    return pairs


def over_long_lines(folder: Path, options: argparse.Namespace) -> None:
    import far  # imported only here: it fetches a Linux kernel

    far.run(folder, options)


def end_once() -> None:
    """Has the first signal to end clean up, and takes no other from then on."""
    def interrupt(*_: object) -> None:
        for ending in ENDINGS:
            signal.signal(ending, signal.SIG_IGN)
        raise KeyboardInterrupt

    for ending in ENDINGS:
        if signal.getsignal(ending) != signal.SIG_IGN:
            signal.signal(ending, interrupt)


def main(arguments: list[str]) -> int:
    end_once()
    options = bench_options.parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mote-bench-") as folder:
        try:
            if options.far is not None:
                over_long_lines(Path(folder), options)
                return 0
            with World(Path(folder), options.nic) as world:
                return 0 if measure(options, world) else 1
        except KeyboardInterrupt:
            return 130
        except LabUnavailable as reason:
            error = f"this host allows no lab: {reason}"
        except (NotPossible, AssertionError, RuntimeError, OSError,
                subprocess.SubprocessError) as failure:
            error = str(failure)
    print(f"mote bench: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
