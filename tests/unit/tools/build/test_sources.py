"""The list of sources."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def test_configure_names_a_source_that_is_not_there(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "tools/build").mkdir(parents=True)
    for name in ("configure.py", "build.ninja.in", "tools/build/lwip_series.py",
                 "tools/build/host_programs.py", "tools/build/sources.py"):
        shutil.copy(ROOT / name, copy / name)
    shown = subprocess.run([sys.executable, copy / "configure.py"], text=True, capture_output=True,
                           check=False, timeout=60)
    assert shown.returncode == 1
    assert re.fullmatch(
        r"configure.py: \S+ is listed in tools/build/sources.py and does not exist\n",
        shown.stderr)
