"""h11, a strict parser of HTTP/1.1: everything the machine sends must be allowed by the RFC."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h11
import pytest

import sites
from conftest import Bench
from images import Images
from machine import Guest
from programs import boot, the_site


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    return boot(shared_bench)


@pytest.fixture(scope="module")
def site(images: Images) -> Path:
    return the_site(images)


@dataclass(frozen=True)
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes
    informed: list[int]  # 1xx before it


class Session:
    """One connection with h11's view of its state; h11 raises on anything unlawful."""

    def __init__(self, guest: Guest) -> None:
        self.socket = guest.lab.connect()
        self.state = h11.Connection(h11.CLIENT)

    def _events(self) -> Iterator[h11.Event]:
        while True:
            event = self.state.next_event()
            if event is h11.NEED_DATA:
                self.state.receive_data(self.socket.recv(65536))
                continue
            yield event
            if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return

    def answer(self) -> Answer:
        informed, body, response = [], b"", None
        for event in self._events():
            match event:
                case h11.InformationalResponse():
                    informed.append(event.status_code)
                case h11.Response():
                    response = event
                case h11.Data():
                    body += event.data
        assert response, "closed without a response"
        fields = {name.decode(): value.decode() for name, value in response.headers}
        assert len(fields) == len(list(response.headers)), "a field is there twice"
        return Answer(response.status_code, fields, body, informed)

    def ask(self, target: str, *fields: tuple[str, str], method: str = "GET",
            body: tuple[bytes, ...] = ()) -> Answer:
        """An exchange; content is sent in these pieces, as chunks if it is chunked."""
        self.send(h11.Request(method=method, target=target,
                              headers=[("Host", "mote"), *fields]))
        for piece in body:
            self.send(h11.Data(data=piece))
        self.send(h11.EndOfMessage())
        return self.answer()

    def send(self, event: h11.Event) -> None:
        self.socket.sendall(self.state.send(event))

    def next_cycle(self) -> None:
        """Both sides' state must allow one more request."""
        assert (self.state.our_state, self.state.their_state) == (h11.DONE, h11.DONE)
        self.state.start_next_cycle()


@pytest.fixture
def session(guest: Guest) -> Iterator[Session]:
    session = Session(guest)
    yield session
    session.socket.close()


def test_every_file_by_every_coding(session: Session, site: Path) -> None:
    for name in sites.files(site):
        for coding in ("identity", "gzip", "br, zstd;q=0.5"):
            plain = session.ask(sites.url_path(name), ("Accept-Encoding", coding))
            session.next_cycle()
            assert plain.status == 200
            assert len(plain.body) == int(plain.fields["content-length"])
            if coding == "identity":
                assert plain.body == (site / name).read_bytes()
            head = session.ask(sites.url_path(name), ("Accept-Encoding", coding), method="HEAD")
            session.next_cycle()
            assert (head.fields, head.body) == (plain.fields, b"")


def test_all_kinds_of_answers_on_one_connection(session: Session) -> None:
    tag = session.ask("/text.txt").fields["etag"]
    for target, fields, method, status in [
            ("/text.txt", [("If-None-Match", tag)], "GET", 304),
            ("/text.txt", [("If-None-Match", tag)], "HEAD", 304),
            ("/text.txt", [("If-Match", '"other"')], "GET", 412),
            ("/text.txt", [("Range", "bytes=0-9")], "GET", 206),
            ("/text.txt", [("Range", "bytes=0-0,5-9,-3")], "GET", 206),
            ("/text.txt", [("Range", "bytes=999999-")], "GET", 416),
            ("/text.txt", [("Range", "bytes=0-9"), ("If-Range", '"other"')], "GET", 200),
            ("/nowhere", [], "GET", 404), ("/nowhere", [], "HEAD", 404),
            ("/guide", [], "GET", 301), ("/text.txt", [], "DELETE", 405),
            ("/text.txt", [], "OPTIONS", 200), ("*", [], "OPTIONS", 200),
            ("/healthz", [], "GET", 200), ("/metrics", [], "GET", 200),
            ("http://mote/text.txt", [], "GET", 200), ("/text.txt", [], "GET", 200)]:
        session.next_cycle()
        answer = session.ask(target, *fields, method=method)
        assert answer.status in ((status, 204, 405) if method == "OPTIONS" else (status,)), target


@pytest.mark.parametrize("framing", [("Content-Length", "3000"), ("Transfer-Encoding", "chunked")])
def test_content_is_read_away(session: Session, framing: tuple[str, str]) -> None:
    for _ in range(5):
        answer = session.ask("/text.txt", framing, method="POST", body=(b"a" * 1000,) * 3)
        assert answer.status == 405
        session.next_cycle()
    assert session.ask("/text.txt").status == 200


def test_waiting_for_100_continue(session: Session, site: Path) -> None:
    """A GET with content that waits: 100, or a final response at once."""
    session.send(h11.Request(method="GET", target="/text.txt", headers=[
        ("Host", "mote"), ("Content-Length", "5"), ("Expect", "100-continue")]))
    event = next(session._events())
    if isinstance(event, h11.InformationalResponse):
        assert event.status_code == 100
        session.send(h11.Data(data=b"12345"))
        session.send(h11.EndOfMessage())
        answer = session.answer()
        assert (answer.status, answer.body) == (200, (site / "text.txt").read_bytes())
        session.next_cycle()
    else:
        assert isinstance(event, h11.Response) and event.status_code in (200, 417)


def test_an_answer_to_http_1_0_is_one(guest: Guest) -> None:
    """h11 sends 1.1 only; a response to 1.0 is parsed as one to Connection: close."""
    session = Session(guest)
    session.state.send(h11.Request(method="GET", target="/text.txt", headers=[
        ("Host", "mote"), ("Connection", "close")]))
    session.state.send(h11.EndOfMessage())
    session.socket.sendall(b"GET /text.txt HTTP/1.0\r\n\r\n")
    assert session.answer().status == 200
    assert session.state.their_state in (h11.CLOSED, h11.MUST_CLOSE)
    assert session.socket.recv(1) == b""
    session.socket.close()


@pytest.mark.parametrize("sent, status", [
    (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost : mote\r\n\r\n", 400),
    (b"GET /%zz HTTP/1.1\r\nHost: mote\r\n\r\n", 400), (b"nonsense\r\n\r\n", 400),
    (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: mote\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: mote\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: mote\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: mote\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501)])
def test_refusals_are_well_formed_too(guest: Guest, sent: bytes, status: int) -> None:
    session = Session(guest)
    session.state.send(h11.Request(method="GET", target="/", headers=[("Host", "mote")]))
    session.state.send(h11.EndOfMessage())
    session.socket.sendall(sent)
    answer = session.answer()
    assert (answer.status, answer.fields["connection"]) == (status, "close")
    assert session.state.their_state in (h11.CLOSED, h11.MUST_CLOSE)
    session.socket.close()
