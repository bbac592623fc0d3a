"""For the tests in all folders: guard.py and needs.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import guard  # noqa: E402
import needs  # noqa: E402


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    for plugin in (guard, needs):
        pluginmanager.register(plugin)
