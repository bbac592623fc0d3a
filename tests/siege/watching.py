"""Watches a machine under siege: by an honest client, and by what its pools hold."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from http_client import Client
from lab import Lab

HONEST = "192.0.2.10"
LOOK_S = 0.25
REST_S = 150  # a connection idles for 60 s, and its close waits as long for an acknowledgement
CALM_S = 1.0  # of honest use, before and after
USED = re.compile(r'mote_pool_elements_used\{pool="(.*)"\} (\d+)')
UPTIME = re.compile(r"mote_uptime_seconds ([\d.]+)")


def metrics(lab: Lab) -> tuple[dict[str, int], float]:
    """The pools' use, and the uptime."""
    with Client(lab.connect(timeout=5)) as client:
        text = client.get("/metrics").body.decode()  # closing first, TIME-WAIT is ours
    return ({name: int(used) for name, used in USED.findall(text)},
            float(UPTIME.search(text)[1]))


def seconds_to_rest(lab: Lab, before: dict[str, int], restless: dict[str, int]) -> float | None:
    """Until the pools hold what they held before, which a reading of them holds, too. `restless`
    tells which hold more."""
    begun = time.monotonic()

    def is_at_rest() -> bool:
        try:
            now, _ = metrics(lab)
        except OSError:
            return False
        restless.clear()
        restless.update({name: now[name] - before[name] for name in before
                         if now[name] > before[name]})
        return not restless

    while not is_at_rest():
        if time.monotonic() > begun + REST_S:
            return None
        time.sleep(LOOK_S)
    return time.monotonic() - begun


@contextmanager
def honest_client(lab: Lab, body_bytes: int) -> Iterator[dict[str, dict[str, Any]]]:
    """Runs one; what it saw is in the end in what is given."""
    process = lab.start(sys.executable, str(Path(__file__).with_name("honest.py")), Lab.GUEST,
                        HONEST, str(body_bytes), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                        text=True)
    said: dict[str, dict[str, Any]] = {}
    time.sleep(CALM_S)
    yield said
    time.sleep(CALM_S)
    said.update(json.loads(process.communicate(timeout=30)[0]))
