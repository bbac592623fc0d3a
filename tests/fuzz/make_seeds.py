#!/usr/bin/env python3
"""Makes seeds for the fuzzers: from the conformance suite's cases, and documents made at random.
One file per input."""

import argparse
import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "tests/fuzz/data/site/main"

# The commands in connection_fuzzer.cpp's scripts.
(OPEN, SEND, SEND_CHAINED, SEND_IN_BYTES, ACKNOWLEDGE, TAKE_ALL, CLOSE, TIME, FAIL_WRITES, RESET,
 POLL, SEND_RUN, SEND_AGAIN, SECONDS, CROWD) = range(15)

DOCUMENTS = 1000  # of each format

GET = b"GET %s HTTP/1.1\r\nHost: site.test\r\n%s\r\n"
LARGE = GET % (b"/size/12000.bin", b"")
PARTS = GET % (b"/text.txt", b"Range: bytes=0-9,2000-3000,-7\r\n")


def entity_tag(pack: bytes, content: bytes) -> bytes:
    """The entity tag of the identity representation with this content."""
    start = pack.rfind(b"ETag: ", 0, pack.index(b"\r\n\r\n" + content)) + len(b"ETag: ")
    return pack[start:pack.index(b"\r\n", start)]


def requests(suite: Path, pack: bytes) -> list[bytes]:
    """Every case's bytes, with the entity tags of the fuzzers' site."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(suite))
    from conformance.suite import CASES  # noqa: PLC0415

    def tag(found: re.Match[bytes]) -> bytes:
        name = found[1].decode().split()[0]
        path = SITE / (name if (SITE / name).is_file() else "text.txt")
        return entity_tag(pack, path.read_bytes())

    found = {re.sub(rb"\{tag:([^}]*)\}", tag, case.request).replace(b"102400.bin", b"12000.bin")
             for case in CASES}
    return sorted(found, key=lambda request: (len(request), request))


def send(request: bytes, command: int = SEND) -> bytes:
    length = len(request).to_bytes(2, "little")
    return bytes([command]) + length + request


def scripts(request: bytes) -> list[bytes]:
    """A request by itself, followed by another, in pieces, and ending early."""
    half = len(request) // 2
    return [
        bytes([0, OPEN]) + send(request) + bytes([TAKE_ALL, CLOSE]),
        bytes([5, OPEN]) + send(request, SEND_IN_BYTES) + bytes([TAKE_ALL])
        + send(b"GET /data.json HTTP/1.1\r\nHost: other.test\r\n\r\n"),
        bytes([3, OPEN]) + send(request[:half]) + send(request[half:] + request, SEND_CHAINED)
        + bytes([ACKNOWLEDGE, 40, 0, TIME, 44]),
    ]


def machinery() -> list[bytes]:
    """Inputs without a case in the suite: lwIP's failures, slow peers, time, many connections."""
    clients = range(16)
    begun = GET[:12] + b"x" * 5000
    early = b"\r\nHEAD / HTTP/1.1\r\nX: " + b"x" * 5000
    return [
        bytes([0]) + b"".join(bytes([16 * n + OPEN]) + send(LARGE, 16 * n + SEND)
                              + send(early, 16 * n + SEND) for n in clients),
        bytes([0, OPEN, FAIL_WRITES, 1, 9]) + send(LARGE) + bytes([POLL, POLL, SECONDS, 2, POLL]),
        bytes([1, OPEN]) + send(PARTS) + bytes([FAIL_WRITES, 0, 3, ACKNOWLEDGE, 200, 0, POLL]),
        bytes([1, OPEN]) + send(PARTS) + bytes([SECONDS, 1, ACKNOWLEDGE, 0, 4, SECONDS, 2, RESET]),
        bytes([1, OPEN, 16 + OPEN]) + send(LARGE) + bytes([SECONDS, 1]) + send(LARGE, 16 + SEND),
        bytes([3, OPEN]) + send(GET % (b"/", b"")) + bytes([SEND_AGAIN, 40, TAKE_ALL, CLOSE]),
        bytes([8, OPEN]) + send(LARGE) + bytes([SEND_AGAIN, 9, ACKNOWLEDGE, 0, 16, TIME, 250]),
        bytes([4, OPEN]) + send(GET % (b"/metrics", b"")) + bytes([SEND_AGAIN, 3]),
        bytes([0, OPEN]) + send(LARGE[:20]) + bytes([TIME, 50, TIME, 30]),
        bytes([0, OPEN]) + send(LARGE) + bytes([TIME, 240, TIME, 240]),
        bytes([0, OPEN]) + send(LARGE) + bytes([16 + OPEN, CROWD, 32 + OPEN, 48 + OPEN]),
        bytes([2]) + b"".join(bytes([16 * n + OPEN]) + send(begun, 16 * n + SEND)
                              for n in clients)
        + b"".join(send(b"\r\n\r\n" + PARTS, 16 * n + SEND) for n in clients),
        bytes([0]) + b"".join(bytes([16 * n + OPEN]) + send(PARTS, 16 * n + SEND)
                              for n in clients) + bytes([SEND_AGAIN, 2]),
        bytes([0, OPEN, SEND_RUN, 0, 64, 65, TAKE_ALL]),
        bytes([0, OPEN]) + send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n")
        + bytes([SEND_RUN, 0, 128, 65, SEND_AGAIN, 1]) + send(LARGE),
    ]


def smbios_tables() -> list[bytes]:
    """Tables with and without OEM strings, behind a count; and the two kinds of entry point."""
    def structure(kind: int, formatted: bytes, strings: bytes = b"\0") -> bytes:
        return bytes([kind, 4 + len(formatted), 1, 0]) + formatted + strings + b"\0"

    def sealed(entry: bytes, at: int, begin: int = 0) -> bytes:
        return entry[:at] + bytes([-sum(entry[begin:]) & 0xFF]) + entry[at + 1:]

    facts = structure(0, bytes(14), b"SeaBIOS\x001.16\0") + structure(4, bytes(44))
    ours = structure(11, b"\2", b"mote:http.port=8080\0other\0")
    end = structure(127, b"")
    narrow = sealed(b"_SM_\0\x1F\2\x08" + bytes(8) + b"_DMI_\0\x80\0\0\x10\x0F\0\3\0\x28", 21, 16)
    wide = b"_SM3_\0\x18\3" + bytes(4) + b"\x80\0\0\0\0\x10\x0F\0\0\0\0\0"
    return [b"\3" + facts + ours + end, b"\x09" + ours + ours, b"\1" + facts[:30], b"\2" + end,
            b"\0" + sealed(narrow, 4) + b"\0", b"\0" + bytes(16) + sealed(wide, 5)]


def agent() -> list[bytes]:
    """Each of the agent's commands, by itself, with an argument, and in two clients' pieces."""
    names = re.findall(rb'\{"(guest-[a-z-]+)", Command', (ROOT / "agent/commands.hpp").read_bytes())
    arguments = (b"", b',"arguments":{"id":-1}', b',"arguments":{"mode":"reboot"}', b',"id":"x\\n"')
    commands = [b'{"execute":"%s"%s}' % (name, rest) for name in names for rest in arguments]
    inputs = []
    for command in commands:
        pieces = [command[at:at + 63] for at in range(0, len(command), 63)]
        steps = b"".join(bytes([len(piece)]) + piece + b"\xc8" for piece in pieces)
        inputs += [b"\x02" + steps, b"\x08" + steps[:9] + b"\xff" + steps + b"\x40\x07"]
    return [*inputs, b"\x00\x45{\"a\":\x80", b"\x03" + b"\x3f" + b"[" * 63]


def documents(format_name: str) -> list[bytes]:
    """Documents like those that are compared with Python's readers."""
    sys.path.insert(0, str(ROOT / "tests/unit/formats"))
    from documents import Maker  # noqa: PLC0415
    return Maker(12).documents(format_name, DOCUMENTS)


def write(folder: Path, inputs: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="a folder; one for each fuzzer is made in it")
    parser.add_argument("--suite", type=Path, default=ROOT / "tests/blackbox",
                        help="where the package `conformance` is")
    parser.add_argument("--pack", type=Path, default=ROOT / "build/fuzz.pack",
                        help="the pack that the fuzzers serve (default: build/fuzz.pack)")
    options = parser.parse_args()
    # Longer ones find nothing more than those near a limit do, and slow each run down.
    cases = [request for request in requests(options.suite, options.pack.read_bytes())
             if len(request) <= 30_000]
    write(options.out / "request", [bytes([3, 7, 100, 4]) + request for request in cases])
    write(options.out / "connection", [script for request in cases if len(request) <= 4000
                                       for script in scripts(request)] + machinery())
    write(options.out / "smbios", smbios_tables())
    write(options.out / "agent", agent())
    for format_name in ("json", "toml", "yaml"):
        write(options.out / format_name, documents(format_name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
