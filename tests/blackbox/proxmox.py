"""Cloud-init media as Proxmox VE makes them: the files of PVE::QemuServer::Cloudinit, by its rules.

The layout of each file is what qemu-server 9 writes for a guest with two NICs; `genisoimage` gets
the arguments that it gets there.
"""

import hashlib
import ipaddress
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import ENVIRONMENT


@dataclass(frozen=True)
class Net:
    """A NIC of the guest's configuration: `net0`'s macaddr, `ipconfig0`'s ip and gw."""

    mac: str
    ip: str  # with a prefix, or dhcp
    gateway: str | None = None

    @property
    def address(self) -> str:
        return self.ip.partition("/")[0]

    @property
    def mask(self) -> str:
        return str(ipaddress.ip_interface(self.ip).netmask)


def user_data(name: str) -> str:
    return (f"#cloud-config\nhostname: {name}\nmanage_etc_hosts: true\nfqdn: {name}.example.com\n"
            "user: admin\npassword: $5$wdmVHFXk$cIKbEXcNFsYV\n"
            "ssh_authorized_keys:\n  - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 someone@example.com\n"
            "chpasswd:\n  expire: False\nusers:\n  - default\npackage_upgrade: true\n")


def network_v1(nets: list[Net]) -> str:
    """What `citype: nocloud` writes."""
    lines = ["version: 1", "config:"]
    for index, net in enumerate(nets):
        lines += ["    - type: physical", f"      name: eth{index}",
                  f"      mac_address: '{net.mac.lower()}'", "      subnets:"]
        if net.ip == "dhcp":
            lines += ["      - type: dhcp4"]
            continue
        lines += ["      - type: static", f"        address: '{net.address}'",
                  f"        netmask: '{net.mask}'"]
        lines += [f"        gateway: '{net.gateway}'"] if net.gateway else []
    lines += ["    - type: nameserver", "      address:", "      - '192.0.2.53'",
              "      search:", "      - 'example.com'"]
    return "\n".join(lines) + "\n"


def interfaces(nets: list[Net]) -> str:
    """What `citype: configdrive2` writes: Debian's interfaces(5), with stray name servers first."""
    lines = ["auto lo", "iface lo inet loopback", "", "        dns_nameservers 192.0.2.53",
             "        dns_search example.com"]
    for index, net in enumerate(nets):
        lines += [f"auto eth{index}"]
        if net.ip == "dhcp":
            lines += [f"iface eth{index} inet dhcp"]
            continue
        lines += [f"iface eth{index} inet static", f"        address {net.address}",
                  f"        netmask {net.mask}"]
        lines += [f"        gateway {net.gateway}"] if net.gateway else []
    return "\n".join(lines) + "\n"


def nocloud(name: str, nets: list[Net]) -> dict[str, str]:
    user, network = user_data(name), network_v1(nets)
    identity = hashlib.sha1((user + network).encode()).hexdigest()
    return {"user-data": user, "network-config": network, "vendor-data": "",
            "meta-data": f"instance-id: {identity}\n"}


def configdrive2(name: str, nets: list[Net]) -> dict[str, str]:
    user, network = user_data(name), interfaces(nets)
    identity = hashlib.sha1((user + network).encode()).hexdigest()
    meta = f'{{\n     "uuid": "{identity}",\n' \
           '     "network_config": { "content_path": "/content/0000" }\n}\n'
    return {"openstack/latest/user_data": user, "openstack/content/0000": network,
            "openstack/latest/meta_data.json": meta, "openstack/latest/vendor_data.json": ""}


KINDS = {"nocloud": (nocloud, "cidata"), "configdrive2": (configdrive2, "config-2")}


def medium(folder: Path, kind: str, name: str, nets: list[Net]) -> Path:
    """The disk of 4 MiB that Proxmox puts into the guest's CD drive."""
    files, label = KINDS[kind]
    tree = folder / f"cloudinit-{kind}"
    for path, text in files(name, nets).items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    image = folder / f"cloudinit-{kind}.iso"
    subprocess.run(["genisoimage", "-quiet", "-iso-level", "3", "-J", "-R", "-V", label, "-o",
                    str(image), str(tree)], check=True, env=ENVIRONMENT, timeout=60)
    image.write_bytes(image.read_bytes().ljust(4 << 20, b"\0"))
    return image
