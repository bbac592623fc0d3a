"""./mote bench --far without machines: samples, tables, plots, captures, shares."""

import contextlib
import json
import random
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from xml.dom import minidom

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/bench"), str(ROOT / "tests/blackbox")]

import fairness  # noqa: E402
import far  # noqa: E402
import far_plot  # noqa: E402
import far_rig  # noqa: E402
import sequence  # noqa: E402
from tools.command_line.far_lines import Line  # noqa: E402

LONG_LINE = ROOT / "build/bench/long_line"


def sample(ms: float, missed: int = 0) -> far.Sample:
    return far.Sample(ms, 1, 2, 5, 100, 3.0, 4.0, 0.5, missed)


def cell(mote: list[float], cubic: list[float], bbr: list[float], line: Line = Line()) -> far.Cell:
    taken = {"mote": mote, "cubic": cubic, "bbr": bbr}
    return far.Cell(line, "1M", {name: tuple(map(sample, ms)) for name, ms in taken.items()})


# --- The emulator's program ---

@pytest.mark.needs("build/bench/long_line")
@pytest.mark.parametrize("word", ["nonsense=1", "loss=1.5", "loss", "loss=x", "mbit=-1",
                                  "burst_frames=0.5", "delay_us=nan", "seed=1e13"])
def test_the_emulator_refuses_what_it_does_not_understand(word: str) -> None:
    said = subprocess.run([LONG_LINE, "a", "b", word], text=True, capture_output=True, timeout=20,
                          check=False)
    assert said.returncode == 2 and said.stderr == f"long_line: {word} is not understood\n"


# --- Samples and tables ---

def test_medians_are_compared_with_the_better_linux() -> None:
    found = cell([90, 100, 500], [150, 160, 170], [50, 80, 60])
    assert (found.ms("mote"), found.ratio) == (100, 0.6)
    assert far.row(found).split()[-6:] == ["1M", "100", "160", "60", "1.60", "0.60"]
    assert len(far.row(found)) == len(far.HEAD)


def test_a_row_tells_when_the_host_lost_frames() -> None:
    taken = {name: (sample(10, missed),) for name, missed in
             (("mote", 0), ("cubic", 2), ("bbr", 1))}
    assert far.row(far.Cell(Line(), "1M", taken)).endswith("  the host lost 3 frames")


def test_the_longest_title_fits_into_the_table() -> None:
    line = Line(rtt=200, loss=0.1, rate=1000, queue=0.1, mark=0.1)
    assert far.row(cell([1], [1], [1], line)).startswith(f"{line.title()} ")


def test_a_sample_tells_what_the_line_did() -> None:
    way = {"lost": 3, "dropped": 4, "marked": 7, "frames": 50,
           "queue_mean_us": 1500, "queue_most_us": 9000,
           "late_most_us": 10, "missed": 0, "no_room": 1, "refused": 2}
    found = far.sample_of(1.23456, {"out": way, "back": way | {"lost": 9, "late_most_us": 250}})
    assert found == far.Sample(1234.6, 3, 4, 7, 50, 1.5, 9.0, 0.25, 6)


def test_json_has_every_sample() -> None:
    shares = fairness.Shares(4, {"mote": (10.0,), "cubic": (30.0, 20.0)}, 1.5, 9.0, 7)
    told = json.loads(far.as_json([cell([1], [2], [3])], [shares], {"nic": "e1000"}))
    assert told["cells"][0]["ms"] == {"mote": 1, "cubic": 2, "bbr": 3}
    assert told["cells"][0]["line"]["rtt"] == 80 and told["about"] == {"nic": "e1000"}
    assert told["cells"][0]["samples"]["bbr"][0]["dropped"] == 2
    assert told["fairness"][0]["shares"] == {"mote": 0.5, "cubic": 1.25}


class Machine:
    """A contender whose downloads take given times."""

    def __init__(self, name: str, times: list[float]) -> None:
        self.contender = type("Contender", (), {"name": name})
        self.times = times


def test_rounds_go_in_turn_and_stop_when_they_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    machines = [Machine("mote", [1e3] * 3 + [50e3] * 3), Machine("cubic", [1e3] * 3 + [11e3] * 3)]
    seeds: list[tuple[str, int]] = []

    def one(machine: Machine, line: Line, size: str, seed: int) -> far.Sample:
        seeds.append((machine.contender.name, seed))
        return sample(machine.times.pop(0))

    monkeypatch.setattr(far, "one", one)
    choice = far.Choice((Line(), Line(loss=1)), ("1M",), 3)
    short, long = far.measure(machines, choice, lambda text: None)
    assert seeds[:4] == [("mote", 1), ("cubic", 1), ("mote", 2), ("cubic", 2)]
    assert [len(found.samples["mote"]) for found in (short, long)] == [3, 1]


# --- Downloads ---

class LocalLab:
    """Sockets to a server on this host that sends the same to each."""

    def __init__(self, response: bytes) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(60)
        self._response = response
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "LocalLab":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(60)
        self._server.close()

    def _serve(self) -> None:
        with self._server.accept()[0] as connection:
            assert connection.recv(4096) == far_rig.request("14K")
            with contextlib.suppress(OSError):  # it may refuse the rest
                connection.sendall(self._response)

    def new_socket(self) -> socket.socket:
        port = self._server.getsockname()[1]

        class Local(socket.socket):
            def connect(self, address: object) -> None:
                super().connect(("127.0.0.1", port))

        return Local()


BODY = random.Random(14_000).randbytes(14_000)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 14000\r\n\r\n"


def test_a_download_is_of_the_bytes_that_the_site_has(tmp_path: Path) -> None:
    site = far_rig.make_site(tmp_path / "site")
    assert (site / "14K.bin").read_bytes() == BODY
    with LocalLab(HEAD + BODY) as lab:
        assert 0 < far_rig.download(lab, "14K") < 60


@pytest.mark.parametrize(("response", "error"), [
    (HEAD + BODY[:-1] + b"?", "not the bytes"), (HEAD + BODY[:-1], "1 bytes early"),
    (b"HTTP/1.1 404 Not Found\r\n\r\n", "404"),
    (b"HTTP/1.1 200 OK\r\n", "within the fields")])
def test_a_download_that_went_wrong_has_no_time(response: bytes, error: str) -> None:
    with LocalLab(response) as lab:
        with pytest.raises(AssertionError, match=error):
            far_rig.download(lab, "14K")


# --- Shares ---

def test_a_share_of_one_is_fair() -> None:
    shares = fairness.Shares(1, {"mote": (12.0,), "cubic": (6.0, 6.0, 6.0, 10.0)}, 0, 0, 0)
    assert shares.share("mote") == 1.5 and shares.share("cubic") == pytest.approx(0.875)
    assert fairness.told({"mote": 1, "cubic": 4}) == "mote + 4 cubic"
    assert "1.50" in fairness.row(shares)


def test_machines_behind_one_line_have_addresses_of_their_own() -> None:
    base = far_rig.Contender("cubic", Path("k"), far_rig.FarMachine(
        settings=None, command_line="x address=192.0.2.2 netmask=255.255.255.0"))
    other = base.at(4).machine
    assert other.command_line == "x address=192.0.2.4 netmask=255.255.255.0"
    line = other.arguments(Path("k"), Path("s"), Path("r"), 5, 6)
    assert any(f"mac={other.mac}" in word for word in line) and other.mac != far_rig.MAC
    ours = far_rig.Contender("mote", Path("k"), far_rig.FarMachine()).at(3).machine
    assert "network.0.address=192.0.2.3/24" in ours.settings


# --- Plots ---

def test_each_mark_stands_where_its_time_is() -> None:
    drawn = far_plot.draw([cell([100], [1000], [10]), cell([10], [10], [10])], far.NAMES)
    circles = [(one.getAttribute("class"), float(one.getAttribute("cx")),
                float(one.getAttribute("cy")))
               for one in minidom.parseString(drawn).getElementsByTagName("circle")][3:]
    at = {(name, row): x for (name, x, row) in circles}
    first, second = sorted({row for _, _, row in circles})
    assert at["cubic", first] - at["mote", first] == pytest.approx(
        at["mote", first] - at["bbr", first], abs=0.2)  # a decade each
    assert at["mote", second] == at["bbr", first]


@pytest.mark.parametrize(("least", "most"), [(1, 1), (7, 7), (33, 89_384), (50, 50_001)])
def test_the_scale_reaches_over_all_times(least: float, most: float) -> None:
    marks = far_plot.ticks(least, most)
    assert marks[0] <= least and marks[-1] >= most and len(marks) >= 2


# --- Captures ---

def segment(time: float, source: int, target: int, sequence_number: int, acknowledged: int,
            flags: int = 16, length: int = 0, options: bytes = b"") -> bytes:
    tcp = struct.pack(">HHIIBBHHH", source, target, sequence_number % 2**32, acknowledged % 2**32,
                      (20 + len(options)) * 4, flags, 0, 0, 0) + options
    ip = struct.pack(">BBHHHBBH8x", 0x45, 0, 20 + len(tcp) + length, 0, 0, 64, 6, 0)
    frame = bytes(12) + b"\x08\x00" + ip + tcp
    head = struct.pack("<IIII", int(time), round(time % 1 * 1e9), len(frame), len(frame) + length)
    return head + frame


def sack(*blocks: tuple[int, int]) -> bytes:
    edges = b"".join(struct.pack(">II", left % 2**32, right % 2**32) for left, right in blocks)
    return b"\x01\x01" + bytes([5, 2 + len(edges)]) + edges


START = struct.pack("<I20x", sequence.MAGIC)
FIRST = 2**32 - 500  # so that the numbers wrap


def capture() -> bytes:
    return START + b"".join([
        segment(9.0, 4000, 80, 5, 0, flags=2), segment(9.1, 80, 4000, FIRST - 1, 6, flags=18),
        segment(9.2, 4000, 80, 6, FIRST),
        segment(9.3, 80, 4000, FIRST, 6, length=1000),
        segment(9.4, 80, 4000, FIRST + 1000, 6, length=1000),
        segment(9.45, 80, 5000, 1, 6, length=10),  # another connection's
        segment(9.5, 4000, 80, 6, FIRST, options=sack((FIRST + 1000, FIRST + 2000))),
        segment(9.6, 80, 4000, FIRST, 6, length=1000),
        segment(9.7, 4000, 80, 6, FIRST + 2000)])


def test_a_transfer_is_read_with_what_was_sent_again() -> None:
    found = sequence.read(capture() + b"\1\2\3")
    near = pytest.approx
    assert found.data == [(near(0.3), 0, 1000), (near(0.4), 1000, 2000)]
    assert found.again == [(near(0.6), 0, 1000)]
    assert found.acks == [(near(0.2), 0), (near(0.5), 0), (near(0.7), 2000)]
    assert found.sacks == [(near(0.5), 1000, 2000)]
    assert found.end() == (near(0.7), 2000)


def test_captures_without_a_response_are_refused() -> None:
    with pytest.raises(ValueError, match="no response"):
        sequence.read(START)
    with pytest.raises(ValueError, match="nanoseconds"):
        sequence.read(bytes(24))


@pytest.mark.parametrize("options", [b"\x05", b"\x05\x00", b"\x01\x05\x0a\x00", b"\x03\x01", b""])
def test_options_cut_short_have_no_blocks(options: bytes) -> None:
    assert sequence.sacked(options) == ()


def test_the_drawing_is_sound_and_has_each_kind(tmp_path: Path) -> None:
    path = tmp_path / "c.pcap"
    path.write_bytes(capture())
    drawn = minidom.parseString(sequence.draw_files([("a <b>", path), ("b", path)]))
    kinds = [one.getAttribute("class") for one in drawn.getElementsByTagName("path")]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "data": 3, "again": 3, "ack": 3, "sack": 3}  # one in each panel, and one in the key


@pytest.mark.parametrize("most", [0.0007, 0.9, 1, 3.3, 85.4, 16384])
def test_steps_are_few_and_even(most: float) -> None:
    steps = sequence.steps(most)
    assert 3 <= len(steps) <= 9 and steps[0] == 0 and steps[-1] <= most
    assert steps[-1] + steps[1] > most
