"""The peer to measure against: a lean Linux machine with nginx, made from Debian's packages.

Kernel and programs are the newest in the host's release. apt fetches them with its own state under
build/bench-linux/; they are unpacked there, never installed, so root isn't needed. The kernel is
Debian's cloud kernel, uncompressed and booted over PVH like Mote. Its root is an initramfs: nginx
with its libraries, the drivers of virtio-net, and our own first process (linux_init.c), which loads
them and becomes nginx. Remove build/bench-linux/ to get newer packages.
"""

import ctypes
import hashlib
import ipaddress
import lzma
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/blackbox")]

from images import Images  # noqa: E402
from lab import Lab  # noqa: E402
from tools.build.lwip import APT_SETTINGS, run  # noqa: E402

HERE = Path(__file__).parent
CACHE = ROOT / "build/bench-linux"
KERNEL = "linux-image-cloud-amd64"
NGINX = "nginx"
DRIVERS = ("virtio_pci", "virtio_net")
PACED = ("sch_fq", "tcp_bbr")  # only for those who ask for a congestion control
LOADER = Path("/lib64/ld-linux-x86-64.so.2")  # where every program looks for it
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
MEMORY_MIB = 256

# The options for speed on a machine of one's own: no mitigations, no hardening, no security
# modules, no watchdog, a clock read without leaving the guest. Files of the root are never written
# back: ramfs has no limit but memory.
APPEND = ("console=ttyS0 loglevel=1 panic=-1 rdinit=/init rootfstype=ramfs mitigations=off nokaslr "
          "init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off lsm= audit=0 "
          "nowatchdog cryptomgr.notests preempt=none tsc=reliable no_timer_check ipv6.disable=1 "
          "random.trust_cpu=on 8250.nr_uarts=1")

# Besides the settings that lwIP's sources are fetched with: the system's own sources, as apt has
# them by default.
SYSTEM_SOURCES = """\
Dir::Etc::SourceList "sources.list";
Dir::Etc::SourceParts "sources.list.d";
Acquire::Languages "none";
"""


@dataclass(frozen=True)
class Peer:
    """A Linux machine, by QEMU's -kernel, -initrd, -append and -m."""

    kernel: Path
    initrd: Path
    append: str
    memory_mib: int


def build(folder: Path, site: Path, congestion: str = "") -> Peer:
    """The machine that serves a site, by Linux's default congestion control or by `cubic` or `bbr`;
    its initramfs goes into `folder`."""
    cache = Images(CACHE)
    packages = cache.once("packages", download)
    base = cache.once(f"machine-{key(packages)}", lambda out: assemble(packages, out))
    initrd = folder / f"linux-{site.name}{congestion}.cpio"
    with initrd.open("wb") as out:  # the kernel takes several archives in a row
        for name in ("base", "paced") if congestion else ("base",):
            with (base / f"{name}.cpio").open("rb") as archive:
                shutil.copyfileobj(archive, out)
        write_archive(out, site_entries(site))
    netmask = ipaddress.ip_network(f"{Lab.HOST}/{Lab.PREFIX}", strict=False).netmask
    chosen = f" congestion={congestion}" if congestion else ""
    return Peer(base / "vmlinux", initrd,
                f"{APPEND} address={Lab.GUEST} netmask={netmask}{chosen}", MEMORY_MIB)


def versions() -> str:
    """The versions of its kernel and its nginx."""
    packages = Images(CACHE).once("packages", download)
    kernel, = packages.glob("linux-image-[0-9]*.deb")
    nginx, = packages.glob(f"{NGINX}_*.deb")
    return f"Debian's Linux {field(kernel, 'Version')} and nginx {field(nginx, 'Version')}"


# --- Packages ---

def key(packages: Path) -> str:
    """A hash of everything that the machine is made from: the packages' versions and our own
    files."""
    digest = hashlib.sha256("\n".join(sorted(os.listdir(packages))).encode())
    for name in ("linux_init.c", "linux_nginx.conf", "linux_vm.py"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:12]


def download(out: Path) -> None:
    """Has apt download kernel, nginx and its libraries into a folder."""
    shutil.rmtree(out, ignore_errors=True)
    state = out.resolve().parent / "apt"
    (state / "lists/partial").mkdir(parents=True, exist_ok=True)
    (state / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
    out.mkdir()
    settings = state / "apt.conf"
    settings.write_text(APT_SETTINGS.format(state=state) + SYSTEM_SOURCES)

    def apt(*arguments: str) -> None:
        run(["apt-get", "-q", f"--config-file={settings}", *arguments],
            f"the peer: apt-get {arguments[0]} failed, which wants a network and Debian's archive",
            cwd=out)

    apt("update")
    apt("download", KERNEL, NGINX)
    names = [name for package in sorted(out.glob("*.deb"))
             for name in re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]+)", field(package, "Depends"))]
    # The kernel itself and nginx's libraries; it can do without the other dependencies.
    wanted = [name for name in names if re.match(r"linux-image-\d|lib|zlib", name)]
    apt("download", *wanted)
    shutil.rmtree(state)


def field(package: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "--field", str(package), name], text=True,
                          capture_output=True, check=True, timeout=60).stdout.strip()


# --- The machine without its site ---

def assemble(packages: Path, out: Path) -> None:
    """Makes the kernel and the initramfs that all sites share; removes other versions."""
    for old in CACHE.glob("machine-*"):
        shutil.rmtree(old, ignore_errors=True)
    tree = out / "tree"
    tree.mkdir(parents=True)
    for package in sorted(packages.glob("*.deb")):
        run(["dpkg-deb", "--extract", str(package), str(tree)],
            f"the peer: {package.name} could not be unpacked")
    compressed, = (tree / "boot").glob("vmlinuz-*")
    (out / "vmlinux").write_bytes(uncompressed(compressed.read_bytes()))
    run(["clang-19", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-s", "-o",
         str(out / "init"), str(HERE / "linux_init.c")], "the peer: its init was not compiled")
    with (out / "base.cpio").open("wb") as archive:
        write_archive(archive, base_entries(out / "init", tree))
    with (out / "paced.cpio").open("wb") as archive:
        write_archive(archive, module_entries(modules(tree, PACED), "paced-"))
    shutil.rmtree(tree)


def uncompressed(image: bytes) -> bytes:
    """The ELF inside a bzImage (Linux, Documentation/arch/x86/boot.rst: setup_sects, payload_offset
    and payload_length). Debian packs it in LZ4's legacy frame: a magic number, then blocks of 8
    MiB, each behind its packed size; behind the last one, the whole's size."""
    assert image[0x202:0x206] == b"HdrS", "no bzImage"
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (image[0x1F1] + 1) * 512 + offset
    payload = image[start:start + length]
    if payload[:4] != b"\x02\x21\x4c\x18":
        raise RuntimeError("the peer: its kernel is not packed in LZ4 as Debian's are")
    lz4 = ctypes.CDLL("liblz4.so.1")  # apt itself depends on it
    block = ctypes.create_string_buffer(8 << 20)
    kernel, at = bytearray(), 4
    while at + 4 < len(payload):
        size, = struct.unpack_from("<I", payload, at)
        packed = payload[at + 4:at + 4 + size]
        count = lz4.LZ4_decompress_safe(packed, block, len(packed), len(block))
        if count < 0:
            raise RuntimeError("the peer: its kernel's compression is damaged")
        kernel += block.raw[:count]
        at += 4 + size
    if len(kernel) != struct.unpack("<I", payload[-4:])[0]:
        raise RuntimeError("the peer: its kernel is not whole")
    return bytes(kernel)


def modules(tree: Path, wanted: Iterable[str] = DRIVERS) -> list[tuple[str, bytes]]:
    """The modules' names and contents, each behind those it depends on (.modinfo)."""
    files = {path.name.partition(".")[0]: path for path in tree.rglob("*.ko*")}
    order: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in order or name not in files:  # without a file: part of the kernel
            return
        path = files[name]
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        listed = re.search(rb"\0depends=([\w,]*)\0", data)
        for needed in listed[1].decode().split(",") if listed else ():
            add(needed)
        order[name] = data

    for name in wanted:
        add(name)
    return list(order.items())


def libraries(tree: Path, program: Path) -> dict[str, Path]:
    """Maps the path where a program looks for each library to its file in the packages, found by
    the loader in the packages."""
    folders = [tree / folder for folder in LIBRARIES if (tree / folder).is_dir()]
    loader = next(folder / LOADER.name for folder in folders if (folder / LOADER.name).exists())
    said = subprocess.run([str(loader), "--library-path", ":".join(map(str, folders)), "--list",
                           str(program)], text=True, capture_output=True, check=True,
                          timeout=60).stdout
    found = {str(LOADER): loader}
    for name, path in re.findall(r"^\s*(\S+) => (/\S+)", said, re.MULTILINE):
        if not Path(path).is_relative_to(tree):
            raise RuntimeError(f"the peer: nginx's packages lack {name}")
        found[f"/lib/x86_64-linux-gnu/{name}"] = Path(path)
    return found


# --- The initramfs (Linux, Documentation/driver-api/early-userspace/buffer-format.rst) ---

@dataclass(frozen=True)
class Entry:
    """A file, folder or device in the archive."""

    name: str
    mode: int
    data: bytes | Path = b""
    device: tuple[int, int] = (0, 0)


def base_entries(init: Path, tree: Path) -> Iterator[Entry]:
    """All entries except the site's."""
    nginx = tree / "usr/sbin/nginx"
    files: dict[str, bytes | Path] = {"/init": init, "/usr/sbin/nginx": nginx,
                                      "/etc/nginx.conf": HERE / "linux_nginx.conf",
                                      "/etc/passwd": b"www-data:x:33:33::/:/none\n",
                                      "/etc/group": b"www-data:x:33:\n",
                                      **libraries(tree, nginx)}
    folders = {str(folder) for name in files for folder in Path(name).parents} | {"/modules"}
    for folder in sorted(folders | {"/dev", "/proc", "/run", "/var", "/var/lib", "/var/lib/nginx"}):
        yield Entry(folder.lstrip("/") or ".", stat.S_IFDIR | 0o755)
    yield Entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    for name, data in files.items():
        yield Entry(name.lstrip("/"), stat.S_IFREG | 0o755, data)
    yield from module_entries(modules(tree))


def module_entries(found: Iterable[tuple[str, bytes]], prefix: str = "") -> Iterator[Entry]:
    """Modules in the order in which they are loaded, by names; digits come before any prefix."""
    for number, (name, data) in enumerate(found):
        yield Entry(f"modules/{prefix}{number:02}-{name}.ko", stat.S_IFREG | 0o644, data)


def site_entries(site: Path) -> Iterator[Entry]:
    yield Entry("www", stat.S_IFDIR | 0o755)
    for path in sorted(site.rglob("*")):
        name = f"www/{path.relative_to(site)}"
        yield (Entry(name, stat.S_IFDIR | 0o755) if path.is_dir()
               else Entry(name, stat.S_IFREG | 0o644, path))


def write_archive(out: BinaryIO, entries: Iterable[Entry]) -> None:
    """Writes entries and the trailer in the "newc" format; each begins at a multiple of 4."""
    def pad() -> None:
        out.write(bytes(-out.tell() % 4))

    for number, entry in enumerate([*entries, Entry("TRAILER!!!", 0)], 1):
        size = entry.data.stat().st_size if isinstance(entry.data, Path) else len(entry.data)
        name = entry.name.encode() + b"\0"
        # ino, mode, uid, gid, nlink, mtime, filesize, device numbers twice, namesize, check
        fields = (number, entry.mode, 0, 0, 1, 0, size, 0, 0, *entry.device, len(name), 0)
        out.write(b"070701" + b"".join(b"%08X" % field for field in fields) + name)
        pad()
        if isinstance(entry.data, Path):
            with entry.data.open("rb") as source:
                shutil.copyfileobj(source, out)
        else:
            out.write(entry.data)
        pad()
