"""The lines of ./mote bench --far, and the choice among them."""

import pytest

from tools.command_line import bench_options, far_lines
from tools.command_line.far_lines import Line, choose


def test_without_a_word_it_is_the_usual_lines_at_all_sizes() -> None:
    choice = choose([])
    assert choice.lines == far_lines.USUAL and choice.sizes == ("14K", "100K", "1M", "16M")
    assert choice.rounds == 3 and not choice.fairness


def test_the_matrix_has_each_line_once() -> None:
    lines = choose(["full"]).lines
    assert len(lines) == len(set(lines)) == 4 * 4 * 3 * 3


def test_values_choose_from_the_matrix_and_may_be_others() -> None:
    lines = choose(["rtt=80,33", "loss=1", "rate=0,100", "queue=0.5,4"]).lines
    assert {line.rtt for line in lines} == {80, 33} and {line.loss for line in lines} == {1}
    with_rate = [line for line in lines if line.rate]
    assert len(with_rate) == 4 and len(lines) - len(with_rate) == 2, "no rate, no queue"
    burst, = choose(["rtt=5", "loss=0", "rate=10", "queue=1", "burst=0.5"]).lines
    assert burst == Line(rtt=5, rate=10, burst=0.5)


def test_words_add_up() -> None:
    choice = choose(["rough", "usual", "fairness", "size=1M,14K", "rounds=1"])
    assert choice.lines == (*far_lines.ROUGH, *far_lines.USUAL)
    assert choice.sizes == ("1M", "14K") and choice.rounds == 1 and choice.fairness
    assert choose(["fairness"]).lines == ()


@pytest.mark.parametrize("word", ["fast", "rtt", "rtt=", "rtt=80,", "rtt=-1", "loss=x", "rate=inf",
                                  "rtt=nan", "size=2M", "size=", "rounds=0", "=1", "seed=1"])
def test_what_is_not_understood_is_refused_by_name(word: str) -> None:
    with pytest.raises(ValueError, match=f"^{word}: "):
        choose(["usual", word])


def test_the_option_refuses_before_anything_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench_options.parser().parse_args(["--far", "rtt=fast"])
    assert "--far: rtt=fast: fast is no number" in capsys.readouterr().err
    assert bench_options.parser().parse_args([]).far is None
    assert bench_options.parser().parse_args(["--far"]).far == []
    assert bench_options.parser().parse_args(["--far", "full", "--json", "f"]).far == ["full"]


def test_a_line_is_told_to_the_emulator_in_its_units() -> None:
    words = Line(rtt=80, loss=1, rate=100, queue=0.1, reorder=2).words(seed=7)
    assert words == ["delay_us=40000", "seed=7", "loss=0.01", "mbit=100", "queue=100000",
                     "reorder=0.02", "reorder_us=10000"]
    assert Line(rate=0, burst=0.1, duplicate=5).words(1) == [
        "delay_us=40000", "seed=1", "loss=0", "burst_start=0.001", "burst_frames=8",
        "duplicate=0.05"]
    assert Line(mark=0.5).words(1) == ["delay_us=40000", "seed=1", "loss=0", "mbit=100",
                                       "queue=1000000", "mark=500000"]


def test_the_shortest_queue_has_room_for_more_than_one_frame() -> None:
    assert Line(rtt=5, rate=10, queue=0.1).queue_bytes() == 3 * 1514
    assert Line(rtt=200, rate=1000, queue=4).queue_bytes() == 100_000_000


def test_titles_tell_lines_apart() -> None:
    lines = [*far_lines.USUAL, *far_lines.ROUGH, Line(queue=4), Line(rtt=5), Line(mark=0.5)]
    assert len({line.title() for line in lines}) == len(lines)
    assert Line(loss=0.1, queue=4).title() == "80 ms, 0.1 %, 100 Mbit/s, queue 4"
