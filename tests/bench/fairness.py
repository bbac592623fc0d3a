"""What senders leave each other at one bottleneck, and how long they let frames wait there."""

import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import far_rig
from lab import Lab
from machine import Guest
from tools.command_line.far_lines import Line

LINE = Line(rtt=40, rate=20)
QUEUES = (1.0, 4.0)
SECONDS = 30
REQUESTS = 8  # at once, for 128 MiB: more than the bottleneck lets through in that time
Note = Callable[[str], None]

# Who sends, and by how many connections. The hosts' numbers are those of MACHINES.
MACHINES = {"mote": 2, "mote b": 3, "cubic": 4, "bbr": 5}
ALONE = tuple({name: 1} for name in ("mote", "cubic", "bbr"))
BESIDE = ({"mote": 1, "cubic": 1}, {"mote": 1, "cubic": 4}, {"bbr": 1, "cubic": 1},
          {"bbr": 1, "cubic": 4}, {"mote": 1, "mote b": 1})


@dataclass(frozen=True)
class Shares:
    """What each flow got."""

    queue: float
    mib: dict[str, tuple[float, ...]]  # by sender, of each of its connections
    queue_mean_ms: float
    queue_most_ms: float
    dropped: int

    def share(self, name: str) -> float:
        """A connection of this sender's, by the fair share; 1 is fair."""
        flows = [mib for taken in self.mib.values() for mib in taken]
        own = self.mib[name]
        return sum(own) / len(own) / (sum(flows) / len(flows)) if sum(flows) else 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"shares": {name: round(self.share(name), 3) for name in self.mib}}


class Flow:
    """A connection that always has more to receive."""

    def __init__(self, lab: Lab, name: str, address: str) -> None:
        self.name, self.received = name, 0
        self.socket = lab.new_socket()
        self.socket.setblocking(False)
        self.socket.connect_ex((address, 80))
        self._asked = False

    def go_on(self, events: int, room: bytearray) -> None:
        if not self._asked and events & select.POLLOUT:
            self.socket.sendall(far_rig.request("16M") * REQUESTS)
            self._asked = True
        if events & select.POLLIN:
            count = self.socket.recv_into(room)
            assert count, f"{self.name} closed"
            self.received += count

    @property
    def wanted(self) -> int:
        return select.POLLIN | (0 if self._asked else select.POLLOUT)


def receive(flows: Sequence[Flow], seconds: float) -> None:
    """Receives by all of them for a time."""
    room = bytearray(1 << 18)
    poll = select.poll()
    by_number = {flow.socket.fileno(): flow for flow in flows}
    for number, flow in by_number.items():
        poll.register(number, flow.wanted)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        for number, events in poll.poll(left * 1000):
            flow = by_number[number]
            flow.go_on(events, room)
            poll.modify(number, flow.wanted)


class Field:
    """All machines behind one line; those that don't take part are paused."""

    def __init__(self, contenders: Sequence[far_rig.Contender], folder: Path,
                 stack: ExitStack) -> None:
        by_name = {contender.name: contender for contender in contenders}
        self.machines = {name: by_name[name.split()[0]].at(host)
                         for name, host in MACHINES.items()}
        self.net = far_rig.LineLab([made.machine for made in self.machines.values()])
        stack.callback(self.net.lab.close)
        self.guests: dict[str, Guest] = {}
        for (name, made), wire in zip(self.machines.items(), self.net.wires):
            guest = Guest(self.net.lab, made.machine, made.image, folder / f"fair-{name}", wire)
            stack.callback(guest.stop)
            with self.net.through(Line(rtt=0, rate=0), 1):
                far_rig.wait_for_answer(self.net.lab, guest, made.machine.address)
            guest.ask("stop")
            self.guests[name] = guest

    def run(self, flows: dict[str, int], queue: float, seconds: float) -> Shares:
        for name in flows:
            self.guests[name].ask("cont")
        with self.net.through(replace(LINE, queue=queue), 1) as counts:
            running = [Flow(self.net.lab, name, self.machines[name].machine.address)
                       for name, count in flows.items() for _ in range(count)]
            receive(running, seconds)
            for flow in running:
                end_now(flow.socket)
        for name in flows:
            self.guests[name].ask("stop")
        out = counts["out"]
        return Shares(queue, {name: tuple(round(flow.received / 2**20, 2) for flow in running
                                          if flow.name == name) for name in flows},
                      out["queue_mean_us"] / 1e3, out["queue_most_us"] / 1e3, out["dropped"])


def end_now(connection: socket.socket) -> None:
    """Resets a connection (SO_LINGER of 0), so that its sender doesn't go on."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def measure(folder: Path, nic: str, note: Note, seconds: float = SECONDS) -> Iterator[Shares]:
    with ExitStack() as stack:
        field = Field(far_rig.contenders(folder, nic), folder, stack)
        for queue in QUEUES:
            for flows in (*ALONE, *BESIDE):
                note(f"{told(flows)}: queue {queue:g}")
                yield field.run(flows, queue, seconds)


def told(flows: dict[str, int]) -> str:
    return " + ".join(f"{count} {name}" if count > 1 else name for name, count in flows.items())


HEAD = (f"{'at one bottleneck':<18}{'queue':>6}{'MiB of each connection':>36}"
        f"{'share of the first':>20}{'wait, mean and most, ms':>25}")


def row(shares: Shares) -> str:
    flows = {name: len(taken) for name, taken in shares.mib.items()}
    mib = " ".join(f"{one:.1f}" for taken in shares.mib.values() for one in taken)
    first = f"{shares.share(next(iter(flows))):.2f}" if sum(flows.values()) > 1 else ""
    wait = f"{shares.queue_mean_ms:.1f} {shares.queue_most_ms:.1f}"
    return f"{told(flows):<18}{shares.queue:>6g}{mib:>36}{first:>20}{wait:>25}"
