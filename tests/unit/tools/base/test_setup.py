"""What is missing is installed, with apt's first error as ours, and no service started."""

import os
import subprocess
from pathlib import Path

import pytest

from tools.base import setup, terminal
from tools.base.errors import UserError


def test_present_tools_are_not_asked_for() -> None:
    assert setup.missing({"python3": "python3", "passwd": "/etc/passwd"}) == []


def test_missing_tools_are_told_with_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match=r"sudo apt-get install -y --no-install-recommends a b$"):
        setup.provide({"b": "no-such-command"}, {"a": "/no/such/file", "python3": "python3"})


def test_apts_first_error_becomes_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Said by a script that stands for apt-get, and sees how it is called."""
    stand_in = tmp_path / "apt-get"
    stand_in.write_text(f"""#!/bin/sh
echo "$@" > {tmp_path}/arguments
echo "Reading package lists..."
echo "E: Unable to locate package porridge" >&2
echo "E: No package was found" >&2
exit 100
""")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RuntimeError) as error:
        setup.apt(["apt-get", "install", "porridge"], terminal.Progress("nothing"))
    assert str(error.value) == "apt-get install failed: Unable to locate package porridge"
    assert (tmp_path / "arguments").read_text().endswith(" install porridge\n")


def test_apts_status_lines_become_progress() -> None:
    assert setup.step("pmstatus:nasm:42.8571:Installing nasm (amd64)\n") == \
        "install 42 %: Installing nasm (amd64)"
    assert setup.step("Reading package lists...\n") == ""


def test_services_stay_down_while_packages_are_installed(monkeypatch: pytest.MonkeyPatch,
                                                         tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(setup, "POLICY", policy)
    with pytest.raises(RuntimeError), setup.services_kept_down():
        assert subprocess.run([policy, "nginx", "start"], check=False,
                              timeout=60).returncode == 101
        raise RuntimeError("apt failed")
    assert not policy.exists()
    policy.write_text("the administrator's own")
    with setup.services_kept_down():
        pass
    assert policy.read_text() == "the administrator's own"
