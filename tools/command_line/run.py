#!/usr/bin/env python3
"""Runs a site in QEMU: prints the address, relays the console, ends on Ctrl-C."""

import ctypes
import ipaddress
import itertools
import os
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.base.errors import UserError, one_line  # noqa: E402
from tools.base.terminal import end_by_interrupt  # noqa: E402
from tools.command_line import symbolize  # noqa: E402
from tools.image.packed_site import EXAMPLE_SITE, SitePack, packed_site  # noqa: E402
from tools.site.config import Settings  # noqa: E402

QEMU = "qemu-system-x86_64"
MACHINES = {"q35": "q35", "pc": "pc", "microvm": "microvm,pcie=on"}
LEAST_MEMORY_MIB = 64
UEFI_MEMORY_MIB = 128
UEFI_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")  # Debian's ovmf
UEFI_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
PORT_TRIES = 100
SILENCE_S = 5  # the longest wait for the console's first words
PR_SET_PDEATHSIG = 1  # prctl(2)
LEAST_PREFIX = 4  # of a network for QEMU's -netdev user
LIBC = ctypes.CDLL(None)  # loaded here, since between fork and exec little is safe
QEMU_MAC = "52:54:00:12:34:56"  # QEMU's address for the first NIC


@dataclass(frozen=True)
class RunOptions:
    """The options of `./mote run`."""

    site: Path = EXAMPLE_SITE
    config: Path | None = None
    nic: str = "virtio"
    machine: str = "q35"
    boot: str = "pvh"
    memory: int | None = None  # MiB; None: by the site's size
    http_port: int = 8080
    debug: bool = False  # QEMU waits for gdb
    pcap: Path | None = None  # captures the machine's traffic
    qemu_arguments: list[str] = field(default_factory=list)


class PortTaken(Exception):
    """Someone took the port after we found it free and before QEMU opened it."""


def run(options: RunOptions) -> int:
    """Runs until QEMU ends or Ctrl-C; returns the exit status."""
    check(options)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    end_by_interrupt()
    try:
        with packed_site(options.site, options.config) as pack:
            return run_on_free_port(options, pack, assemble(options, pack))
    except KeyboardInterrupt:
        return 0


def assemble(options: RunOptions, pack: SitePack) -> Path:
    """Makes what the machine boots."""
    name, make = {"pvh": ("mote.elf", pack.assemble_elf), "bios": ("mote.img", pack.assemble_raw),
                  "uefi": ("mote.efi", pack.assemble_efi)}[options.boot]
    bootable = pack.path.parent / name
    make(bootable)
    return bootable


def boot_words(options: RunOptions, bootable: Path) -> list[str]:
    """QEMU's options for what the machine boots, and for its firmware."""
    if options.boot == "bios":
        return ["-drive", f"file={doubled(bootable)},format=raw,if=virtio"]
    words = ["-kernel", str(bootable)]
    if options.boot == "uefi":
        variables = bootable.parent / "variables.fd"  # the machine's own
        shutil.copyfile(UEFI_VARIABLES, variables)
        words += ["-drive", f"file={UEFI_CODE},format=raw,if=pflash,readonly=on",
                  "-drive", f"file={doubled(variables)},format=raw,if=pflash"]
    return words


def memory_for(options: RunOptions, pack: SitePack) -> int:
    """The machine's memory in MiB: as asked for, or by the site's size. UEFI's firmware holds the
    file that it boots, and what it has loaded of it, at the same time."""
    site = pack.path.stat().st_size >> 20
    usual = UEFI_MEMORY_MIB + 3 * site if options.boot == "uefi" else LEAST_MEMORY_MIB + site
    return options.memory or usual


def check(options: RunOptions) -> None:
    """Refuses options that cannot work, before anything is made."""
    if options.boot != "pvh" and options.machine == "microvm":
        raise UserError(f"--boot {options.boot}: the microvm machine has no firmware for that; "
                        "use --boot pvh")
    if not 1 <= options.http_port <= 65535:
        raise UserError(f"--http-port {options.http_port}: must be from 1 to 65535")
    if options.memory is not None and options.memory < 1:
        raise UserError(f"--memory {options.memory}: must be at least 1 (MiB)")


def run_on_free_port(options: RunOptions, pack: SitePack, bootable: Path) -> int:
    """Runs on the port asked for, or on the next free one and says so."""
    first = options.http_port
    for port in range(first, min(first + PORT_TRIES, 65536)):
        if not is_free(port):
            continue
        if port != first:
            print(f"port {first} is taken, using {port}", flush=True)
        try:
            return relay(command(options, pack, bootable, port), port,
                         gdb_socket(pack) if options.debug else None)
        except PortTaken:
            continue
    raise UserError(f"--http-port {first}: it and the {PORT_TRIES - 1} ports after it are taken; "
                    "give another")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise UserError(f"--http-port {port}: this user may not listen there; "
                            "give one above 1023") from None
        except OSError:
            return False
    return True


def command(options: RunOptions, pack: SitePack, bootable: Path, port: int) -> list[str]:
    """QEMU's command line; the user's own arguments come last and win."""
    model = options.nic.replace("virtio", "virtio-net-pci", 1) \
        if options.nic.split(",")[0] == "virtio" else options.nic
    network, guest = user_network(pack.settings, mac_of(model))
    # No option ROM: nothing boots from this NIC, and looking for one takes time.
    rom = "" if "romfile=" in model else ",romfile="
    more = ["-S", "-gdb", f"unix:{gdb_socket(pack)},server=on,wait=off"] if options.debug else []
    if options.pcap:
        more += ["-object", f"filter-dump,id=pcap,netdev=net0,file={doubled(options.pcap)}"]
    return [QEMU, "-machine", MACHINES[options.machine], "-m",
            str(memory_for(options, pack)), "-nodefaults",
            "-display", "none", "-serial", "stdio",
            "-cpu", "max",
            "-netdev", f"user,id=net0,{network}hostfwd=tcp:127.0.0.1:{port}-{guest}:"
            f"{pack.http_port}",
            "-device", f"{model},netdev=net0{rom}", *boot_words(options, bootable), *more,
            *options.qemu_arguments]


def doubled(path: Path) -> str:
    """A path for QEMU's options, in which a single comma would end it."""
    return str(path).replace(",", ",,")


def gdb_socket(pack: SitePack) -> Path:
    return pack.path.parent / "gdb"


def gdb_line(gdb: Path) -> str:
    """The command that debugs, from another terminal, the machine behind a socket."""
    return shlex.join(["gdb", "-q", "-x", str(ROOT / "tools/debug/gdbinit.py"),
                       "-ex", f"target remote {gdb}"])


def mac_of(model: str) -> str:
    """The MAC address that the NIC will have."""
    fields = dict(field.partition("=")[::2] for field in model.split(","))
    return fields.get("mac", QEMU_MAC).lower()


def user_network(settings: Settings, mac: str) -> tuple[str, str]:
    """QEMU's options for a network in which the machine's static address works, and the address.

    Both are empty for a machine that uses DHCP. QEMU answers as the gateway; its network is at
    least a /24, so that there is room for QEMU's own DNS and DHCP addresses.
    """
    found: dict[str, str] = {}
    for match in ("0", mac):  # a rule for the MAC address overrides one for the number
        for line in settings.lines:
            if line.startswith(f"network.{match}."):
                key, _, value = line.removeprefix(f"network.{match}.").partition("=")
                found[key] = value
    if found.get("address", "dhcp") == "dhcp":
        return "", ""
    guest = ipaddress.IPv4Interface(found["address"])
    net = ipaddress.IPv4Network((guest.ip, 24), strict=False)
    near = guest.network if guest.network.prefixlen > net.prefixlen else net
    others = [address for address in near.hosts() if address != guest.ip] or list(net.hosts())
    host = ipaddress.IPv4Address(found["gateway"]) if "gateway" in found else others[0]
    while host not in net:
        net = net.supernet()
    if net.prefixlen < LEAST_PREFIX:
        raise UserError(f"the gateway {host} is too far from {guest.ip} for QEMU's network; "
                        "./mote image takes such settings, ./mote run does not")
    dns, dhcp = [address for address in itertools.islice(net.hosts(), 4)
                 if address not in (guest.ip, host)][:2]
    return f"net={net},host={host},dns={dns},dhcpstart={dhcp},", str(guest.ip)


def die_with_parent() -> None:
    """Runs in the child: has the kernel end QEMU if this process dies abruptly."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def relay(arguments: list[str], port: int, gdb: Path | None = None) -> int:
    """Runs QEMU; copies its console to stdout, and its error messages, line by line, to stderr."""
    qemu = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True,
                            preexec_fn=die_with_parent)
    try:
        if gdb:
            tell_gdb_line(qemu, gdb)
        return relay_until_end(qemu, port)
    finally:
        qemu.terminate()
        try:
            qemu.wait(3)
        except subprocess.TimeoutExpired:
            qemu.kill()
            qemu.wait()


def tell_gdb_line(qemu: subprocess.Popen[bytes], gdb: Path) -> None:
    """Prints how to connect once QEMU listens. If QEMU ends instead, it has said why."""
    while qemu.poll() is None:
        if gdb.exists():
            print(f"waits for gdb; in another terminal: {gdb_line(gdb)}", flush=True)
            return
        time.sleep(0.01)


def relay_until_end(qemu: subprocess.Popen[bytes], port: int) -> int:
    """Copies both streams until QEMU closes them; prints the address before the console."""
    announced = False
    with selectors.DefaultSelector() as streams:
        show = Console()
        streams.register(qemu.stdout, selectors.EVENT_READ, show)
        streams.register(qemu.stderr, selectors.EVENT_READ, Complaints())
        while streams.get_map():
            ready = [(key, os.read(key.fd, 65536)) for key, _ in
                     streams.select(None if announced else SILENCE_S)]
            speaks = any(data and key.data is show for key, data in ready)
            if not announced and (speaks or not ready):
                print(f"http://localhost:{port}/ (Ctrl-C ends it)", flush=True)
                announced = True
            for key, data in ready:
                key.data(data) if data else streams.unregister(key.fileobj)
    return 0 if qemu.wait() == 0 else 1


class Console:
    """Copies the machine's console to stdout at once; adds a backtrace after a panic."""

    def __init__(self) -> None:
        self._line = b""  # the unfinished one
        self._backtraces = symbolize.Backtraces()

    def __call__(self, data: bytes) -> None:
        for piece in data.replace(b"\r\n", b"\n").splitlines(keepends=True):
            sys.stdout.buffer.write(piece)
            self._line += piece
            if piece.endswith(b"\n"):
                line, self._line = self._line.decode(errors="replace").rstrip("\r\n"), b""
                for more in self._backtraces.hear(line):
                    sys.stdout.buffer.write(f"{more}\n".encode())
        sys.stdout.buffer.flush()


class Complaints:
    """Shows QEMU's error messages, which come in pieces, line by line."""

    def __init__(self) -> None:
        self._unfinished = ""

    def __call__(self, data: bytes) -> None:
        """Shows complete lines. PortTaken if QEMU can't open the port: try the next one."""
        *lines, self._unfinished = (self._unfinished + data.decode(errors="replace")).split("\n")
        for line in lines:
            if "Could not set up host forwarding rule" in line:
                raise PortTaken
            print(f"mote: {one_line(line.removeprefix(QEMU + ': '))}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(run(RunOptions()))
