"""./mote run: ports, QEMU's complaints, the network that suits a machine's address."""

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from front_door import mote

from tools.base.errors import UserError
from tools.command_line import run
from tools.site.config import Settings


def test_a_taken_port_is_seen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not run.is_free(port)
    assert run.is_free(port)


@pytest.mark.needs("image")
def test_a_qemu_that_complains_is_one_line_and_status_1() -> None:
    shown = mote("run", "--nic", "no-such-card")
    assert shown.returncode == 1
    assert shown.stderr.startswith("mote: ") and shown.stderr.count("\n") == 1
    assert "no-such-card" in shown.stderr and "http://" not in shown.stdout


def test_qemus_words_in_pieces_become_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show = run.Complaints()
    for piece in (b"qemu-system-x86_64:", b" -m 0: too ", b"small\nqemu-system-x86_64: end\n"):
        show(piece)
    assert capsys.readouterr().err == "mote: -m 0: too small\nmote: end\n"
    with pytest.raises(run.PortTaken):
        show(b"qemu-system-x86_64: Could not set up host forwarding rule 'tcp'\n")


@pytest.mark.parametrize(("lines", "options", "guest"), [
    ((), "", ""),
    (("network.0.address=dhcp",), "", ""),
    (("network.0.address=192.0.2.10/24", "network.0.gateway=192.0.2.1"),
     "net=192.0.2.0/24,host=192.0.2.1,dns=192.0.2.2,dhcpstart=192.0.2.3,", "192.0.2.10"),
    (("network.0.address=192.0.2.1/24",),
     "net=192.0.2.0/24,host=192.0.2.2,dns=192.0.2.3,dhcpstart=192.0.2.4,", "192.0.2.1"),
    (("network.0.address=10.0.0.5/8", "network.0.gateway=10.1.0.1"),
     "net=10.0.0.0/15,host=10.1.0.1,dns=10.0.0.1,dhcpstart=10.0.0.2,", "10.0.0.5"),
    (("network.0.address=192.0.2.8/31",),
     "net=192.0.2.0/24,host=192.0.2.9,dns=192.0.2.1,dhcpstart=192.0.2.2,", "192.0.2.8"),
    (("network.0.address=10.0.0.5/24", f"network.{run.QEMU_MAC}.address=dhcp"), "", ""),
    (("network.52:54:00:00:00:01.address=10.0.0.5/24",), "", "")])
def test_the_network_fits_the_machines_address(lines: tuple[str, ...], options: str,
                                               guest: str) -> None:
    assert run.user_network(Settings(lines=lines), run.mac_of("virtio-net-pci")) == (options, guest)


def test_a_gateway_that_qemu_cannot_be_is_refused() -> None:
    far = Settings(lines=("network.0.address=203.0.113.5/32", "network.0.gateway=10.1.0.1"))
    with pytest.raises(UserError, match="too far"):
        run.user_network(far, run.QEMU_MAC)


def test_the_nics_own_address_is_heeded() -> None:
    assert run.mac_of("e1000,mac=52:54:00:AB:CD:EF,id=a") == "52:54:00:ab:cd:ef"


def test_uefi_gets_variables_of_its_own_and_more_memory(tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "UEFI_VARIABLES", tmp_path / "template")
    run.UEFI_VARIABLES.write_bytes(b"variables")
    site = tmp_path / "site.pack"
    site.write_bytes(bytes(2 << 20))
    options = run.RunOptions(boot="uefi")
    words = run.boot_words(options, tmp_path / "a,b.efi")
    assert words[:2] == ["-kernel", str(tmp_path / "a,b.efi")]
    assert words[3].startswith(f"file={run.UEFI_CODE},") and "readonly=on" in words[3]
    assert words[5] == f"file={tmp_path}/variables.fd,format=raw,if=pflash"
    assert (tmp_path / "variables.fd").read_bytes() == b"variables"
    assert run.memory_for(options, SimpleNamespace(path=site)) == run.UEFI_MEMORY_MIB + 6
    assert run.memory_for(run.RunOptions(boot="bios"), SimpleNamespace(path=site)) == 66
    assert run.memory_for(run.RunOptions(boot="uefi", memory=99), SimpleNamespace(path=site)) == 99
