"""`./mote run` in a process of its own, read line by line."""

import re
import signal
import socket
import subprocess

from images import ROOT
from lab import die_with_parent

MOTE = str(ROOT / "mote")


class Running:
    """`./mote run` on a port of the loopback interface."""

    def __init__(self, *arguments: str, port: int) -> None:
        self.process = subprocess.Popen(
            [MOTE, "run", "--http-port", str(port), *arguments], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)

    def line(self, pattern: str) -> re.Match[str]:
        """The next line that matches."""
        return re.search(pattern, self.lines_until(pattern)[-1])

    def lines_until(self, pattern: str) -> list[str]:
        """All lines up to the next one that matches."""
        seen = []
        for line in self.process.stdout:
            seen.append(line.rstrip("\n"))
            if re.search(pattern, line):
                return seen
        raise AssertionError(f"no line like /{pattern}/ in {seen}: {self.process.stderr.read()}")

    def close(self) -> None:
        """Stops it by Ctrl-C, so that it removes its temporary files; by force if that fails."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
