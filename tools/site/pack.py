#!/usr/bin/env python3
"""Packs folders into a site pack: every response for their files, ready to send."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.base.errors import UserError  # noqa: E402
from tools.base.files import replacing, temporary_file  # noqa: E402
from tools.site.compress import Compressor  # noqa: E402
from tools.site.config import read_settings  # noqa: E402
from tools.site.field_sets import FieldSets  # noqa: E402
from tools.site.messages import LAST_SECOND  # noqa: E402
from tools.site.pack_writer import write_pack  # noqa: E402
from tools.site.settings import Settings  # noqa: E402
from tools.site.site_plan import Plan, Site  # noqa: E402
from tools.site.site_tree import quoted  # noqa: E402


@dataclass(frozen=True)
class PackSummary:
    """A pack's content: the number of the sites' files and the sum of their sizes."""

    files: int
    bytes: int


def pack_site(site: Path, out: Path, settings: Settings,
              note: Callable[[str], None] = lambda text: None) -> PackSummary:
    """Writes a folder's pack. A file that cannot be served raises UserError, and no pack is left.

    `note` receives the current step.
    """
    with temporary_file() as store:
        plan = _make_plan(site, out, settings, Compressor(settings.compress, store, note))
        note("writing")
        with replacing(out) as stream:
            write_pack(stream, plan)
    return PackSummary(plan.files, plan.bytes)


def refuse_inside(site: Path, out: Path) -> None:
    """Refuses to write inside the site, since the next pack would include the file."""
    if out.resolve().is_relative_to(site.resolve()):
        raise UserError(f"{quoted(out)}: lies inside the site; write it somewhere else")


def _make_plan(site: Path, out: Path, settings: Settings, compressor: Compressor) -> Plan:
    latest = _latest_time()
    sites = []
    for number, folder in enumerate([site, *(hosted.root for hosted in settings.sites)]):
        sites.append(Site(number, folder, settings, latest))
        refuse_inside(folder, out)
    compressor.make(candidate for one in sites for candidate in one.candidates())
    plan = Plan(settings.blob(), FieldSets(settings.headers, len(sites)), len(sites))
    taken = _outlast(date for one in sites for date in one.dates())
    for one in sites:
        one.add_to(plan, compressor.variants, taken)
    plan.hosts = [(name.encode(), number) for number, hosted in enumerate(settings.sites, 1)
                  for name in hosted.hosts]
    return plan


def _latest_time() -> int:
    """The upper bound of modification times (reproducible-builds.org, SOURCE_DATE_EPOCH).

    Without that variable it is now: no response may claim a later date (RFC 9110, 8.8.2.1). Only
    files with a date in the future make different packs at different times.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        return min(int(time.time()), LAST_SECOND)
    if not (text.isascii() and text.isdigit()):
        raise UserError(f"SOURCE_DATE_EPOCH={text!r}: not a number of seconds; set or unset it")
    digits = text.lstrip("0") or "0"
    return LAST_SECOND if len(digits) > len(str(LAST_SECOND)) else min(int(digits), LAST_SECOND)


def _outlast(dates: Iterable[int]) -> int:
    """Waits until the second of the latest date is over; returns the time then.

    A file packed in the second in which it was written might change again and keep its date (RFC
    9110, 8.8.2.2). And without the wait, the same site could give two different packs.
    """
    if "SOURCE_DATE_EPOCH" in os.environ:
        return _latest_time()
    now = time.time()
    left = max((date for date in dates if date <= now), default=0) + 1 - now
    if left > 0:
        time.sleep(left)
    return int(time.time())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="pack.py", description=__doc__)
    parser.add_argument("site", type=Path, metavar="SITE", help="the folder to pack")
    parser.add_argument("-o", dest="out", type=Path, metavar="FILE", required=True,
                        help="the pack to write")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings, as in mote.toml")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(options.config) if options.config else Settings()
        summary = pack_site(options.site, options.out, settings)
    except UserError as error:
        print(f"pack.py: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"pack.py: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {summary.files} files, {summary.bytes} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
