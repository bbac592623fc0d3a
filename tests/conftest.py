"""For tests of all folders: what guard.py has."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from guard import *  # noqa: E402, F403
