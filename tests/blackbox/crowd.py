"""A crowd of clients that runs inside a lab, opens connections and makes GETs on them.

Run as `crowd.py ADDRESS COUNT SOURCE`: opens COUNT connections to port 80 from SOURCE, makes a GET
on each, and says "open". Then, for each input line "N ROUNDS", it makes ROUNDS GETs on each of the
first N connections, all at once, and says "served". It ends with its input, or says what went
wrong.
"""

import resource
import select
import socket
import sys
from collections.abc import Iterator

GET = b"GET / HTTP/1.1\r\nHost: m\r\n\r\n"
MOST_AT_ONCE = 256  # waiting for an answer while connections are opened
DEADLINE_S = 60  # without any progress
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h


class Crowd:
    """Connections, and the answers they await."""

    def __init__(self, address: str, source: str) -> None:
        self.address = address
        self.source = source
        self.connections: list[socket.socket] = []
        self.answers: dict[int, bytes] = {}  # bytes so far of each awaited answer
        self.by_number: dict[int, socket.socket] = {}
        self.poll = select.epoll()

    def connect(self) -> None:
        """Starts one more connection; its GET follows once it is established."""
        made = socket.socket()
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        made.bind((self.source, 0))
        made.connect_ex((self.address, 80))
        self.connections.append(made)
        self.by_number[made.fileno()] = made
        self.answers[made.fileno()] = b""
        self.poll.register(made, select.EPOLLOUT)

    def ask(self, connection: socket.socket) -> None:
        self.answers[connection.fileno()] = b""
        connection.send(GET)

    def step(self) -> None:
        """Handles what has arrived; something must arrive within the deadline."""
        events = self.poll.poll(DEADLINE_S)
        if not events:
            raise TimeoutError(f"{len(self.answers)} answers don't come")
        for number, event in events:
            connection = self.by_number[number]
            if event & select.EPOLLOUT:
                if error := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    raise OSError(error, f"connection {len(self.connections)}")
                self.poll.modify(number, select.EPOLLIN)
                connection.send(GET)
                continue
            data = connection.recv(65536)
            if not data:
                raise ConnectionError("the server closed a connection")
            self.take(number, self.answers[number] + data)

    def take(self, number: int, answer: bytes) -> None:
        """Counts an answer once it is complete and right."""
        self.answers[number] = answer
        head, end, body = answer.partition(b"\r\n\r\n")
        if not end:
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ValueError(f"answered {head[:100]!r}")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) == length:
            del self.answers[number]

    def wait(self) -> None:
        while self.answers:
            self.step()

    def open_all(self, count: int) -> None:
        while len(self.connections) < count:
            while len(self.answers) < MOST_AT_ONCE and len(self.connections) < count:
                self.connect()
            self.step()
        self.wait()

    def serve(self, active: int, rounds: int) -> None:
        for _ in range(rounds):
            for connection in self.connections[:active]:
                self.ask(connection)
            self.wait()


def orders() -> Iterator[list[int]]:
    for line in sys.stdin:
        yield [int(word) for word in line.split()]


def main() -> None:
    address, count, source = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(address, source)
    crowd.open_all(count)
    print("open", flush=True)
    for active, rounds in orders():
        crowd.serve(active, rounds)
        print("served", flush=True)


if __name__ == "__main__":
    main()
