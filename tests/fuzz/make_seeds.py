#!/usr/bin/env python3
"""Makes seeds for the fuzzers from the conformance suite's cases: a file for each input."""

import argparse
import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The commands of connection_fuzzer.cpp's scripts.
OPEN, SEND, SEND_CHAINED, SEND_IN_BYTES, ACKNOWLEDGE, TAKE_ALL, CLOSE, TIME, FAIL_WRITES = range(9)


def requests(suite: Path) -> list[bytes]:
    """Every case's bytes; entity tags of its own site become one that fits nothing."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(suite))
    from conformance.suite import CASES  # noqa: PLC0415
    found = {re.sub(rb"\{tag:[^}]*\}", b'"0"', case.request) for case in CASES}
    return sorted(found, key=lambda request: (len(request), request))


def send(request: bytes, command: int = SEND) -> bytes:
    length = len(request).to_bytes(2, "little")
    return bytes([command]) + length + request


def scripts(request: bytes) -> list[bytes]:
    """A request by itself, and with another behind it, in pieces, before an early end."""
    options = bytes([0])
    half = len(request) // 2
    return [
        options + bytes([OPEN]) + send(request) + bytes([TAKE_ALL, CLOSE]),
        bytes([3, OPEN]) + send(request[:half]) + send(request[half:] + request, SEND_CHAINED)
        + bytes([ACKNOWLEDGE, 40, 0, TIME, 44]),
    ]


def write(folder: Path, inputs: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="a folder; request/ and connection/ are made in it")
    parser.add_argument("--suite", type=Path, default=ROOT / "tests/blackbox",
                        help="where the package `conformance` is")
    options = parser.parse_args()
    # Longer ones find nothing that a limit's neighbourhood doesn't, and cost each run.
    cases = [request for request in requests(options.suite) if len(request) <= 30_000]
    write(options.out / "request", [bytes([3, 7, 100, 4]) + request for request in cases])
    write(options.out / "connection", [script for request in cases if len(request) <= 4000
                                       for script in scripts(request)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
