"""For the tests in all folders: guard.py and needs.py."""

import sys
from pathlib import Path

import pytest

# Byte code is kept out of the tree, and kept: pytest would compile 60 files anew in each process.
sys.pycache_prefix = str(Path(__file__).resolve().parents[1] / "build/pycache")
sys.dont_write_bytecode = False

sys.path.insert(0, str(Path(__file__).parent))

import guard  # noqa: E402
import needs  # noqa: E402


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    for plugin in (guard, needs):
        pluginmanager.register(plugin)
