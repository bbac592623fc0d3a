"""A crowd of slow clients: connections that ask for as little as they can, or take all they can.

Run in a lab as `slow.py ADDRESS SOURCE MODE COUNT`: opens COUNT connections, a hundred at a time,
opens those anew that the server ends, and prints counts as JSON when its input ends. Modes:

silent   never sends a byte
header   sends a byte of a request every ten seconds
unread   asks for a large file and never reads
crawl    asks for a large file and reads 1,500 bytes a second
"""

import json
import resource
import select
import socket
import sys
import time

MODES = ("silent", "header", "unread", "crawl")
REQUEST = b"GET /large.bin HTTP/1.1\r\nHost: mote.lan\r\nX-Slow: "
AT_ONCE = 100
SMALL_WINDOW = 4096
TURN_S = 0.25
BYTE_S = 10.0
CRAWL_BYTES = 1500


class Crowd:
    def __init__(self, address: str, source: str, mode: str, count: int) -> None:
        self.address, self.source, self.mode, self.count = address, source, mode, count
        self.open: dict[int, socket.socket] = {}
        self.connecting: set[int] = set()
        self.opened = self.ended = 0
        self.poll = select.epoll()
        self.poll.register(sys.stdin.fileno(), select.EPOLLIN)

    def connect(self) -> None:
        made = socket.socket()
        made.setblocking(False)
        if self.mode in ("unread", "crawl"):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW)
        made.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        made.bind((self.source, 0))
        made.connect_ex((self.address, 80))
        self.open[made.fileno()] = made
        self.connecting.add(made.fileno())
        self.poll.register(made, select.EPOLLOUT | select.EPOLLRDHUP)

    def drop(self, number: int) -> None:
        self.ended += 1
        self.connecting.discard(number)
        self.poll.unregister(number)
        self.open.pop(number).close()

    def established(self, number: int) -> None:
        """Sends what its mode sends at first."""
        self.connecting.discard(number)
        self.opened += 1
        # RDHUP and HUP are told anyway; what is unread stays unread.
        self.poll.modify(number, select.EPOLLRDHUP)
        first = {"silent": b"", "header": REQUEST}.get(self.mode, REQUEST + b"1\r\n\r\n")
        if first:
            self.open[number].send(first)

    def on_event(self, number: int, event: int) -> None:
        if event & (select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
            self.drop(number)
        elif event & select.EPOLLOUT:
            self.established(number)

    def each_second(self, is_tenth: bool) -> None:
        for number, connection in list(self.open.items()):
            if number in self.connecting:
                continue
            try:
                if self.mode == "crawl":
                    connection.recv(CRAWL_BYTES)
                elif self.mode == "header" and is_tenth:
                    connection.send(b"x")
            except BlockingIOError:
                pass
            except OSError:
                self.drop(number)

    def run(self) -> None:
        second, turn = time.monotonic() + 1, 0.0
        seconds = 0
        while True:
            if time.monotonic() >= turn:
                turn = time.monotonic() + TURN_S
                room = min(self.count - len(self.open), AT_ONCE - len(self.connecting))
                for _ in range(room):
                    self.connect()
            if time.monotonic() >= second:
                second = time.monotonic() + 1
                seconds += 1
                self.each_second(seconds % BYTE_S == 0)
            for number, event in self.poll.poll(min(turn, second) - time.monotonic() + 0.001):
                if number == sys.stdin.fileno():
                    return
                if number in self.open:
                    self.on_event(number, event)

    def told(self) -> str:
        return json.dumps({"opened": self.opened, "ended": self.ended,
                           "open": len(self.open) - len(self.connecting)})


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    crowd = Crowd(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
    crowd.run()
    print(crowd.told())
