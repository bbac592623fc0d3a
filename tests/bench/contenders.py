"""Mote and its peer as running machines: alike in all but the software, each stopped while the
other is measured."""

import select
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/blackbox"), str(Path(__file__).parent)]

import linux_vm  # noqa: E402
from clients import Result  # noqa: E402
from counting import Meter, Symbols, read_counts  # noqa: E402
from images import KERNEL, Images  # noqa: E402
from lab import Lab  # noqa: E402
from machine import MAC, Guest  # noqa: E402
from world import BenchMachine  # noqa: E402

BOOT_S = 60


@dataclass(frozen=True)
class Kind:
    """One of the two: its software, and how to boot it."""

    name: str
    image: Path
    machine: BenchMachine

    def with_memory(self, mib: int) -> "Kind":
        return replace(self, machine=replace(self.machine, memory_mib=mib))

    def counted(self, plugin: Path, table: Path) -> "Kind":
        """The same kind with its instructions counted."""
        extra = (*self.machine.extra, "-plugin", f"{plugin},out={table}")
        return replace(self, machine=replace(self.machine, extra=extra))


def kinds(folder: Path, site: Path) -> tuple[Kind, Kind]:
    """Mote and its peer with a site; the folder takes the files made for them."""
    peer = linux_vm.build(folder, site)
    ours = BenchMachine(memory_mib=peer.memory_mib)
    theirs = replace(ours, settings=None, command_line=peer.append,
                     extra=("-initrd", str(peer.initrd)))
    return (Kind("mote", Images(folder / "images").bootable(site, ours.boot), ours),
            Kind("peer", peer.kernel, theirs))


class Running:
    """A running machine in its own lab, which can be paused."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind = kind
        self.lab = Lab()
        try:
            wire = self.lab.tap()
            # Known in advance: a lost ARP request would be repeated only after a second.
            self.lab.run("ip", "neigh", "replace", Lab.GUEST, "lladdr", MAC, "dev", "mote0")
            self.started = time.monotonic()
            self.guest = Guest(self.lab, kind.machine, kind.image, folder / kind.name, wire)
        except BaseException:
            self.lab.close()
            raise

    def first_200(self, deadline_s: float = BOOT_S) -> float:
        """Waits for the first 200; returns its time in milliseconds after QEMU's start."""
        with Attempts(self.lab) as attempts:
            while not attempts.answered():
                self.guest.is_alive()
                assert time.monotonic() < self.started + deadline_s, \
                    f"{self.kind.name}: no answer within {deadline_s} s\n" + \
                    "\n".join(self.guest.console.lines[-25:])
            return (time.monotonic() - self.started) * 1000

    @contextmanager
    def awake(self) -> Iterator["Running"]:
        """Runs the machine for one measurement; it is paused before and after."""
        self.guest.ask("cont")
        try:
            yield self
        finally:
            self.guest.ask("stop")

    def close(self) -> None:
        try:
            self.guest.stop()
        finally:
            self.lab.close()


class Attempts:
    """Connections to a machine that may not be up yet; each sends a GET once established.

    One at a time: the wire keeps its SYN until the machine takes frames. Another follows only after
    a long silence, in case the first was lost. After a refusal the next one waits a little, so that
    the machine can boot rather than refuse.
    """

    PACE_S = 0.005
    PATIENCE_S = 0.1

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._open: dict[int, socket.socket] = {}
        self._poll = select.poll()
        self._begun = 0.0

    def __enter__(self) -> "Attempts":
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._open.values():
            connection.close()

    def _begin(self) -> None:
        connection = self._lab.new_socket()
        connection.setblocking(False)
        connection.connect_ex((Lab.GUEST, 80))
        self._open[connection.fileno()] = connection
        self._poll.register(connection, select.POLLOUT)
        self._begun = time.monotonic()

    def answered(self) -> bool:
        """Polls for a millisecond; true once a connection is answered by 200."""
        pause = self.PATIENCE_S if self._open else self.PACE_S
        if time.monotonic() > self._begun + pause:
            self._begin()
        for descriptor, events in self._poll.poll(1):
            connection = self._open[descriptor]
            try:
                if events & select.POLLOUT:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: mote\r\n\r\n")
                    self._poll.modify(connection, select.POLLIN)
                    continue
                if connection.recv(64).startswith(b"HTTP/1.1 200 "):
                    return True
            except OSError:
                pass  # refused: nobody listens yet
            self._poll.unregister(descriptor)
            self._open.pop(descriptor).close()
        return False


@contextmanager
def both(pair: tuple[Kind, Kind], folder: Path) -> Iterator[tuple[Running, Running]]:
    """Both machines, booted and paused."""
    with ExitStack() as stack:
        machines = []
        for kind in pair:
            machine = Running(kind, folder)
            stack.callback(machine.close)
            machine.first_200()
            machine.guest.ask("stop")
            machines.append(machine)
        yield machines[0], machines[1]


@dataclass(frozen=True)
class Cost:
    """A client's result, and the instructions it took."""

    result: Result
    instructions: float


class CountedMote:
    """A running Mote whose instructions are counted, idle turns of its loop left out."""

    def __init__(self, table: Path) -> None:
        self._meter = Meter(table, Symbols.of(KERNEL))

    def learn_idle(self) -> None:
        """Nothing to learn: Mote's idle path is known by its address."""

    def since_reset(self) -> float:
        return self._meter.work(self._meter.read())

    def cost(self, work: Callable[[], Result]) -> Cost:
        before = self._meter.read()
        result = work()
        return Cost(result, self._meter.work(self._meter.read() - before))


class CountedPeer:
    """A running Linux whose instructions are counted. It halts when idle, so all it runs counts,
    except for the work of its clock."""

    def __init__(self, table: Path) -> None:
        self._table = table
        self._idle_per_s = 0.0

    def _now(self) -> int:
        counts = read_counts(self._table.read_bytes())
        assert counts.runs[0] == 0, "the plugin's table is too small for what Linux runs"
        return counts.total()

    def learn_idle(self) -> None:
        """Takes the lowest of several seconds: in the first it may still clear connections away."""
        seconds = []
        for _ in range(3):
            before = self._now()
            time.sleep(1)  # a measurement, not a wait for something
            seconds.append(self._now() - before)
        self._idle_per_s = min(seconds)

    def since_reset(self) -> float:
        return self._now()

    def cost(self, work: Callable[[], Result]) -> Cost:
        before = self._now()
        result = work()
        return Cost(result, self._now() - before - self._idle_per_s * result.seconds)


def counter(kind: Kind, table: Path) -> CountedMote | CountedPeer:
    """The counter for this kind of machine."""
    return CountedMote(table) if kind.name == "mote" else CountedPeer(table)
