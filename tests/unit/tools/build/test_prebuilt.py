"""A release: what it says of itself, and what it refuses."""

from pathlib import Path

import pytest

from tools.base.errors import UserError
from tools.build import ninja, prebuilt, version


def test_a_checkout_is_no_release() -> None:
    assert not prebuilt.RELEASED and prebuilt.firmware_folder() == prebuilt.ROOT / "build"
    for command in prebuilt.NEED_SOURCES:
        prebuilt.refuse_without_sources(command)


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(prebuilt, "RELEASED", True)
    monkeypatch.setattr(prebuilt, "FOLDER", tmp_path)
    prebuilt.facts.cache_clear()
    yield tmp_path
    prebuilt.facts.cache_clear()


def test_it_builds_nothing_and_takes_no_lwip(released: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ninja, "build", lambda *_: pytest.fail("built"))
    assert ninja.needs() == {} and prebuilt.firmware_folder() == released
    ninja.provide_firmware(None)
    with pytest.raises(UserError, match="needs a source checkout"):
        ninja.provide_firmware(Path("/x"))


def test_it_tells_its_commit(released: Path) -> None:
    (released / prebuilt.FACTS).write_text('{"commit": "abcdef0", "version": "1.2.3"}')
    assert version.commit() == "abcdef0"


def test_a_damaged_one_is_told(released: Path) -> None:
    with pytest.raises(RuntimeError, match="release.json: .*; unpack or install Mote again"):
        prebuilt.commit()


@pytest.mark.parametrize("command", prebuilt.NEED_SOURCES)
def test_what_needs_sources_is_refused(released: Path, command: str) -> None:
    with pytest.raises(UserError, match=f"^{command}: needs a source checkout"):
        prebuilt.refuse_without_sources(command)
