"""A libvirt daemon of its own: in namespaces where neither network, files nor processes are shared.

Only the system's administrator can make these: libvirt's networks need a bridge, its daemon the
folders that Debian's package gives it.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conftest import IN_CI
from lab import ENVIRONMENT, die_with_parent, end, until
from programs import needed

NETWORK = """
<network>
  <name>lab</name>
  <bridge name='lab0'/>
  <ip address='192.0.2.1' netmask='255.255.255.0'>
    <dhcp><range start='192.0.2.100' end='192.0.2.199'/></dhcp>
  </ip>
</network>
"""

# The daemon's folders become copies, which disappear with the namespace. Its guests run as the
# administrator, without the walls between guests that a laboratory doesn't need. The shell stays:
# as the namespace's first process it must collect the ended ones for which libvirt waits.
ENTER = """
set -e
mount --make-rprivate /
for folder in /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /run; do
  copy=$(mktemp -d)
  if [ "$folder" != /run ]; then cp -a "$folder/." "$copy/"; fi
  mount --bind "$copy" "$folder"
done
mkdir -p /run/libvirt /run/lock
mkdir -p /var/lib/libvirt/images /var/lib/libvirt/dnsmasq /var/lib/libvirt/qemu
cat > /etc/libvirt/qemu.conf <<END
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
END
rm -f /etc/libvirt/qemu/networks/autostart/*
ip link set lo up
virtlogd --daemon
libvirtd --daemon
echo entered
cat
exit 0
"""

RESTART = """
set -e
kill $(cat /run/libvirtd.pid)
while [ -e /run/libvirtd.pid ]; do :; done
rm -rf /run/libvirt/network/autostarted /run/libvirt/qemu/autostarted
libvirtd --daemon
"""


class Libvirt:
    """The daemon, and the commands of its users."""

    def __init__(self, folder: Path) -> None:
        needed("libvirtd", "virtlogd", "virsh")
        if os.geteuid() != 0:
            reason = "libvirt's own network takes the system's administrator"
            pytest.fail(reason) if IN_CI else pytest.skip(reason)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._copies = folder / "copies"
        self._copies.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", ENTER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=ENVIRONMENT | {"TMPDIR": str(self._copies)}, preexec_fn=die_with_parent)
        word = self._process.stdout.readline()
        assert word == "entered\n", f"no libvirt: {word}{self._process.stderr.read()}"
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        self._inside = children.read_text().split()[0]
        self.write("lab.xml", NETWORK)
        self.virsh("net-define", str(folder / "lab.xml"))
        self.virsh("net-start", "lab")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command line that runs a command inside."""
        return ["nsenter", "-n", "-m", "-p", "-t", self._inside, "--", *command]

    def run(self, *command: str, check: bool = True, timeout: float = 120,
            **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs a command inside and waits for it; its output is kept and returned as text."""
        result = subprocess.run(self.enter(command), text=True, capture_output=True, check=False,
                                timeout=timeout, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                                preexec_fn=die_with_parent, **options)
        said = f"{' '.join(command)}: status {result.returncode}\n{result.stdout}{result.stderr}"
        with (self.folder / "commands.log").open("a") as log:
            log.write(f"{said}\n")
        assert not check or result.returncode == 0, said
        return result

    def virsh(self, *command: str, check: bool = True) -> str:
        return self.run("virsh", *command, check=check).stdout

    def state(self, name: str) -> str:
        return self.virsh("domstate", name).strip()

    def wait_for(self, name: str, state: str, deadline_s: float = 60) -> None:
        until(lambda: self.state(name) == state, f"{name} is {state}", deadline_s)

    def console(self, name: str) -> str:
        """What a guest has printed, kept by libvirt's log daemon."""
        return (self.folder / f"{name}.console").read_text(errors="replace")

    def leases(self) -> str:
        """What the network's DHCP server gave."""
        return self.virsh("net-dhcp-leases", "lab")

    def restart(self) -> None:
        """Ends the daemon and starts it again, as a host that boots does: without the marks that it
        has started what it should already.
        """
        self.run("sh", "-c", RESTART)

    def close(self) -> None:
        self._process.stdin.close()
        end(self._process)
        for pipe in (self._process.stdout, self._process.stderr):
            pipe.close()
