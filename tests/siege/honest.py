"""An honest client: it fetches the page on new and on kept connections, and tells how that went.

Run in a lab as `honest.py ADDRESS SOURCE LENGTH`: it begins at once, and prints its counts as JSON
when its input ends. Every answer must be 200 with LENGTH bytes of content.
"""

import json
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from statistics import median

GET = b"GET / HTTP/1.1\r\nHost: mote.lan\r\n\r\n"
PERIOD_S = 0.1  # between new connections, and between a kept connection's requests
KEPT = 4
IN_TIME_S = 1.0
PATIENCE_S = 5.0  # then a request has failed


@dataclass
class Counts:
    """Requests begun long enough ago to be judged, and those answered rightly within a second."""

    asked: int = 0
    in_time: int = 0
    answered: int = 0  # rightly, however late
    wrong: int = 0
    cut: int = 0  # connections ended by the server
    worst_ms: float = 0.0
    median_ms: float = 0.0
    took_ms: list[float] = field(default_factory=list, repr=False)


@dataclass
class Exchange:
    """A request under way on a connection."""

    connection: socket.socket
    begun: float
    is_kept: bool
    is_connected: bool = False
    answer: bytes = b""


class Honest:
    def __init__(self, address: str, source: str, length: int) -> None:
        self.address, self.source, self.length = address, source, length
        self.fresh, self.kept = Counts(), Counts()
        self.under_way: dict[int, Exchange] = {}
        self.idle: list[socket.socket] = []
        self.poll = select.epoll()
        self.poll.register(sys.stdin.fileno(), select.EPOLLIN)

    def counts(self, exchange: Exchange) -> Counts:
        return self.kept if exchange.is_kept else self.fresh

    def connect(self, is_kept: bool) -> None:
        made = socket.socket()
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.bind((self.source, 0))
        made.connect_ex((self.address, 80))
        self.under_way[made.fileno()] = Exchange(made, time.monotonic(), is_kept)
        self.poll.register(made, select.EPOLLOUT)

    def again(self, connection: socket.socket) -> None:
        """One more request on a kept connection."""
        exchange = Exchange(connection, time.monotonic(), is_kept=True, is_connected=True)
        self.under_way[connection.fileno()] = exchange
        self.poll.register(connection, select.EPOLLIN)
        self.ask(exchange)

    def ask(self, exchange: Exchange) -> None:
        try:
            exchange.connection.send(GET)
        except OSError:
            self.fail(exchange, was_cut=True)

    def forget(self, exchange: Exchange) -> None:
        del self.under_way[exchange.connection.fileno()]
        self.poll.unregister(exchange.connection)

    def fail(self, exchange: Exchange, was_cut: bool) -> None:
        counts = self.counts(exchange)
        counts.asked += 1
        counts.cut += was_cut
        self.forget(exchange)
        exchange.connection.close()

    def answer(self, exchange: Exchange) -> None:
        """More of an answer has come."""
        try:
            data = exchange.connection.recv(65536)
        except OSError:
            data = b""
        exchange.answer += data
        head, _, content = exchange.answer.partition(b"\r\n\r\n")
        if len(content) >= self.length:
            self.finish(exchange, head.startswith(b"HTTP/1.1 200 ") and
                        len(content) == self.length)
        elif not data:
            self.fail(exchange, was_cut=True)

    def finish(self, exchange: Exchange, is_right: bool) -> None:
        took = time.monotonic() - exchange.begun
        counts = self.counts(exchange)
        counts.asked += 1
        counts.answered += is_right
        counts.wrong += not is_right
        counts.in_time += is_right and took <= IN_TIME_S
        counts.took_ms.append(took * 1e3)
        self.forget(exchange)
        if exchange.is_kept:
            self.idle.append(exchange.connection)
        else:
            exchange.connection.close()

    def on_event(self, exchange: Exchange) -> None:
        if exchange.is_connected:
            self.answer(exchange)
        elif exchange.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.fail(exchange, was_cut=True)
        else:
            exchange.is_connected = True
            self.poll.modify(exchange.connection, select.EPOLLIN)
            self.ask(exchange)

    def turn(self) -> None:
        """Begins what is due in a period: a new connection, and a request on each kept one."""
        self.connect(is_kept=False)
        idle, self.idle = self.idle, []
        for connection in idle:
            self.again(connection)
        kept = sum(exchange.is_kept for exchange in self.under_way.values())
        for _ in range(KEPT - kept):
            self.connect(is_kept=True)
        late = time.monotonic() - PATIENCE_S
        for exchange in [one for one in self.under_way.values() if one.begun < late]:
            self.fail(exchange, was_cut=False)

    def run(self) -> None:
        due = time.monotonic()
        while True:
            wait = due - time.monotonic()
            if wait <= 0:
                self.turn()
                due = max(due + PERIOD_S, time.monotonic() - 1)
                continue
            for number, _ in self.poll.poll(wait):
                if number == sys.stdin.fileno():
                    return
                if number in self.under_way:
                    self.on_event(self.under_way[number])

    def told(self) -> str:
        """What is still under way and late has failed; the rest isn't judged."""
        late = time.monotonic() - IN_TIME_S
        for exchange in self.under_way.values():
            self.counts(exchange).asked += exchange.begun < late
        for counts in (self.fresh, self.kept):
            counts.worst_ms = max(counts.took_ms, default=0.0)
            counts.median_ms = median(counts.took_ms) if counts.took_ms else 0.0
            counts.took_ms.clear()
        return json.dumps({"fresh": asdict(self.fresh), "kept": asdict(self.kept)})


if __name__ == "__main__":
    client = Honest(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    client.run()
    print(client.told())
