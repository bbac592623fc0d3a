"""docs/configuration.md: every key is there, and every example is taken as it stands."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packs import packed, write_site

from tools.site import config, http_config
from tools.site.config import read_settings
from tools.site.config_document import Document

ROOT = Path(__file__).resolve().parents[4]
TEXT = (ROOT / "docs/configuration.md").read_text()
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.M | re.S)
PLAIN = {f"{table}.{key}" for table, keys in config.PLAIN_TABLES.items() for key in keys}


def keys_of(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict) and f"{prefix}{key}" != "http.headers.set":
                yield from keys_of(entry, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}"


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_taken(example: str, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site", {
        "index.html": "<p>hello", "404.html": "<p>nothing", "errors/busy.html": "<p>busy",
        "about.html": "<p>about", "embed/index.html": "<p>", "downloads/a.pdf": "%PDF"})
    write_site(tmp_path / "sites", {"a/index.html": "a", "b/index.html": "b"})
    (tmp_path / "mote.toml").write_text(example)
    settings = read_settings(tmp_path / "mote.toml")
    pack = packed(site, settings)
    assert pack.settings() == settings.blob()
    assert pack.sites == 1 + len(tomllib.loads(example).get("http", {}).get("site", []))


def test_every_key_has_an_example() -> None:
    shown = {key for example in EXAMPLES for key in keys_of(tomllib.loads(example))}
    keys = {*config.TOP, *PLAIN,
            *(f"network.{key}" for key in config.NETWORK), "network.interface.match",
            *(f"network.interface.{key}" for key in config.INTERFACE)}
    rows = {"cache": ("match", "control"), "headers": ("match", "set"),
            "redirect": ("from", "to", "status"), "site": ("hosts", "root"),
            "error_pages": ("404", "503")}
    for key in {*http_config.LINES, *http_config.HttpReader(Document("", "mote.toml")).readers}:
        keys.update(f"http.{key}.{row}" for row in rows[key]) if key in rows else \
            keys.add(f"http.{key}")
    assert shown == keys


def test_the_first_example_is_the_defaults() -> None:
    """What it says of keys that the machine reads must be what the machine does without it."""
    settings = config.parse_settings(EXAMPLES[0], "mote.toml")
    plain = config.parse_settings("", "mote.toml")
    assert (settings.index, settings.clean_urls, settings.endpoints) == (
        plain.index, plain.clean_urls, plain.endpoints)
    assert set(settings.compress) == set(plain.compress)
    assert settings.error_pages == {404: "404.html"}


def test_the_table_of_boot_time_keys_is_whole() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|.*\| (.*) \|$", TEXT.split("## When the machine boots")[1],
                      re.M)
    assert {key for key, _ in rows} == {
        *config.TOP, *PLAIN,
        *(f"network.{key}" for key in config.NETWORK),
        *(f"network.N.{key}" for key in config.INTERFACE),
        *(f"http.{key}" for key in http_config.LINES)}


def test_the_error_statuses_are_all_told() -> None:
    told = TEXT.split("Statuses that the server answers with:")[1].split(". Of")[0]
    assert [int(number) for number in re.findall(r"\d{3}", told)] == list(http_config.ERRORS)
