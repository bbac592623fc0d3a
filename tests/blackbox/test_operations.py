"""The operator's view: dates, health, metrics, the access log."""

import calendar
import json
import re
import subprocess
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

import exposition
from conftest import Bench
from http_client import Client, Response
from lab import Lab, until
from machine import MAC, Guest, Machine
from sites import MODIFIED, MODIFIED_TEXT, mixed

SETTINGS = Machine().settings
METRICS = f"{SETTINGS}\nhttp.metrics=/metrics"
LOG_LINE = re.compile(
    r'([0-9.]+) - - \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "(.*?)" (\d{3}) (\d+) '
    r'"(.*?)" "(.*?)"')


@pytest.fixture(scope="module")
def guest(shared_bench: Bench) -> Guest:
    return shared_bench.boot(Machine(settings=f"{METRICS}\nhttp.access_log=combined\n"
                                              "http.access_log_lines=20"))


def get(guest: Guest, target: str, *fields: str, method: str = "GET") -> Response:
    with Client(guest.lab.connect()) as client:
        return client.get(target, *fields, method=method)


def scrape(guest: Guest) -> exposition.Exposition:
    response = get(guest, "/metrics")
    assert response.status == 200
    return exposition.read(response.body.decode())


def seconds_of(response: Response) -> float:
    return parsedate_to_datetime(response.fields["date"]).timestamp()


def test_date_is_the_hosts(guest: Guest, client: Client) -> None:
    """The CMOS clock counts whole seconds; QEMU's is in step with the host's."""
    for path in ("/", "/nowhere", "/healthz"):
        before = time.time()
        seconds = seconds_of(client.get(path))
        assert before - 2 <= seconds <= time.time() + 1, path


def test_date_goes_on(guest: Guest, client: Client) -> None:
    """Second by second; it may skip only the time that passed between two looks."""
    asked = began = time.monotonic()
    first = last = seconds_of(client.get("/"))
    while last < first + 2:
        before, asked = asked, time.monotonic()
        now = seconds_of(client.get("/"))
        assert last <= now <= last + 1 + (time.monotonic() - before)
        assert asked < began + 30, "the date stands still"
        last = now


PAUSE_S = 5  # longer than a Date may ever be wrong by


def wait_out_a_pause() -> None:
    """Waits for time itself to pass, by the host's clock."""
    end = time.time() + PAUSE_S
    until(lambda: time.time() >= end, "the end of a pause")


def catches_up(guest: Guest) -> None:
    """Date is the host's again soon: after a second of the machine's running time."""
    deadline = time.monotonic() + 15
    while abs(behind := time.time() - seconds_of(get(guest, "/"))) > 2:
        assert time.monotonic() < deadline, f"Date is {behind:.1f} s behind"


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_date_is_right_after_a_pause(bench: Bench, machine: str) -> None:
    """virsh suspend and resume, a laptop's lid, a host out of memory: the guest's counters stood
    still, and only the hypervisor's clock tells the time."""
    guest = bench.boot(Machine(machine=machine))
    catches_up(guest)
    guest.ask("stop")
    wait_out_a_pause()
    guest.ask("cont")
    catches_up(guest)
    guest.serves()


def test_date_is_right_after_a_snapshot_was_restored(bench: Bench) -> None:
    """Proxmox VE and libvirt restore a machine's memory, hours later or on another host."""
    disk = bench.results / "snapshots.qcow2"
    bench.results.mkdir(parents=True, exist_ok=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(disk), "64M"], check=True,
                   timeout=60)
    drive = ("-drive", f"file={disk},if=none,id=snapshots,format=qcow2")
    first = bench.boot(Machine(machine="pc", extra=drive))
    catches_up(first)
    said = first.monitor("savevm mote")
    assert not said, said
    first.stop()
    wait_out_a_pause()
    second = bench.start(Machine(machine="pc", extra=(*drive, "-loadvm", "mote")))
    catches_up(second)
    second.serves()



@pytest.mark.parametrize("machine", ["q35", "pc"])
@pytest.mark.parametrize("base", ["2031-05-05T12:00:00", "2028-02-29T23:59:50",
                                  "2068-02-29T12:34:56", "2090-12-31T11:30:00"])
def test_date_follows_the_cmos_clock(bench: Bench, machine: str, base: str) -> None:
    """QEMU's own arithmetic ends 68 years from now."""
    expected = datetime.fromisoformat(base).replace(tzinfo=UTC).timestamp()
    started = time.monotonic()
    guest = bench.boot(Machine(machine=machine, extra=("-rtc", f"base={base}")))
    seconds = seconds_of(get(guest, "/"))
    assert expected <= seconds <= expected + time.monotonic() - started + 2
    assert not guest.console.find("^clock: no wall clock")


@pytest.mark.parametrize("base", ["2020-01-01T00:00:00", "2024-02-29T12:34:50"])
def test_no_date_is_before_the_newest_file_s(bench: Bench, base: str) -> None:
    """RFC 9110, 8.8.2.1: the clock lost its battery, or is set to another time zone."""
    image = bench.images.bootable(bench.images.once("mixed-site", mixed), "pvh")
    guest = bench.boot(Machine(extra=("-rtc", f"base={base}")), image=image)
    assert guest.console.find("^clock: behind the site's newest file, Date is that file's until")
    response = get(guest, "/")
    assert response.fields["last-modified"] == MODIFIED_TEXT
    assert MODIFIED <= seconds_of(response) <= MODIFIED + 60


@pytest.mark.parametrize("base", ["1999-12-31T23:59:59", "2019-12-31T00:00:00"])
def test_a_clock_that_was_never_set_gives_no_date(bench: Bench, base: str) -> None:
    guest = bench.boot(Machine(extra=("-rtc", f"base={base}"), settings=METRICS))
    assert guest.console.find("^clock: no wall clock, responses carry no Date$")
    assert "date" not in get(guest, "/").fields
    assert "mote_start_time_seconds" not in scrape(guest).families


def test_a_machine_without_a_cmos_clock(bench: Bench) -> None:
    guest = bench.boot(Machine(machine="microvm", extra=("-machine", "rtc=off")))
    assert guest.console.find("^clock: no wall clock, responses carry no Date$")
    assert "date" not in get(guest, "/").fields


def test_health(guest: Guest, client: Client) -> None:
    response = client.get("/healthz")
    assert response.status == 200
    assert response.fields["content-type"] == "application/json"
    assert response.fields["cache-control"] == "no-store"
    state = json.loads(response.body)
    assert set(state) == {"status", "uptime_s", "version", "commit"}
    assert state["status"] == "ok" and state["uptime_s"] >= 0
    assert guest.console.find(rf"^mote {re.escape(state['version'])} "
                              rf"\({re.escape(state['commit'])}\)")
    head = client.get("/healthz", method="HEAD")
    assert head.status == 200 and "content-length" in head.fields
    assert client.get("/healthz", "Content-Length: 0", method="POST").status == 405


@pytest.mark.parametrize("path", ["/internal/up", ""])
def test_health_can_be_moved_and_switched_off(bench: Bench, path: str) -> None:
    guest = bench.boot(Machine(settings=f"{SETTINGS}\nhttp.health={path}"))
    if path:
        assert json.loads(get(guest, path).body)["status"] == "ok"
    for gone in ("/healthz", "/metrics"):
        assert get(guest, gone).status == 404, gone


def test_metrics_are_prometheus_text(guest: Guest, client: Client) -> None:
    before = time.time()
    response = client.get("/metrics")
    after = time.time()
    assert response.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    numbers = exposition.read(response.body.decode())
    for name, family in numbers.families.items():
        assert name.startswith("mote_") and family.help.endswith("."), name
    info = dict(next(iter(numbers.families["mote_interface_info"].samples)))
    assert info == {"interface": "net0", "model": "virtio-net", "mac": MAC}
    assert numbers.value("mote_interface_up", interface="net0") == 1
    started = numbers.value("mote_start_time_seconds")
    assert before - 2 <= numbers.value("mote_uptime_seconds") + started <= after + 2


def test_metrics_follow_the_traffic(guest: Guest) -> None:
    before = scrape(guest)
    with Client(guest.lab.connect()) as client:
        for _ in range(10):
            client.get("/")
        client.get("/nowhere")
        guest.lab.run("ping", "-c", "5", "-i", "0.05", "-w", "20", Lab.GUEST)
        after = scrape(guest)

    def grown(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)
    # Each scrape is counted once its numbers are written, so the previous one counts here.
    assert grown("mote_http_requests_total", code="200") == 11
    assert grown("mote_http_requests_total", code="404") == 1
    assert grown("mote_http_connections_accepted_total") == 2
    assert after.value("mote_http_connections") >= 2
    assert grown("mote_http_response_bytes_total") > 11 * 100
    assert grown("mote_interface_fast_path_replies_total", interface="net0") == 5
    for name in ("receive_frames", "receive_bytes", "transmit_frames", "transmit_bytes",
                 "doorbells"):
        assert grown(f"mote_interface_{name}_total", interface="net0") > 5, name
    assert grown("mote_loop_turns_total") >= grown("mote_loop_busy_turns_total") > 0
    for name, family in before.families.items():
        if family.kind == "counter":
            for labels, value in family.samples.items():
                assert after.families[name].samples[labels] >= value, (name, labels)
    for labels, used in after.families["mote_pool_elements_used"].samples.items():
        most = after.families["mote_pool_elements_used_most"].samples[labels]
        assert used <= most <= after.families["mote_pool_elements"].samples[labels], labels


def test_metrics_survive_many_at_once(guest: Guest) -> None:
    """Pipelined: each response is complete and current, or says to try again."""
    with Client(guest.lab.connect()) as client:
        client.socket.sendall(b"GET /metrics HTTP/1.1\r\nHost: mote\r\n\r\n" * 40)
        answers = [client.response() for _ in range(40)]
    pages = [exposition.read(answer.body.decode()) for answer in answers if answer.status == 200]
    assert len(pages) >= 1
    assert all(answer.fields["retry-after"] for answer in answers if answer.status == 503)
    counts = [page.total("mote_http_requests_total") for page in pages]
    assert counts == sorted(counts)


@pytest.mark.parametrize("choice, status", [
    ("0", 200), (MAC, 200), ("1", 404), ("52:54:00:00:00:01", 404), ("eth0", 404)])
def test_metrics_on_one_interface_only(bench: Bench, choice: str, status: int) -> None:
    """If the interface named isn't there, or isn't one, nobody gets any."""
    guest = bench.boot(Machine(settings=f"{METRICS}\nhttp.metrics_interface={choice}"))
    assert get(guest, "/metrics").status == status
    missing = guest.console.find("^http: the interface for metrics is missing, nobody gets them$")
    assert bool(missing) == (status == 404)


def log_lines(guest: Guest, start: int) -> list[re.Match[str]]:
    lines = guest.console.lines[start:]
    return [found for line in lines if (found := LOG_LINE.fullmatch(line))]


def test_log_line(guest: Guest, client: Client) -> None:
    start = len(guest.console.lines)
    before = time.time()
    body = client.get("/?q=%22", "Referer: http://a.example/", 'User-Agent: x "y" \\').body
    guest.console.wait_for(r'" 200 ', start=start)
    line, = log_lines(guest, start)
    assert line[1] == Lab.HOST
    assert line[3] == "GET /?q=%22 HTTP/1.1"
    assert (int(line[4]), int(line[5])) == (200, len(body))
    assert (line[6], line[7]) == ("http://a.example/", r"x \x22y\x22 \x5C")
    when = calendar.timegm(time.strptime(line[2], "%d/%b/%Y:%H:%M:%S +0000"))
    assert before - 2 <= when <= time.time() + 1


def test_log_cannot_steer_a_terminal(guest: Guest) -> None:
    start = len(guest.console.lines)
    with guest.lab.connect() as connection:
        connection.sendall(b"GET /\x1b[2J\x9b5m\x07 HTTP/1.1\r\nHost: a\r\n\r\n")
        while connection.recv(65536):
            pass
    guest.console.wait_for(r'" 400 ', start=start)
    assert all(line.isascii() and line.isprintable() for line in guest.console.lines[start:])


def test_a_flood_of_requests_loses_lines_and_no_time(guest: Guest, client: Client) -> None:
    start = len(guest.console.lines)
    before = scrape(guest).value("mote_http_access_log_lines_lost_total")
    began = time.monotonic()
    for _ in range(30):
        client.socket.sendall(b"GET / HTTP/1.1\r\nHost: mote\r\n\r\n" * 20)
        for _ in range(20):
            assert client.response().status == 200
    took = time.monotonic() - began
    lost = scrape(guest).value("mote_http_access_log_lines_lost_total") - before
    guest.console.wait_for(r"^http: \d+ lines of the access log left out$", start=0)
    lines = log_lines(guest, start)
    assert len(lines) <= 20 * (took + 3) + 20
    assert lost >= 600 - 20 * (took + 3) - 20
    for line in guest.console.lines[start:-1]:
        assert LOG_LINE.fullmatch(line) or line.startswith("http: "), line


def test_log_is_off_unless_asked_for(bench: Bench) -> None:
    guest = bench.boot(Machine())
    lines = len(guest.console.lines)
    guest.serves()
    assert len(guest.console.lines) == lines
