"""compile_commands.json: whole, and each source once, as its own kind of program has it."""

import json
from pathlib import Path

import configure
from tools.build import compile_commands

ROOT = Path(__file__).resolve().parents[4]


def test_every_source_is_there_once_as_its_own_kind(tmp_path: Path) -> None:
    ninja_file = ROOT / "build.ninja"
    out = tmp_path / "compile_commands.json"
    assert compile_commands.main(["--ninja-file", str(ninja_file), "-o", str(out)]) == 0
    found = json.loads(out.read_text())
    outputs = {entry["file"]: entry["output"] for entry in found}
    assert len(outputs) == len(found)
    listed = [source for source in configure.all_sources() if source.endswith(".cpp")]
    assert set(listed) <= set(outputs)
    for source in listed:
        kind = "fuzz" if source.startswith("tests/fuzz/") else \
            "bench" if source.startswith(("tests/bench/", "tests/siege/")) else \
            "test" if source.startswith("tests/") else "obj"
        assert outputs[source].endswith(f"build/{kind}/{source}.o"), source


def test_the_first_entry_of_a_file_counts() -> None:
    entries = [{"file": "a", "output": "1"}, {"file": "b", "output": "2"},
               {"file": "a", "output": "3"}]
    assert compile_commands.once(entries) == entries[:2]
