"""Runs each fuzzer once over its corpus: all that it ever found still holds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools import fuzz  # noqa: E402

NAMES = sorted(path.stem.removesuffix("_fuzzer")
               for path in (ROOT / "tests/fuzz").glob("*_fuzzer.cpp"))


def test_each_fuzzer_has_a_corpus() -> None:
    assert NAMES == sorted(fuzz.LONGEST)
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


@pytest.mark.parametrize("name", NAMES)
def test_corpus(name: str, tmp_path: Path) -> None:
    run_once(name, fuzz.CORPUS / name, tmp_path)


def test_cases_of_the_conformance_suite(tmp_path: Path) -> None:
    made = tmp_path / "seeds"
    subprocess.run([sys.executable, ROOT / "tests/fuzz/make_seeds.py", made], check=True,
                   timeout=60)
    for folder in sorted(made.iterdir()):
        run_once(folder.name, folder, tmp_path)
