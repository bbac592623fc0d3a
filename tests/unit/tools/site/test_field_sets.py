"""Header rules for what the firmware composes: errors, redirects by prefix, OPTIONS, endpoints."""

import random
from pathlib import Path

import pytest
from packs import Pack, packed, refusal, write_site

from tools.site.config import parse_settings
from tools.site.field_sets import automaton
from tools.site.policy import Pattern


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site", {
        "index.html": "<p>hello", "404.html": "<p>nothing here", "guide/index.html": "<p>guide"})


def packed_with(site: Path, text: str) -> Pack:
    return packed(site, parse_settings(text, "mote.toml"))


RULES = """
    [[http.headers]]
    match = "/*"
    set = { "X-Frame-Options" = "DENY", "X-A" = "1", "X-C" = "0" }
    [[http.headers]]
    match = "/api/*"
    set = { "x-frame-options" = "", "Access-Control-Allow-Origin" = "*" }
    [[http.headers]]
    match = "*.html"
    set = { "X-C" = "3", "Content-Type" = "text/html" }
    [[http.headers]]
    match = "*.json"
    set = { "X-A" = "4" }
    """


def test_rules_count_at_paths_where_nothing_is(site: Path) -> None:
    """A script reads a 404 of another origin only if that lets it (Fetch, 4.10)."""
    pack = packed_with(site, RULES)
    assert pack.lines("/nothing") == ["X-Frame-Options: DENY", "X-A: 1", "X-C: 0"]
    assert pack.lines("/api/nothing") == ["X-A: 1", "X-C: 0", "Access-Control-Allow-Origin: *"]
    assert pack.lines("/api/x.json") == ["X-A: 4", "X-C: 0", "Access-Control-Allow-Origin: *"]
    assert pack.lines("/healthz") == pack.lines("/nothing")
    assert pack.lines("") == [], "a request without a path that can be read"


def test_an_error_page_has_what_its_own_path_has_too(site: Path) -> None:
    pack = packed_with(site, RULES)
    assert pack.lines("/nothing", 404) == ["X-Frame-Options: DENY", "X-A: 1", "X-C: 3"]
    assert pack.lines("/x.json", 404) == ["X-Frame-Options: DENY", "X-A: 4", "X-C: 3"]
    assert pack.lines("", 404) == ["X-Frame-Options: DENY", "X-A: 1", "X-C: 3"]


def test_what_is_there_counts_by_all_its_paths(site: Path) -> None:
    """405 and 412 of a folder's index, too."""
    pack = packed_with(site, RULES)
    assert pack.lines("/guide/") == ["X-Frame-Options: DENY", "X-A: 1", "X-C: 3"]
    assert pack.lines("/guide/other/") == ["X-Frame-Options: DENY", "X-A: 1", "X-C: 0"]


def test_preflights(site: Path) -> None:
    """Fetch, 3.3.3: what OPTIONS says where a rule lets other origins in."""
    pack = packed_with(site, RULES)
    assert pack.preflight("/nothing") == pack.lines("/nothing")
    assert pack.preflight("/api/x") == [
        *pack.lines("/api/x"), "Access-Control-Allow-Methods: GET, HEAD",
        "Access-Control-Max-Age: 3600"]
    assert {echoes for *_, echoes in pack.field_sets} == {0, 1}
    pack = packed_with(site, RULES + """
        [[http.headers]]
        match = "/*"
        set = { access-control-max-age = "5", "Access-Control-Allow-Headers" = "Range" }
        """)
    assert pack.preflight("/api/x")[-3:] == [
        "access-control-max-age: 5", "Access-Control-Allow-Headers: Range",
        "Access-Control-Allow-Methods: GET, HEAD"]
    assert {echoes for *_, echoes in pack.field_sets} == {0}


def test_without_rules_there_are_no_patterns(site: Path) -> None:
    pack = packed(site)
    assert pack.words == [] and pack.field_sets == [] and pack.lines("/nothing") == []


def test_an_automaton_does_what_patterns_do() -> None:
    chosen = random.Random(1)
    for _ in range(500):
        patterns = ["".join(chosen.choices("/ab*.", k=chosen.randint(1, 8)))
                    for _ in range(chosen.randint(1, 5))]
        classes, states = automaton([pattern.encode() for pattern in patterns])
        for _ in range(20):
            path = "".join(chosen.choices("/abcé.", k=chosen.randint(0, 12))).encode()
            state = 0
            for byte in path:
                state = states[state][1][classes[byte]]
            assert states[state][0] == sum(1 << number for number, pattern in enumerate(patterns)
                                           if Pattern(pattern).matches(path)), (patterns, path)


def test_many_rules_for_a_path_each(tmp_path: Path) -> None:
    """As generators write them, one for each file: where the file is, no pattern is needed."""
    paths = [f"/some/folder/of/pages/{number * 7919 % 10007:05}/page.css" for number in range(900)]
    site = write_site(tmp_path / "site", {path[1:]: "" for path in paths})
    rules = "".join(f"[[http.headers]]\nmatch = '{path}'\nset = {{ X-A = '{number}' }}\n"
                    for number, path in enumerate([*paths, "/gone.css"]))
    pack = packed_with(site, rules)
    assert len(pack.words) < 1000
    assert pack.lines(paths[123]) == ["X-A: 123"] and pack.lines(paths[123] + "x") == []
    assert pack.lines("/gone.css") == ["X-A: 900"]


def test_patterns_that_multiply_are_refused(site: Path) -> None:
    text = "".join(f"[[http.headers]]\nmatch = '*/{number}a*'\nset = {{ X-{number} = '1' }}\n"
                   for number in range(20))
    assert "overlap in too many ways" in refusal(site, parse_settings(text, "mote.toml"))


def test_more_states_and_groups_than_a_word_counts_are_refused(tmp_path: Path) -> None:
    """16 letters that may each be there or not: 65,536 of both."""
    site = write_site(tmp_path / "site", {"index.html": "<p>hello"})
    text = "".join(f"[[http.headers]]\nmatch = '*{letter}*'\nset = {{ X-{letter} = '1' }}\n"
                   for letter in "abcdefghijklmnop")
    assert "overlap in too many ways" in refusal(site, parse_settings(text, "mote.toml"))
