"""What other people's checkers say of the guides' files: libvirt's, systemd's, keepalived's."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import IN_CI, Bench
from deploy_pages import Run, blocks
from lab import ENVIRONMENT
from tools.base import setup

pytestmark = [pytest.mark.interop, pytest.mark.needs("image")]


def needed(*programs: str) -> None:
    for program in programs:
        if not setup.which(program):
            reason = f"{program} is not here; ./mote test --interop installs it"
            pytest.fail(reason) if IN_CI else pytest.skip(reason)


def said(result: "subprocess.CompletedProcess[str]") -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_virt_install_makes_valid_domains(tmp_path: Path) -> None:
    """By libvirt's test driver, which needs no daemon; the domains are as its schema wants them."""
    needed("virt-install", "virt-xml-validate")
    run = Run("libvirt", tmp_path)
    calls = run.calls_of("virt-install")
    assert len(calls) == 4
    home = ENVIRONMENT | {"HOME": str(tmp_path)}
    for number, words in enumerate(calls):
        made = said(subprocess.run(
            ["virt-install", "--connect", "test:///default", "--print-xml", *words[1:]],
            cwd=run.work, env=home, text=True, capture_output=True, timeout=120, check=False,
            stdin=subprocess.DEVNULL))
        domain = run.work / f"{number}.xml"
        domain.write_text(re.search(r"(?s)<domain.*?</domain>", made)[0])
        assert "org.qemu.guest_agent.0" in domain.read_text()
        said(subprocess.run(["virt-xml-validate", domain, "domain"], env=home, text=True,
                            capture_output=True, timeout=60, check=False))


def block(page: str, name: str, folder: Path) -> Path:
    path = folder / name
    path.write_text(next(one.text for one in blocks(page) if one.name == name))
    return path


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    needed("systemd-analyze")
    block("qemu", "mote@.service", tmp_path)
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", "./mote@web1.service"],
                            cwd=tmp_path, text=True, capture_output=True, timeout=60, check=False)
    assert "mote@" not in said(result) + result.stderr


def test_systemd_can_refuse_it(tmp_path: Path) -> None:
    needed("systemd-analyze")
    unit = block("qemu", "mote@.service", tmp_path)
    unit.write_text(unit.read_text().replace("Restart=on-failure", "Restart=on-tuesdays"))
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", "./mote@web1.service"],
                            cwd=tmp_path, text=True, capture_output=True, timeout=60, check=False)
    assert "on-tuesdays" in result.stderr


def test_keepalived_accepts_its_file(bench: Bench, tmp_path: Path) -> None:
    needed("keepalived")
    path = block("load-balancing", "keepalived.conf", tmp_path)
    text = path.read_text().replace("interface eth0", "interface mote0")  # the lab's
    wire = bench.lab.tap()
    for content, status in ((text, 0), (text.replace("advert_int", "advert_every"), 5)):
        path.write_text(content)
        tested = bench.lab.run("keepalived", "--config-test", "--use-file", str(path), check=False)
        assert tested.returncode == status, tested.stdout + tested.stderr
    os.close(wire)
