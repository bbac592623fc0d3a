#!/usr/bin/env python3
"""Lays siege to a machine while an honest client uses it, and prints a table: ./mote test --siege.

Each siege has a fresh machine. It holds if at least 99 % of the honest requests are answered
rightly within a second, the machine doesn't restart, and its pools come back to rest.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/blackbox"), str(ROOT / "tests/bench"), str(HERE)]

import contenders  # noqa: E402
import sieges  # noqa: E402
import soak  # noqa: E402
import watching  # noqa: E402
from contenders import Kind, Running  # noqa: E402
from lab import Lab, LabUnavailable  # noqa: E402
from sieges import Excuse, Scene, Siege  # noqa: E402
from watching import honest_client, metrics, seconds_to_rest  # noqa: E402
from world import BODY_BYTES, make_site  # noqa: E402

from tools.base.terminal import Progress  # noqa: E402
from tools.command_line import siege_options  # noqa: E402

GATEWAY = Lab.HOST  # so that answers to strangers leave; the lab forwards nothing
# Besides the bench's settings, among which an idle connection has an hour.
SETTINGS = ("http.metrics=/metrics", "http.idle_timeout_s=60", f"network.0.gateway={GATEWAY}")
SHARE = 0.99


@dataclass
class Outcome:
    """How one machine went through a siege."""

    extent: str = ""
    fresh: dict[str, float] = field(default_factory=dict)
    kept: dict[str, float] = field(default_factory=dict)
    rest_s: float | None = None  # until the pools were at rest; None: not in time
    restless: dict[str, int] = field(default_factory=dict)  # what pools hold more than before
    fault: str = ""

    def share(self, of: str, counted: str = "in_time") -> float:
        counts = getattr(self, of)
        return counts[counted] / counts["asked"] if counts.get("asked") else 0.0

    def holds(self, excuse: Excuse) -> bool:
        counted = "in_time" if excuse is Excuse.NONE else "answered"
        judged = ("fresh",) if excuse is Excuse.CUT else ("fresh", "kept")
        return (not self.fault and self.rest_s is not None and
                min(self.share(of, counted) for of in judged) >= SHARE and
                self.fresh["wrong"] + self.kept["wrong"] == 0 and
                not (excuse is Excuse.LATE and self.kept["cut"]))


# --- One siege ---

def lay(siege: Siege, kind: Kind, folder: Path, seconds: int) -> Outcome:
    """One siege of one machine."""
    outcome = Outcome()
    running = Running(kind, folder)
    try:
        running.first_200()
        for address in (watching.HONEST, sieges.ATTACKER):
            running.lab.run("ip", "addr", "add", f"{address}/{Lab.PREFIX}", "dev", "mote0")
        is_mote = kind.name == "mote"
        if is_mote:
            metrics(running.lab)  # the first one's own traces are in what follows
            before, uptime = metrics(running.lab)
        with honest_client(running.lab, BODY_BYTES) as said:
            outcome.extent = siege.attack(Scene(running.lab, running.guest, seconds, folder))
        outcome.fresh, outcome.kept = said["fresh"], said["kept"]
        running.guest.is_alive()
        outcome.rest_s = 0.0
        if is_mote:
            outcome.rest_s = seconds_to_rest(running.lab, before, outcome.restless)
            if (outcome.rest_s is not None and siege.excuse is not Excuse.CUT and
                    metrics(running.lab)[1] < uptime):
                outcome.fault = "it restarted"
    except (AssertionError, OSError) as failure:
        outcome.fault = str(failure).splitlines()[0] if str(failure) else type(failure).__name__
    finally:
        running.close()
    return outcome


# --- Told ---

HEAD = (f"{'siege':<18}{'honest, new':>12}{'kept':>8}{'worst, ms':>11}{'cut':>5}{'at rest, s':>12}"
        f"{'Linux, new':>12}{'kept':>8}  {'holds':<6}extent")


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def row(siege: Siege, ours: Outcome, theirs: Outcome | None) -> str:
    if ours.fault:
        return f"{siege.name:<18}{ours.fault}"
    worst = max(ours.fresh["worst_ms"], ours.kept["worst_ms"])
    rest = "never" if ours.rest_s is None else f"{ours.rest_s:.1f}"
    linux = ("", "") if theirs is None else ("fault", "") if theirs.fault else (
        percent(theirs.share("fresh")), percent(theirs.share("kept")))
    return (f"{siege.name:<18}{percent(ours.share('fresh')):>12}{percent(ours.share('kept')):>8}"
            f"{worst:>11,.0f}{ours.kept['cut']:>5.0f}{rest:>12}{linux[0]:>12}{linux[1]:>8}  "
            f"{'yes' if ours.holds(siege.excuse) else 'NO':<6}{ours.extent}"
            f"{f', left {ours.restless}' if ours.restless else ''}")


def run(folder: Path, options: argparse.Namespace) -> bool:
    """Lays all sieges that the options choose; whether Mote holds in each."""
    site = folder / "site"
    make_site(site)
    chosen = [sieges.BY_NAME[name] for name in options.names or sieges.BY_NAME
              if name != soak.NAME]
    ours, theirs = contenders.kinds(folder, site)
    ours = replace(ours, machine=replace(ours.machine.with_settings(*SETTINGS),
                                         memory_mib=options.memory))
    told = []
    holds = True
    with Progress("Laying siege") as progress:
        print(HEAD, flush=True)
        for siege in chosen:
            progress.note(siege.name)
            place = folder / siege.name
            place.mkdir()
            mote = lay(siege, ours, place, options.seconds)
            linux = None
            if siege.beside_linux and options.linux:
                linux = lay(siege, theirs, place, options.seconds)
            print(row(siege, mote, linux), flush=True)
            holds = holds and mote.holds(siege.excuse)
            told.append({"siege": siege.name, "mote": asdict(mote),
                         "linux": linux and asdict(linux)})
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n")
    if soak.NAME in options.names:
        holds &= soak.run(folder, options.memory, options.seconds)
    return holds


def main(arguments: list[str]) -> int:
    options = siege_options.parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="mote-siege-") as folder:
        try:
            return 0 if run(Path(folder), options) else 1
        except KeyboardInterrupt:
            return 130
        except LabUnavailable as reason:
            error = f"this host allows no lab: {reason}"
        except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as failure:
            error = str(failure)
    print(f"mote test --siege: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
