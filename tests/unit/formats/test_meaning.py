"""Mote's readers against Python's: what both accept means the same, and nothing is accepted that
Python's refuses. The documents are made at random, always the same ones."""

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from documents import Maker

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [ROOT / "tests/unit/formats/canonical.cpp",
           *(ROOT / f"formats/{name}.cpp"
             for name in ("json", "reader", "toml", "yaml", "yaml_text"))]
DOCUMENTS = 6000

# Complaints of our readers about documents that Python's readers accept.
ONLY_OURS = {
    "json": {"a duplicate key", "an escape that isn't a character"},
    "yaml": {"a duplicate key", "a key without a colon and a space on its line",
             "a comma or the end of the list or map is missing", "a merge key ('<<')",
             "an anchor ('&')", "a tag ('!')", "a complex key ('?'), or quotes are needed",
             "text behind a value", "a value that needs quotes", "more than one document",
             "a control character", "an unknown escape", "an escape that isn't a character"},
    "toml": {"not a string, whole decimal number, true or false", "a key without '='"},
}


@pytest.fixture(scope="module")
def canonical(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that says what a document means to Mote."""
    out = tmp_path_factory.mktemp("formats") / "canonical"
    subprocess.run(["clang++-19", "-std=c++23", "-O1", "-fsanitize=address,undefined",
                    "-fno-sanitize-recover=all", f"-I{ROOT}", *SOURCES, "-o", out],
                   check=True, timeout=300)
    return out


def meanings(program: Path, format_name: str, documents: list[bytes]) -> list[str]:
    text = b"".join(b"%d\n" % len(document) + document for document in documents)
    said = subprocess.run([program, format_name], input=text, capture_output=True, check=True,
                          timeout=300).stdout.decode().splitlines()
    assert len(said) == len(documents)
    return said


def digits(text: str) -> str:
    return text.encode(errors="surrogatepass").hex()


class Number(str):
    """A number of JSON's as it is written."""


def written(value: object) -> str:
    """A value of Python's as canonical.cpp would write it."""
    if value is None:
        return "n"
    if isinstance(value, bool | int | Number):
        return "p" + digits(str(value).lower() if isinstance(value, bool) else str(value))
    if isinstance(value, str):
        return "s" + digits(value)
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    assert isinstance(value, dict), "a date or a number with a point"
    return "{" + ",".join(f"{digits(key)}:{written(part)}" for key, part in value.items()) + "}"


def of_json(text: str) -> str:
    def refuse(word: str) -> None:
        raise ValueError(word)
    return written(json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse))


def of_toml(text: str) -> str:
    return written(tomllib.loads(text))


def of_yaml(text: str) -> str:
    return of_node(yaml.compose(text, Loader=yaml.BaseLoader))


def of_node(node: yaml.Node | None) -> str:
    if node is None:
        return "n"
    if isinstance(node, yaml.ScalarNode):
        if node.style:
            return "s" + digits(node.value)
        return "n" if node.value in ("", "~", "null", "Null", "NULL") else "p" + digits(node.value)
    if isinstance(node, yaml.SequenceNode):
        return "[" + ",".join(map(of_node, node.value)) + "]"
    return "{" + ",".join(f"{of_key(key)}:{of_node(part)}" for key, part in node.value) + "}"


def of_key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError("a list or a map as a key")
    return digits(node.value)


def theirs(read: Callable[[str], str], document: bytes) -> str | None:
    """What Python's reader makes of it; None if it refuses."""
    try:
        return read(document.decode())
    except (ValueError, yaml.YAMLError, AssertionError):
        return None


@pytest.mark.parametrize(("format_name", "read"), [
    ("json", of_json), ("yaml", of_yaml), ("toml", of_toml)])
def test_documents_mean_the_same(canonical: Path, format_name: str,
                                 read: Callable[[str], str]) -> None:
    documents = Maker(20261130).documents(format_name, DOCUMENTS)
    both = 0
    for document, ours in zip(documents, meanings(canonical, format_name, documents), strict=True):
        expected = theirs(read, document)
        if ours.startswith("!"):
            fault = ours.partition(" ")[2]
            assert expected is None or fault in ONLY_OURS[format_name], (document, ours, expected)
        else:
            assert ours == expected, document
            both += 1
    assert both > DOCUMENTS / 6
