"""Finds out which tools a command lacks, and installs them from Debian."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.base.errors import UserError
from tools.base.terminal import Progress

# Package -> a sign that it is installed: a command's name, or a file. tools/base/programs.py lists
# the programs that are started.
BUILD = {
    "binutils": "readelf",
    "clang-19": "clang++-19",
    "lld-19": "ld.lld-19",
    "nasm": "nasm",
    "ninja-build": "ninja",
    "libstdc++-12-dev": "/usr/include/c++/12/expected",
    "dpkg-dev": "dpkg-source",
    "patch": "patch",
    "xz-utils": "xz",
}
RUN = {"qemu-system-x86": "qemu-system-x86_64"}
UEFI = {"ovmf": "/usr/share/OVMF/OVMF_CODE_4M.fd"}
DEBUG = {"gdb": "gdb"}
SYMBOLIZE = {"binutils": "addr2line"}
COMPRESS = {"brotli": "brotli", "zstd": "zstd"}
CONVERT = {"qemu-utils": "qemu-img"}
ZSTD = {"zstd": "zstd"}
ISO = {"xorriso": "xorriso"}
# For the unit tests; all other tests need these, too.
UNIT = {
    "clang-format-19": "clang-format-19",
    "cloud-image-utils": "cloud-localds",
    "dosfstools": "mkfs.vfat",
    "doctest-dev": "/usr/include/doctest/doctest.h",
    "fdisk": "sfdisk",
    "gdisk": "sgdisk",
    "genisoimage": "genisoimage",
    "libclang-rt-19-dev": "/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.asan-x86_64.a",
    "mandoc": "mandoc",
    "media-types": "/etc/mime.types",
    "mtools": "mcopy",
    "nginx-light": "nginx",
    "parted": "parted",
    "python3-pytest": "/usr/lib/python3/dist-packages/pytest/__init__.py",
    "python3-pytest-xdist": "/usr/lib/python3/dist-packages/xdist/__init__.py",
    "python3-yaml": "/usr/lib/python3/dist-packages/yaml/__init__.py",
    "quilt": "quilt",
    "xorriso": "xorriso",
    "zsh": "zsh",
}
TEST = {
    "apache2-utils": "ab",
    "cloud-image-utils": "cloud-localds",
    "curl": "curl",
    "dnsmasq-base": "dnsmasq",
    "dosfstools": "mkfs.fat",
    "genisoimage": "genisoimage",
    "haproxy": "haproxy",
    "iproute2": "ip",
    "iputils-ping": "ping",
    "libxml2-utils": "xmllint",
    "mtools": "mcopy",
    "nghttp2-client": "h2load",
    "openssl": "openssl",
    "python3-brotli": "/usr/lib/python3/dist-packages/brotli.py",
    "python3-h11": "/usr/lib/python3/dist-packages/h11/__init__.py",
    "python3.11-doc": "/usr/share/doc/python3.11/html/index.html",
    "sbsigntool": "sbsign",
    "seabios": "/usr/share/seabios/bios-microvm.bin",
    "skopeo": "skopeo",
    "wget": "wget",
    "xorriso": "xorriso",
}
# Only for ./mote test --interop: large, or slow to install.
INTEROP = {
    "chromium": "chromium",
    "fish": "fish",
    "kea-dhcp4-server": "kea-dhcp4",
    "keepalived": "keepalived",
    "libvirt-clients": "virsh",
    "libxml2-utils": "xmllint",
    "libvirt-daemon": "virtlogd",
    "libvirt-daemon-driver-qemu": "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/"
                                  "libvirt_driver_qemu.so",
    "libvirt-daemon-system": "/etc/libvirt/libvirtd.conf",
    "lintian": "lintian",
    "monitoring-plugins-basic": "/usr/lib/nagios/plugins/check_http",
    "nodejs": "node",
    "npm": "npm",
    "prometheus": "promtool",
    "python3-aiohttp": "/usr/lib/python3/dist-packages/aiohttp/__init__.py",
    "python3-httpx": "/usr/lib/python3/dist-packages/httpx/__init__.py",
    "python3-requests": "/usr/lib/python3/dist-packages/requests/__init__.py",
    "siege": "siege",
    "systemd": "systemd-analyze",
    "varnish": "varnishd",
    "virtinst": "virt-install",
    "zsync": "zsync",
}

# invoke-rc.d and deb-systemd-invoke ask this script whether a service may start; 101 says no.
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\n# While mote installs packages: start no services.\nexit 101\n"

BENCH = {"wrk": "wrk"}
# Only for ./mote test --siege: attackers' tools.
SIEGE = {
    "doona": "doona",
    "hping3": "hping3",
    "masscan": "masscan",
    "nmap": "nmap",
    "qemu-utils": "qemu-img",
    "slowhttptest": "slowhttptest",
    "zzuf": "zzuf",
}
PATCHES = {
    **{package: BUILD[package] for package in ("dpkg-dev", "patch", "xz-utils")},
    "quilt": UNIT["quilt"],
}
FUZZ = {
    "libclang-rt-19-dev": UNIT["libclang-rt-19-dev"],
    "llvm-19": "llvm-symbolizer-19",
}

CHECK = {"clang-format-19": UNIT["clang-format-19"], "clang-tidy-19": "clang-tidy-19"}

# The most that each command of the front door's, and of Ninja's, may need.
USES = {
    "build": (BUILD,),
    "run": (BUILD, COMPRESS, RUN, UEFI, DEBUG, SYMBOLIZE),
    "image": (BUILD, COMPRESS, CONVERT, ISO),
    "dist": (BUILD, COMPRESS, CONVERT, ISO),
    "unit": (BUILD, COMPRESS, UNIT),
    "lwip": (PATCHES,),
    "test": (BUILD, COMPRESS, RUN, UEFI, DEBUG, CONVERT, UNIT, TEST),
    "interop": (BUILD, COMPRESS, RUN, UEFI, DEBUG, CONVERT, UNIT, TEST, INTEROP),
    "bench": (BUILD, COMPRESS, RUN, UEFI, UNIT, TEST, BENCH),
    "siege": (BUILD, COMPRESS, RUN, UNIT, TEST, BENCH, SIEGE),
    "fuzz": (BUILD, COMPRESS, FUZZ),
    "check": (BUILD, CHECK),
    "coverage": (BUILD, COMPRESS, UNIT, FUZZ),
}

# Folders of administrators' commands, which a user's PATH may lack.
ADMINISTRATION = ("/usr/local/sbin", "/usr/sbin", "/sbin")

# Set while tests run: only programs on PATH, which has all that is declared, may be found.
ONLY_DECLARED = "MOTE_ONLY_DECLARED"


def provide(*groups: dict[str, str]) -> None:
    """Installs the missing packages of these groups; without root's rights, says how to."""
    lacking = missing(*groups)
    if not lacking:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *lacking]
    if not shutil.which("apt-get"):
        raise UserError(f"these Debian packages, or their contents, are missing: "
                        f"{' '.join(lacking)}")
    if os.geteuid() != 0:
        raise UserError(f"tools are missing; install them with: sudo {' '.join(command)}")
    with Progress(f"Installing {', '.join(lacking)}") as progress:
        apt(["apt-get", "update"], progress)
        with services_kept_down():
            apt(command, progress)
    still = missing(*groups)
    if still:
        raise UserError(f"installed {still[0]}, but {table(*groups)[still[0]]} is still not there; "
                        f"see whether it is the package of Debian 12")


def advice(use: str) -> str:
    """How to install the packages that a use lacks."""
    return f"install it with: apt-get install {' '.join(missing(*USES[use]))}"


def missing(*groups: dict[str, str]) -> list[str]:
    """Packages of these groups that are not there, sorted."""
    return sorted(package for package, sign in table(*groups).items() if not present(sign))


def table(*groups: dict[str, str]) -> dict[str, str]:
    return {package: sign for group in groups for package, sign in group.items()}


def present(sign: str) -> bool:
    if sign.startswith("/"):
        return Path(sign).exists()
    return which(sign) is not None


def which(program: str) -> str | None:
    """A program's path; administrators' folders are searched, too."""
    return shutil.which(program, path=search_path())


def search_path() -> str:
    """PATH, with administrators' folders, which a user's may lack."""
    path = os.environ.get("PATH", os.defpath)
    return path if ONLY_DECLARED in os.environ else os.pathsep.join([path, *ADMINISTRATION])


@contextmanager
def services_kept_down() -> Iterator[None]:
    """Keeps packages from starting their servers when installed; tests only want the programs. An
    existing policy stays in force unchanged."""
    try:
        with POLICY.open("x") as policy:
            policy.write(POLICY_TEXT)
        POLICY.chmod(0o755)
    except FileExistsError:
        yield
        return
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def apt(command: list[str], progress: Progress) -> None:
    """Runs apt without questions; reports its first error."""
    options = ["-q", "-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=4",
               "-o", "APT::Status-Fd=1"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    said: list[str] = []
    with subprocess.Popen([command[0], *options, *command[1:]], env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        for line in process.stdout or ():
            said.append(line.strip())
            progress.note(step(line))
    if process.returncode != 0:
        errors = [line.removeprefix("E: ") for line in said if line.startswith("E: ")]
        reason = errors[0] if errors else f"exit status {process.returncode}"
        raise RuntimeError(f"{' '.join(command[:2])} failed: {reason}")


def step(line: str) -> str:
    """The percentage and the words of a status line (apt's README.progress-reporting)."""
    parts = line.strip().split(":", 3)
    if len(parts) == 4 and parts[0] in ("dlstatus", "pmstatus"):
        percent = parts[2].split(".")[0]
        return f"{'fetch' if parts[0] == 'dlstatus' else 'install'} {percent} %: {parts[3]}"
    return ""
