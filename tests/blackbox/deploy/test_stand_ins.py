"""The stand-ins can fail: each kind of mistake in a command line is refused and not recorded."""

import gzip
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

import image_checks
import manifest_checks
from deploy_pages import blocks
from image_checks import Wrong
from stand_in import Checker, commands, run

GIBIBYTE = 1 << 30


@pytest.fixture
def checker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checker:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made").write_text("vm 9000\ntap tap0\nserver builder\nimage 4711\n")
    sector = bytearray(512)
    sector[446:450], sector[510:512] = b"\x80\1\1\1", b"\x55\xaa"
    (tmp_path / "site.img").write_bytes(sector)
    (tmp_path / "site.img.gz").write_bytes(gzip.compress(sector))
    (tmp_path / "site.qcow2").write_bytes(b"QFI\xfb")
    return Checker(tmp_path)


ACCEPTED = [
    "qm importdisk 9000 site.qcow2 local-lvm", "qm clone 9000 101 --name web1 --full=1",
    "qm create 101 --net0 virtio,bridge=vmbr0,tag=7", "ip link set tap0 up",
    "doctl compute droplet create a b --image 4711 --size s-1", "govc vm.power -on=true 9000",
    "scw instance server create type=DEV1-S image=22222222-2222-4222-8222-222222222222",
    "linode-cli image-upload --label a --region b site.img.gz",
    "vultr-cli snapshot create-url --url https://files.example.com/site.img --uefi",
]

REFUSED = {
    "qm frobnicate 9000": "unknown command",
    "frobnicate": "unknown command",
    "qm set 9000 --frobnicate 1": "unknown option",
    "qm set 9000 --frobnicate=1": "unknown option",
    "govc vm.power -frobnicate 9000": "unknown option",
    "scw instance server create type=a image=b colour=red": "unknown option",
    "qm set 9000 --agent": "its value",
    "hcloud server reset builder --now": "unknown option",
    "systemctl enable --now=yes mote@web1": "its value",
    "qm set 9000 --agent 7": "is none of",
    "qm create 101 --memory lots": "is no number",
    "qm create 101 --net0 rtl8139,bridge=vmbr0": "is none of",
    "qm create 101 --net0 virtio,bride=vmbr0": "unknown in qm net",
    "qm set 9000 --ipconfig0 ip=192.0.2.10": "is no cidr",
    "qm create 9000": "is a vm already",
    "qm start 101": "no vm has this name",
    "qm clone 9000": "1 arguments",
    "qm template 9000 9000": "2 arguments",
    "hcloud server create --name web1 --type cx22": "--image must be given",
    "qm importdisk 9000 site.vmdk local-lvm": "is not there",
    "qm importdisk 9000 site.img.gz local-lvm": "no qcow2: its magic",
    "linode-cli image-upload --label a --region b site.img": "no gz",
    "linode-cli image-upload --label a --region b site.qcow2": "no gz",
    "vultr-cli snapshot create-url --url https://files.example.com/site.qcow2": "no raw",
    "vultr-cli snapshot create-url --url site.img": "is no URL",
    "ip link set tap1 up": "no tap has this name",
    "ip link set tap0 down": "is none of",
    "install site.img var/lib/site.img": "must be an absolute path",
    "ssh root@host rm": "not what a rescue system is to do",
    "skopeo copy site.img docker://registry.example.com/site:1": "is no oci-archive",
    "oci compute instance launch --shape-config {": "Expecting property name",
}


@pytest.mark.parametrize("line", ACCEPTED)
def test_accepted(checker: Checker, line: str) -> None:
    run(checker, line.split())


@pytest.mark.parametrize("line", REFUSED)
def test_refused(checker: Checker, line: str) -> None:
    with pytest.raises((Wrong, ValueError), match=REFUSED[line]):
        run(checker, line.split())


def test_the_program_refuses_and_records_only_what_it_accepts(checker: Checker) -> None:
    def status(*words: str) -> int:
        program = Path(__file__).with_name("stand_in.py")
        return subprocess.run([sys.executable, program, *words], timeout=60, check=False,
                              env=os.environ | {"STAND_INS": str(checker.folder)},
                              stdin=subprocess.DEVNULL).returncode
    assert status("qm", "template", "9000") == 0
    assert status("qm", "template", "9000", "--frobnicate") == 2
    assert (checker.folder / "calls").read_text() == \
        '["qm template", "qm", "template", "9000"]\n'


def test_every_command_names_its_document() -> None:
    for one in commands():
        assert bool(one.entry.get("document")) != bool(one.entry.get("checked")), one.name


# --- Files ---

def google_tar(path: Path, size: int, name: str = "disk.raw",
               form: int = tarfile.GNU_FORMAT) -> Path:
    member = tarfile.TarInfo(name)
    member.size = size
    path.write_bytes(gzip.compress(member.tobuf(form)))
    return path


def test_googles_archive(tmp_path: Path) -> None:
    image_checks.google(google_tar(tmp_path / "good.tar.gz", GIBIBYTE))
    for path, what in ((google_tar(tmp_path / "size.tar.gz", GIBIBYTE + 512), "whole GiB"),
                       (google_tar(tmp_path / "name.tar.gz", GIBIBYTE, "site.img"), "disk.raw"),
                       (google_tar(tmp_path / "form.tar.gz", GIBIBYTE,
                                   form=tarfile.USTAR_FORMAT), "oldgnu")):
        with pytest.raises(Wrong, match=what):
            image_checks.google(path)


def test_googles_archive_may_be_sparse(tmp_path: Path) -> None:
    """As `tar -S --format=oldgnu` makes it: the disk's size is not what the archive holds of it."""
    disk = tmp_path / "disk.raw"
    for size in (GIBIBYTE, GIBIBYTE + 512):
        with disk.open("wb") as file:
            file.write(b"boot")
            file.truncate(size)
        path = tmp_path / f"{size}.tar.gz"
        subprocess.run(["tar", "-S", "--format=oldgnu", "-czf", path, "-C", tmp_path, "disk.raw"],
                       check=True, timeout=60)
        if size == GIBIBYTE:
            image_checks.google(path)
        else:
            with pytest.raises(Wrong, match="whole GiB"):
                image_checks.google(path)


MANIFEST = next(one.text for one in blocks("kubevirt") if one.name == "mote.yaml")
SPOILT = {
    ("httpGet", "httpGot"): "unknown", ("runStrategy: Always", "runStrategy: Often"): "none of",
    ("  runStrategy: Always\n", ""): "must be there", ("guest: 64Mi", "guest: much"): "quantity",
    ("masquerade: {}", "masquerade: 1"): "must be", ("port: 80}]", "port: '80'}]"): "no number",
    ("  selector: {app: mote}", "  selector: {app: moat}"): "no machine",
    ("- name: site\n        containerDisk", "- name: sight\n        containerDisk"): "disks",
    ("kind: Service", "kind: Servant"): "unknown",
}


@pytest.mark.parametrize("change", SPOILT)
def test_spoilt_manifest(change: tuple[str, str]) -> None:
    assert change[0] in MANIFEST
    assert ("Service", "mote") in manifest_checks.check(MANIFEST)
    spoilt = MANIFEST.replace(*change)
    assert list(yaml.safe_load_all(spoilt))
    with pytest.raises(Wrong, match=SPOILT[change]):
        manifest_checks.check(spoilt)
