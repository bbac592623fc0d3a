"""The bench's pure parts: counts, idle turns, symbols, events, budgets, tables, plots."""

import json
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.dom import minidom

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/bench"), str(ROOT / "tests/blackbox")]

import budgets  # noqa: E402
import checks  # noqa: E402
import counting  # noqa: E402
import exits  # noqa: E402
import figures  # noqa: E402
import plot  # noqa: E402
import speed  # noqa: E402
import works  # noqa: E402
from figures import Figure  # noqa: E402
from world import REQUEST, request  # noqa: E402

from tools.command_line import bench_options  # noqa: E402
from tools.image import bootable  # noqa: E402

Block = tuple[int, int, int]  # address, instructions, runs


def counts(*blocks: Block, loaded: int = 0) -> counting.Counts:
    data = struct.pack("<QQ", len(blocks), loaded)
    return counting.read_counts(data + b"".join(struct.pack("<QQQ", *block) for block in blocks))


class Table:
    """The plugin's file, as it stands at the moment."""

    def __init__(self, *blocks: Block) -> None:
        self.blocks = blocks

    def read_bytes(self) -> bytes:
        return struct.pack("<QQ", len(self.blocks), 0) + b"".join(
            struct.pack("<QQQ", *block) for block in self.blocks)


NM = """\
0000000000100000 T __image_start
0000000000100010 T first
0000000000100100 t mote::second(int, char)
0000000000100200 T __text_end
0000000000100300 D data
0000000000100400 B __image_end
"""
IDLE_NM = NM + "0000000000100120 T __idle_start\n0000000000100140 T __idle_end\n"


# --- Counting ---

def test_the_request_has_the_length_that_all_figures_are_for() -> None:
    assert len(REQUEST) == 34
    assert len(works.LONGER) == 158
    assert request("/x", "A: b") == "GET /x HTTP/1.1\r\nHost: mote.lan\r\nA: b\r\n\r\n"


def test_counts_are_instructions_times_runs_between_two_moments() -> None:
    before = counts((0x100010, 5, 10), (0x100100, 3, 1), loaded=7)
    after = counts((0x100010, 5, 12), (0x100100, 3, 101), (0x100110, 2, 4), loaded=27)
    assert before.total() == 53
    grown = counting.read_counts(Table(
        (0x100010, 5, 10), (0x100100, 3, 1), (0, 0, 0)).read_bytes())
    work = after - grown
    assert (work.total(), work.loaded_bytes) == (2 * 5 + 100 * 3 + 4 * 2, 27)


def test_the_idle_path_is_left_out_by_its_address() -> None:
    table = Table()
    meter = counting.Meter(table, counting.Symbols(IDLE_NM))
    counted = counts((0x10011F, 10, 1), (0x100120, 4, 1000), (0x10013F, 1, 50),
                     (0x100140, 20, 2))
    assert meter.work(counted) == 10 + 40


def test_own_is_what_ran_in_the_kernel() -> None:
    meter = counting.Meter(Table(), counting.Symbols(IDLE_NM))
    boot = counts((0xF0000, 7, 100), (0x100010, 5, 3), (0x100400, 11, 1))
    assert meter.own(boot).total() == 15


def test_addresses_have_names_inside_the_text_only() -> None:
    symbols = counting.Symbols(NM)
    assert symbols.at(0x100010) == symbols.at(0x1000FF) == "first"
    assert symbols.at(0x1001FF) == "mote::second(int, char)"
    assert symbols.at(0xFFFFF) == symbols.at(0x100200) == "outside the kernel"


def test_every_work_can_be_asked_for() -> None:
    assert tuple(works.BY_KEY) == bench_options.WORKS


# --- Clients: they must compile, and refuse what is wrong ---

@pytest.mark.parametrize("name", ["load", "pings"])
def test_clients_refuse_arguments_they_do_not_know(name: str, tmp_path: Path) -> None:
    clients = pytest.importorskip("clients")
    clients.compile_c(f"{name}.c", tmp_path / name)
    where = ["127.0.0.1", "9"] if name == "load" else ["127.0.0.1"]
    said = subprocess.run([tmp_path / name, *where, "nonsense=1"], text=True, capture_output=True,
                          timeout=20, check=False)
    assert said.returncode == 1
    assert json.loads(said.stdout)["error"] == "an argument that is unknown"


# --- What other programs say ---

def test_wrk_is_read_with_its_units() -> None:
    rate, latency = speed.wrk_said("""\
  Latency Distribution
     50%    1.50ms
     75%  870.00us
     99%    1.02s
  30 requests in 3.00s, 1.00MB read
Requests/sec:   8123.45
""")
    assert rate == 8123.45
    assert latency == {"50": 1500, "75": 870, "99": 1.02e6}


@pytest.mark.parametrize("trouble", ["  Socket errors: connect 0, read 1, write 0, timeout 0",
                                     "  Non-2xx or 3xx responses: 12"])
def test_wrk_in_trouble_gives_no_figure(trouble: str) -> None:
    with pytest.raises(AssertionError):
        speed.wrk_said(f"{trouble}\nRequests/sec:   8123.45\n")


def test_trace_events_are_told_apart() -> None:
    events = exits.count_events("""\
virtio_queue_notify vdev 0x55 n 1 vq 0x7f
77@1700000000.25:memory_region_ops_write cpu 0 mr 0x5 addr 0xfe value 0x1 size 2 name 'notify'
memory_region_ops_read cpu 0 mr 0x5 addr 0x608 value 0x1 size 4 name 'acpi-tmr'
virtio_notify vdev 0x55 vq 0x7f
something else
""")
    assert events == {"virtio_queue_notify": 1, "notify": 1, "acpi-tmr": 1, "virtio_notify": 1}
    assert exits.exits(events) == 2


def test_a_body_is_found_where_the_elf_is_loaded() -> None:
    headers = b"".join(
        bootable.PROGRAM_HEADER.pack(kind, 4, offset, address, address, size, size, 1)
        for kind, offset, address, size in ((bootable.PT_NULL, 0, 0, 4096),
                                            (bootable.PT_LOAD, 4096, 0x100000, 4096),
                                            (bootable.PT_LOAD, 8192, 0x200000, 4096)))
    start = bootable.ELF_HEADER.pack(b"\x7fELF", 2, 1, 1, 0, 0, 2, 62, 1, 0x100000,
                                     bootable.ELF_HEADER.size, 0, 0, bootable.ELF_HEADER.size,
                                     bootable.PROGRAM_HEADER.size, 3, 0, 0, 0)
    elf = (start + headers).ljust(8192 + 100, b"\0") + b"the body"
    assert exits.address_of(elf, b"the body") == 0x200000 + 100


# --- Budgets ---

def figure(key: str, value: float | None, note: str = "") -> Figure:
    return Figure(figures.INSTRUCTIONS, key, f"title of {key}", "instructions", value, note=note)


def test_budgets_bear_three_per_cent_either_way() -> None:
    limits = {"a": 1000.0, "b": 1000.0, "c": 1000.0}
    verdict = budgets.judge([figure("a", 1030), figure("b", 970), figure("c", 1000)], limits)
    assert verdict.holds and not verdict.below


def test_a_figure_above_its_budget_is_named() -> None:
    verdict = budgets.judge([figure("a", 1031), figure("b", 900)], {"a": 1000, "b": 1000})
    assert not verdict.holds
    assert verdict.above == {
        "a": "title of a: 1,031 instructions, 3.1 % above the budget of 1,000"}
    assert verdict.below == {"b": 900}


@pytest.mark.parametrize("measured", [[], [figure("a", None, "no lab")],
                                      [figure("a", 1), figure("new", 1)]])
def test_a_figure_without_a_budget_or_the_other_way_round_fails(measured: list[Figure]) -> None:
    assert not budgets.judge(measured, {"a": 1}).holds


def test_lowering_raises_nothing_and_is_read_back(tmp_path: Path) -> None:
    limits = {"a": 1000.0, "b": 1000.0, "c": 1000.0}
    new = budgets.lowered([figure("a", 1500), figure("b", 900.4), figure("c", 980),
                           figure("d", 5), figure("e", None)], limits)
    assert new == {"a": 1000, "b": 900.4, "c": 1000, "d": 5}
    path = tmp_path / "budgets.toml"
    path.write_text(budgets.text_of(new))
    assert budgets.read(path) == {"a": 1000, "b": 900, "c": 1000, "d": 5}


def test_the_budgets_that_are_kept_can_be_read() -> None:
    limits = budgets.read()
    assert set(limits) == set(checks.CHECKED)
    assert all(isinstance(limit, int) and limit > 1 for limit in limits.values())


def test_what_is_over_budget_is_measured_once_more_and_the_lesser_counts(
        monkeypatch: pytest.MonkeyPatch) -> None:
    measures = [[figure("a", 1100), figure("b", 1100), figure("c", 1)],
                [figure("a", 1010), figure("b", 1200)]]
    asked = []

    def measure(_: object, keys: list[str]) -> list[Figure]:
        asked.append(list(keys))
        return measures.pop(0)

    monkeypatch.setattr(checks, "measured", measure)
    monkeypatch.setattr(checks, "CHECKED", ("a", "b", "c"))
    limits = {"a": 1000.0, "b": 1000.0, "c": 1.0}
    found = checks.measure_fairly(object(), limits)
    assert asked == [["a", "b", "c"], ["a", "b"]]
    assert [one.value for one in found] == [1010, 1100, 1]
    assert list(budgets.judge(found, limits).above) == ["b"]


# --- Tables and plots ---

def test_rows_tell_the_spread_and_why_there_is_no_figure() -> None:
    several = figures.of_several(figures.BOOT, "k", "boot", "ms", [12.0, 10.0, 11.0], "a note")
    assert figures.row(several) == "             11  boot, ms  (10 to 12; a note)"
    assert figures.row(figure("k", None, "no room")).endswith("title of k: not possible: no room")
    table = figures.table([figure("a", 1234567), several, figure("b", 0.0161)])
    assert table.splitlines() == [
        figures.INSTRUCTIONS, "      1,234,567  title of a", "         0.0161  title of b", "",
        figures.BOOT, "             11  boot, ms  (10 to 12; a note)"]


def test_json_has_what_the_table_has() -> None:
    pair = SimpleNamespace(name="GET", unit="requests a second", mote=8.0, peer=2.0, ratio=4.0,
                           as_json=lambda: {"name": "GET", "ratio": 4.0})
    told = json.loads(figures.as_json([figure("a", 12.5), figure("b", None, "why")],
                                      {"nic": "e1000"}, [pair]))
    assert told["about"] == {"nic": "e1000"}
    assert told["figures"]["a"]["value"] == 12.5
    assert "value" not in told["figures"]["b"] and told["figures"]["b"]["note"] == "why"
    assert told["pairs"] == [{"name": "GET", "ratio": 4.0}]


def rects(svg: str) -> list[float]:
    return [float(rect.getAttribute("width"))
            for rect in minidom.parseString(svg).getElementsByTagName("rect")]


def test_the_plot_is_sound_and_its_bars_are_as_long_as_they_should_be() -> None:
    drawn = plot.draw([figure("get_64", 3450), figure("ping_56", 890), figure("other", 1)])
    assert "How many times less Mote needs than Linux 6.1 + nginx 1.22" in drawn and "10×" in drawn
    same, ten = rects(drawn)[::-1]
    assert same == pytest.approx(ten, rel=0.01)  # 34,500 / 3,450 and 8,900 / 890
    pairs = [SimpleNamespace(name=f"<{ratio}>", unit="s", mote=ratio, peer=1.0, ratio=ratio)
             for ratio in (0.5, 10.0, 100.0)]
    behind, shorter, longer = rects(plot.draw([], pairs))
    assert behind <= 3 and longer == pytest.approx(2 * shorter, rel=0.01)


def test_every_number_of_the_plot_fits_in_its_column() -> None:
    assert [plot.short(value) for value in (0.0161, 576.4, 113_040, 561_757_752, 7_124_456)] == [
        "0.0161", "576", "113,040", "562 million", "7.12 million"]


@pytest.mark.parametrize(("most", "last"), [(1, 1), (1.5, 2), (2.1, 5), (7, 10), (60, 100)])
def test_ticks_reach_the_longest_bar(most: float, last: int) -> None:
    assert plot.ticks(most)[-1] == last
