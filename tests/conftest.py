"""For tests of all folders: guard.py, needs.py, and what lies beside them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import guard  # noqa: E402
import needs  # noqa: E402


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    for plugin in (guard, needs):
        pluginmanager.register(plugin)
