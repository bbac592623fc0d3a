"""A bad cable between a tap and QEMU: drops, reorders and repeats some of its frames.

Run as `lossy_wire.py TAP QEMU SEED LOSS REORDER DUPLICATE [CAPTURE]`: both ends as file
descriptors, and three probabilities. Frames from QEMU are recorded in the capture, if given, before
anything happens to them. The same seed and frames give the same misfortunes. Our own program, since
not every kernel has netem.
"""

import os
import random
import select
import sys
import time
from pathlib import Path
from typing import BinaryIO

import captures

FRAME_BYTES = 65536
BATCH = 64
HELD_MS = 5  # a frame held back goes on after this long even if none overtakes it


class Direction:
    """One direction of the cable."""

    def __init__(self, source: int, sink: int, chance: random.Random,
                 odds: tuple[float, float, float], capture: BinaryIO | None) -> None:
        self.source = source
        self.sink = sink
        self._chance = chance
        self._loss, self._reorder, self._duplicate = odds
        self._capture = capture
        self._held: list[bytes] = []

    def carry(self) -> None:
        """Takes what has arrived, and mistreats it."""
        for _ in range(BATCH):
            try:
                frame = os.read(self.source, FRAME_BYTES)
            except BlockingIOError:
                return
            if self._capture:
                self._capture.write(captures.record(time.time(), frame))
            draw = self._chance.random()
            if draw < self._loss:
                continue
            if draw < self._loss + self._reorder:
                self._held.append(frame)
                continue
            self._put(frame)
            if draw > 1 - self._duplicate:
                self._put(frame)
            if self._held and self._chance.random() < 0.5:
                self._put(self._held.pop(0))

    def release(self) -> None:
        """Nothing arrives: sends the frame held back."""
        while self._held:
            self._put(self._held.pop(0))

    def _put(self, frame: bytes) -> None:
        try:
            os.write(self.sink, frame)
        except (BlockingIOError, OSError):
            pass  # a full or absent receiver loses frames, as on a real cable


def main() -> None:
    tap, qemu, seed = (int(word) for word in sys.argv[1:4])
    odds = tuple(float(word) for word in sys.argv[4:7])
    os.set_blocking(tap, False)
    os.set_blocking(qemu, False)
    capture = None
    if len(sys.argv) > 7:
        # unbuffered: complete whenever we are killed
        capture = Path(sys.argv[7]).open("wb", buffering=0)
        capture.write(captures.FILE_START)
    ways = {end: Direction(end, other, random.Random(f"{seed} {name}"), odds, record)
            for name, end, other, record in (("in", tap, qemu, None), ("out", qemu, tap, capture))}
    poll = select.poll()
    for end in ways:
        poll.register(end, select.POLLIN)
    while True:
        events = poll.poll(HELD_MS)
        for end, event in events:
            if event & ~select.POLLIN:
                return
            ways[end].carry()
        if not events:
            for way in ways.values():
                way.release()


if __name__ == "__main__":
    main()
