"""Every program that Mote's tools, tests, bench and fuzzers start, and Debian's package of each.

tools/base/setup.py installs the packages for each use. test_programs.py checks that nothing else is
started, and run_tests.py makes sure that nothing else can be found while tests run.
"""

import functools
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.base import setup

# Required by the README. The rest, Debian's essential packages, dpkg-query knows.
GIVEN = ("apt", "git", "python3")

# The essential packages whose programs are started here.
ESSENTIAL = ("bash", "coreutils", "dash", "dpkg", "gzip", "tar", "util-linux")

# Program -> its package, and the uses (of setup.USES) that start it.
PROGRAMS: dict[str, tuple[str, str]] = {
    "ab": ("apache2-utils", "test"),
    "addr2line": ("binutils", "run test"),
    "apt-get": ("apt", "run image build test bench fuzz lwip dist"),
    "bash": ("bash", "test interop"),
    "brotli": ("brotli", "run image test bench fuzz"),
    "cat": ("coreutils", "test"),
    "check_http": ("monitoring-plugins-basic", "interop"),
    "chromium": ("chromium", "interop"),
    "clang++-19": ("clang-19", "build test"),
    "clang-19": ("clang-19", "build test bench"),
    "clang-format-19": ("clang-format-19", "check test"),
    "clang-tidy-19": ("clang-tidy-19", "check"),
    "cloud-localds": ("cloud-image-utils", "test"),
    "curl": ("curl", "test bench"),
    "dnsmasq": ("dnsmasq-base", "test"),
    "dpkg-deb": ("dpkg", "dist test interop bench siege"),
    "dpkg-query": ("dpkg", "test bench siege"),
    "doona": ("doona", "siege"),
    "dpkg-source": ("dpkg-dev", "build"),
    "env": ("coreutils", "interop"),
    "fdisk": ("fdisk", "test"),
    "fish": ("fish", "interop"),
    "fsck.fat": ("dosfstools", "test"),
    "gdb": ("gdb", "test"),
    "genisoimage": ("genisoimage", "test"),
    "git": ("git", "build test bench siege dist"),
    "gzip": ("gzip", "test"),
    "h2load": ("nghttp2-client", "test"),
    "haproxy": ("haproxy", "test"),
    "hping3": ("hping3", "siege"),
    "ip": ("iproute2", "test bench siege"),
    "kea-dhcp4": ("kea-dhcp4-server", "interop"),
    "keepalived": ("keepalived", "interop"),
    "ld.lld-19": ("lld-19", "build"),
    "libvirtd": ("libvirt-daemon", "interop"),
    "lintian": ("lintian", "interop"),
    "lld-link-19": ("lld-19", "build"),
    "llvm-cov-19": ("llvm-19", "coverage"),
    "llvm-profdata-19": ("llvm-19", "coverage"),
    "llvm-symbolizer-19": ("llvm-19", "fuzz"),
    "mandoc": ("mandoc", "test"),
    "masscan": ("masscan", "siege"),
    "mcopy": ("mtools", "test"),
    "mkfs.fat": ("dosfstools", "test"),
    "md5sum": ("coreutils", "test"),
    "mdel": ("mtools", "test"),
    "mdir": ("mtools", "test"),
    "mkfs.vfat": ("dosfstools", "test"),
    "mtype": ("mtools", "test"),
    "nasm": ("nasm", "build"),
    "nginx": ("nginx-light", "test"),
    "ninja": ("ninja-build", "build test"),
    "nm": ("binutils", "test bench siege"),
    "nmap": ("nmap", "siege"),
    "node": ("nodejs", "interop"),
    "npm": ("npm", "interop"),
    "nsenter": ("util-linux", "test bench siege"),
    "objdump": ("binutils", "test"),
    "openssl": ("openssl", "test"),
    "parted": ("parted", "test"),
    "patch": ("patch", "build"),
    "ping": ("iputils-ping", "test bench"),
    "prometheus": ("prometheus", "interop"),
    "promtool": ("prometheus", "interop"),
    "python3": ("python3", "build test bench fuzz siege dist"),
    "qemu-img": ("qemu-utils", "image test siege"),
    "qemu-system-x86_64": ("qemu-system-x86", "run test bench siege"),
    "quilt": ("quilt", "lwip test"),
    "readlink": ("coreutils", "test"),
    "readelf": ("binutils", "build test bench siege"),
    "sbsign": ("sbsigntool", "test"),
    "sfdisk": ("fdisk", "test"),
    "sgdisk": ("gdisk", "test"),
    "sh": ("dash", "test interop"),
    "sha256sum": ("coreutils", "test"),
    "siege": ("siege", "interop"),
    "skopeo": ("skopeo", "test"),
    "slowhttptest": ("slowhttptest", "siege"),
    "systemd-analyze": ("systemd", "interop"),
    "tar": ("tar", "image test"),
    "tee": ("coreutils", "test bench siege"),
    "unshare": ("util-linux", "test bench siege"),
    "varnishadm": ("varnish", "interop"),
    "varnishd": ("varnish", "interop"),
    "varnishstat": ("varnish", "interop"),
    "virsh": ("libvirt-clients", "interop"),
    "virt-install": ("virtinst", "interop"),
    "virt-xml-validate": ("libvirt-clients", "interop"),
    "virtlogd": ("libvirt-daemon", "interop"),
    "wget": ("wget", "test"),
    "wrk": ("wrk", "bench"),
    "xmllint": ("libxml2-utils", "test"),
    "xorriso": ("xorriso", "image test dist"),
    "xz": ("xz-utils", "test"),
    "zsh": ("zsh", "test"),
    "zsync": ("zsync", "interop"),
    "zsyncmake": ("zsync", "interop"),
    "zstd": ("zstd", "run image test bench siege"),
    "zzuf": ("zzuf", "siege"),
}

# The folders of programs, those for administrators included.
FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def fill_with_declared(folder: Path, use: str) -> bool:
    """Makes the folder a PATH: links to the programs of a bare Debian after the setup for a use.

    These are the programs declared above, those of the packages that are essential, given or
    installed by the setup, and those of their dependencies, since programs start others. False, and
    an empty folder, without dpkg.
    """
    wanted = {*GIVEN, *setup.table(*setup.USES[use])}
    try:
        holders = closure(installed(), wanted)
        listed = ask_dpkg("--listfiles", *sorted(holders))
    except (OSError, subprocess.CalledProcessError):
        return False
    ours = {real(path) for path in listed.splitlines()
            if path.rpartition("/")[0].endswith(("/bin", "/sbin")) or "/alternatives/" in path}
    for place in filter(os.path.isdir, FOLDERS):
        for entry in os.scandir(place):
            if real(entry.path) in ours or (
                    entry.is_symlink() and os.path.realpath(entry.path) in ours):
                link(folder / entry.name, Path(entry.path))
    for program, (package, _) in PROGRAMS.items():
        if package in wanted and (found := setup.which(program)):  # also from elsewhere
            link(folder / program, Path(found))
    return True


def real(path: str) -> str:
    """The path with links among its folders followed, such as /bin; its last part stays."""
    folder, _, name = path.rpartition("/")
    return f"{real_folder(folder)}/{name}"


@functools.cache
def real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def link(name: Path, target: Path) -> None:
    if not name.is_symlink():  # the first of FOLDERS wins, as on any PATH
        name.symlink_to(target)


def ask_dpkg(*arguments: str) -> str:
    return subprocess.run(["dpkg-query", *arguments], text=True, capture_output=True, check=True,
                          timeout=60).stdout


@dataclass(frozen=True)
class Package:
    """An installed package, as far as dependencies are concerned."""

    essential: bool
    depends: tuple[tuple[str, ...], ...]  # alternatives of each
    provides: tuple[str, ...]


def installed() -> dict[str, Package]:
    """The installed packages, from dpkg."""
    fields = "${Package}\t${db:Status-Status}\t${Essential}\t${Pre-Depends}, ${Depends}\t" \
        "${Provides}\n"
    found = {}
    for line in ask_dpkg("--show", f"--showformat={fields}").splitlines():
        name, status, essential, depends, provides = line.split("\t")
        if status == "installed":
            found[name] = Package(essential == "yes", tuple(map(names, depends.split(","))),
                                  names(provides.replace(",", "|")))
    return found


def names(alternatives: str) -> tuple[str, ...]:
    """Packages without their versions and architectures (deb-control(5))."""
    words = [word.split("(")[0].strip().partition(":")[0] for word in alternatives.split("|")]
    return tuple(word for word in words if word)


def closure(known: dict[str, Package], wanted: Iterable[str]) -> set[str]:
    """The installed ones among these packages, the essential ones, and all their dependencies."""
    providers: dict[str, list[str]] = {}
    for name, package in known.items():
        for provided in package.provides:
            providers.setdefault(provided, []).append(name)
    ahead = [*wanted, *(name for name, package in known.items() if package.essential)]
    found: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name in found or name not in known:
            continue
        found.add(name)
        for alternatives in known[name].depends:
            for choice in alternatives:
                if satisfying := [choice] if choice in known else providers.get(choice):
                    ahead += satisfying
                    break
    return found


def inside(words: list[str]) -> list[str]:
    """The command that nsenter starts in a lab; empty for other commands."""
    return words[words.index("--") + 1:] if words[:1] == ["nsenter"] and "--" in words else []
