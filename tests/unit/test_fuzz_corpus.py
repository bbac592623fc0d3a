"""Runs each fuzzer once over its corpus: all that it ever found still holds."""

import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.command_line import fuzz  # noqa: E402

NAMES = sorted(path.stem.removesuffix("_fuzzer")
               for path in (ROOT / "tests/fuzz").glob("*_fuzzer.cpp"))


def test_each_fuzzer_has_a_corpus() -> None:
    assert NAMES == sorted(fuzz.FUZZERS)
    assert NAMES == sorted(folder.name for folder in fuzz.CORPUS.iterdir())


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in fuzz.CORPUS.rglob("*") if path.is_file()) < 200_000


def run_once(name: str, inputs: Path, scratch: Path) -> None:
    """A fuzzer over a folder, without any mutation."""
    program = fuzz.PROGRAMS / f"{name}_fuzzer"
    assert program.exists(), f"{program} is not built: ninja fuzzers"
    result = subprocess.run(
        [program, "-runs=0", "-timeout=60", f"-artifact_prefix={scratch}/", inputs],
        text=True, capture_output=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
    ran = re.search(r"#(\d+)\s+DONE", result.stderr)
    assert ran and int(ran[1]) >= len(list(inputs.iterdir())) > 0, result.stderr[-4000:]


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.needs(f"build/fuzz/{name}_fuzzer")) for name in NAMES])
def test_corpus(name: str, tmp_path: Path) -> None:
    run_once(name, fuzz.CORPUS / name, tmp_path)


@pytest.mark.needs("build/fuzz/life_fuzzer")
@pytest.mark.parametrize("machine", fuzz.MACHINES["life"], ids=" ".join)
def test_lives(machine: tuple[str, ...], tmp_path: Path) -> None:
    """A minute, over all machines, of lives that only begin as those in the corpus do."""
    new = tmp_path / "new"
    new.mkdir()
    seconds = 60 // len(fuzz.MACHINES["life"])
    result = subprocess.run(
        [fuzz.PROGRAMS / "life_fuzzer", f"-max_total_time={seconds}", "-timeout=120",
         f"-max_len={fuzz.LONGEST['life']}", f"-artifact_prefix={tmp_path}/", *machine,
         new, fuzz.CORPUS / "life"], text=True, capture_output=True, timeout=500, check=False)
    found = [path.read_bytes().hex() for path in tmp_path.iterdir() if path.is_file()]
    assert result.returncode == 0, f"{result.stderr[-4000:]}\ninput: {found}"


@pytest.mark.needs("fuzzers")
def test_cases_of_the_conformance_suite(tmp_path: Path) -> None:
    made = tmp_path / "seeds"
    subprocess.run([sys.executable, ROOT / "tests/fuzz/make_seeds.py", made], check=True,
                   timeout=60)
    for folder in sorted(made.iterdir()):
        run_once(folder.name, folder, tmp_path)


# --- ./mote fuzz ---

@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Namespace]:
    """Makes a fuzzer of a line of shell, and the options to run it for five seconds."""
    monkeypatch.setattr(fuzz, "PROGRAMS", tmp_path)
    monkeypatch.setattr(fuzz, "ROOT", tmp_path)

    def make(line: str) -> Namespace:
        program = tmp_path / "pack_fuzzer"
        program.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/arguments\n{line}\n")
        program.chmod(0o755)
        return fuzz.parser().parse_args(["pack", "5"])
    return make


def test_nothing_found_is_status_0(stand_in: Callable[[str], Namespace], tmp_path: Path) -> None:
    assert fuzz.run(stand_in("exit 0")) == 0
    said = (tmp_path / "arguments").read_text().split()
    assert {"-max_total_time=5", f"-artifact_prefix={tmp_path}/pack-"} <= set(said)
    assert said[-2:] == [str(tmp_path / "pack"), str(fuzz.CORPUS / "pack")]


def test_what_is_found_is_named(stand_in: Callable[[str], Namespace], tmp_path: Path) -> None:
    """Also where the same input was found before."""
    options = stand_in(f"echo 1 > {tmp_path}/pack-crash-1; exit 77")
    (tmp_path / "pack-crash-0").write_text("of another run")
    for _ in range(2):
        with pytest.raises(RuntimeError, match=f"it fails with {tmp_path}/pack-crash-1; again "
                           "with: pack_fuzzer pack-crash-1$"):
            fuzz.run(options)


def test_a_fuzzer_that_cannot_run_is_told(stand_in: Callable[[str], Namespace]) -> None:
    with pytest.raises(RuntimeError, match="status 1, see above, and left no input"):
        fuzz.run(stand_in("exit 1"))
