"""A machine under test: one QEMU with Mote in it, its console, and its end."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import Lab, die_with_parent, end

QEMU = "qemu-system-x86_64"
MACHINES = {"pc": "pc", "q35": "q35", "microvm": "microvm,pcie=on", "microvm, no PCI": "microvm"}
MAC = "52:54:00:4d:6f:74"

# How a disk is attached on pc and q35; {disk} is the -drive of the image.
DISKS = {
    "ide": ["-drive", "{disk},if=ide"],
    "ahci": ["-device", "ahci,id=ahci", "-drive", "{disk},if=none,id=d",
             "-device", "ide-hd,drive=d,bus=ahci.0"],
    "virtio-blk": ["-drive", "{disk},if=virtio"],
    "virtio-scsi": ["-device", "virtio-scsi-pci", "-drive", "{disk},if=none,id=d",
                    "-device", "scsi-hd,drive=d"],
    "usb": ["-device", "qemu-xhci", "-drive", "{disk},if=none,id=d",
            "-device", "usb-storage,drive=d"],
    "nvme": ["-drive", "{disk},if=none,id=d", "-device", "nvme,drive=d,serial=mote"],
}

# microvm has none of these controllers, and its default firmware, qboot, boots kernels only. The
# build of SeaBIOS for microvm boots from virtio-mmio.
MICROVM_BIOS = ["-bios", "/usr/share/seabios/bios-microvm.bin",
                "-drive", "{disk},if=none,id=d", "-device", "virtio-blk-device,drive=d"]

# Debian's ovmf: UEFI's firmware, and its variables as they are at first.
UEFI_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
UEFI_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")

# Generous: two cores running a dozen tests make a machine slow without its being broken.
BOOT_S = 60

STATIC = f"network.0.address={Lab.GUEST}/{Lab.PREFIX}"
# While nothing happens it leaves the processor to its test's clients, and to other tests.
DOZING = f"{STATIC}\nidle=doze"


@dataclass(frozen=True)
class Machine:
    """The parts of a machine; each dimension can be chosen independently."""

    machine: str = "q35"
    boot: str = "pvh"  # or "bios", or "uefi"
    firmware: tuple[Path, Path] = (UEFI_CODE, UEFI_VARIABLES)  # of UEFI
    memory_mib: int = 8
    cpu: str = "qemu64"
    disk: str | tuple[str, ...] = "virtio-blk"  # a key of DISKS, or arguments like its values
    nic: str | None = "virtio-net-pci"  # for -device; None: no NIC
    netdev: str = "tap,id=net0,fd={fd}"  # the wire's end
    nic_first: tuple[str, ...] = ()  # arguments needed before those of NIC and disk (bridges)
    settings: str | None = STATIC  # for fw_cfg; None: DHCP
    command_line: str = ""  # for the kernel, over PVH or `-kernel` with UEFI
    serial: bool = True
    reboots: bool = False  # whether a reset begins a new run, rather than ending QEMU
    extra: tuple[str, ...] = ()

    def arguments(self, image: Path, settings: Path, results: Path, wire: int | None,
                  monitor: int) -> list[str]:
        """QEMU's command line."""
        line = [QEMU, "-machine", MACHINES[self.machine], "-accel", "tcg", "-cpu", self.cpu,
                "-m", str(self.memory_mib), "-nodefaults", "-display", "none",
                *(() if self.reboots else ("-no-reboot",)),
                "-chardev", "stdio,id=console,signal=off", "-serial",
                "chardev:console" if self.serial else "none",
                "-chardev", f"socket,id=monitor,fd={monitor}", "-mon",
                "chardev=monitor,mode=control", *self.nic_first]
        if self.boot == "uefi":
            line += self.uefi_words(results)
        if image.suffix in (".elf", ".efi"):
            line += ["-kernel", str(image)]
            line += ["-append", self.command_line] if self.command_line else []
        else:
            disk = f"file={image},format=raw,snapshot=on"
            line += [word.format(disk=disk) for word in self.disk_words()]
        if self.settings is not None:
            settings.write_text(self.settings + "\n")
            line += ["-fw_cfg", f"name=opt/mote/config,file={settings}"]
        if self.nic:
            no_rom = "" if self.nic.startswith("virtio-net-device") else ",romfile="
            line += ["-netdev", self.netdev.format(fd=wire),
                     "-device", f"{self.nic},netdev=net0,mac={MAC}{no_rom}",
                     "-object", f"filter-dump,id=dump0,netdev=net0,maxlen=2048,"
                                f"file={results}/capture.pcap"]
        return [*line, *self.extra]

    def uefi_words(self, results: Path) -> list[str]:
        """The arguments for UEFI's firmware, with variables of the machine's own."""
        code, variables = self.firmware
        own = results / "variables.fd"
        shutil.copyfile(variables, own)
        return ["-drive", f"if=pflash,format=raw,readonly=on,file={code}",
                "-drive", f"if=pflash,format=raw,file={own}"]

    def disk_words(self) -> Sequence[str]:
        """The arguments that attach the boot disk, which is {disk} in them."""
        if self.machine.startswith("microvm"):
            return MICROVM_BIOS
        return DISKS[self.disk] if isinstance(self.disk, str) else self.disk


@dataclass
class Console:
    """The machine's output, line by line, with a way to wait for more."""

    lines: list[str] = field(default_factory=list)
    ended: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def read(self, stream: Any, log: Path) -> None:
        """Collects lines until the stream ends; runs in its own thread."""
        with log.open("wb") as copy:
            while line := stream.readline():
                copy.write(line)
                copy.flush()
                with self.changed:
                    self.lines.append(line.decode(errors="replace").rstrip("\r\n"))
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def find(self, pattern: str, start: int = 0) -> re.Match[str] | None:
        """The first match in the lines so far."""
        for line in list(self.lines[start:]):
            if match := re.search(pattern, line):
                return match
        return None

    def wait_for(self, pattern: str, deadline_s: float = BOOT_S, start: int = 0) -> re.Match[str]:
        """Waits for a line; fails at once if the machine has gone, or when time is up."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or self.find(pattern, start), deadline_s)
        match = self.find(pattern, start)
        why = "the machine ended" if self.ended else f"not within {deadline_s} s"
        assert match, f"no console line like /{pattern}/ ({why}); last lines:\n" + \
            "\n".join(self.lines[-25:])
        return match


class Guest:
    """A running machine."""

    def __init__(self, lab: Lab, machine: Machine, image: Path, results: Path,
                 wire: int | None = None, more_wires: tuple[int, ...] = ()) -> None:
        """Takes ownership of the wires; without any, makes the lab's usual one."""
        self.lab = lab
        self.machine = machine
        self.results = results
        self.console = Console()
        results.mkdir(parents=True, exist_ok=True)
        if machine.nic and wire is None:
            wire = lab.tap()
        ours, theirs = socket.socketpair()
        command = machine.arguments(image, results / "settings.txt", results, wire,
                                    theirs.fileno())
        (results / "command.txt").write_text(" ".join(command) + "\n")
        wires = [fd for fd in (wire, *more_wires) if fd is not None]
        with (results / "qemu.log").open("wb") as errors:
            self._qemu = subprocess.Popen(
                command, pass_fds=[*wires, theirs.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, preexec_fn=die_with_parent)
        theirs.close()
        for taken in wires:
            os.close(taken)
        self._monitor = ours
        self._monitor_text = ours.makefile("r")
        self._monitor.settimeout(30)
        self._reader = threading.Thread(target=self.console.read, daemon=True, args=(
            self._qemu.stdout, results / "serial.log"))
        self._reader.start()
        self._monitor_ready = False
        self._events: list[dict[str, Any]] = []  # those that QMP has reported

    def ready(self, deadline_s: float = BOOT_S) -> "Guest":
        """Waits for the line `ready`, the last of the boot."""
        try:
            self.console.wait_for(r"^ready$", deadline_s)
        except AssertionError as error:
            said = (self.results / "qemu.log").read_text()
            raise AssertionError(f"{error}\nQEMU said: {said or 'nothing'}") from None
        return self

    @property
    def running(self) -> bool:
        return self._qemu.poll() is None

    @property
    def pid(self) -> int:
        """QEMU's process ID."""
        return self._qemu.pid

    def wait_for_end(self, deadline_s: float = BOOT_S) -> None:
        """Waits for QEMU to end by itself, as after a reset under -no-reboot."""
        self._qemu.wait(deadline_s)
        self._reader.join(10)

    def ask(self, command: str, **arguments: Any) -> Any:
        """Runs a QMP command."""
        if not self._monitor_ready:
            self._monitor_ready = True
            json.loads(self._monitor_text.readline())
            self.ask("qmp_capabilities")
        request = {"execute": command, "arguments": arguments}
        self._monitor.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = json.loads(self._monitor_text.readline())
            assert "error" not in answer, answer
            if "event" in answer:
                self._events.append(answer)
            if "return" in answer:
                return answer["return"]

    def press_button(self) -> None:
        """Presses the power button."""
        self.ask("system_powerdown")

    def reason_for_end(self, deadline_s: float = BOOT_S) -> str:
        """Waits for QEMU to end by itself, and returns what QMP says the reason is."""
        self.wait_for_end(deadline_s)
        self._events += [json.loads(line) for line in self._monitor_text if "event" in line]
        return next(event["data"]["reason"] for event in self._events
                    if event["event"] == "SHUTDOWN")

    def monitor(self, line: str) -> str:
        """Runs a command of QEMU's human monitor and returns its answer."""
        return self.ask("human-monitor-command", **{"command-line": line})

    def is_alive(self) -> None:
        """Fails if QEMU has ended."""
        assert self.running, "QEMU ended:\n" + (self.results / "qemu.log").read_text()

    def stop(self) -> None:
        """Ends QEMU cleanly, so that the capture is complete, or else by force."""
        if self.running:
            self._qemu.send_signal(signal.SIGTERM)
        end(self._qemu)
        self._reader.join(10)
        self._qemu.stdout.close()
        self._monitor_text.close()
        self._monitor.close()

    def http_answers(self, deadline_s: float = 30) -> bytes:
        """One GET of the front page on a new connection; returns the whole response."""
        deadline = time.monotonic() + deadline_s
        with self.lab.connect(timeout=deadline_s) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: mote\r\nConnection: close\r\n\r\n")
            response = b""
            while piece := connection.recv(65536):
                response += piece
                assert time.monotonic() < deadline, "no end of the response"
        assert response.startswith(b"HTTP/1.1 200 "), response[:200]
        return response

    def ping_answers(self) -> None:
        """Pings three times with the real ping."""
        self.lab.run("ping", "-c", "3", "-i", "0.05", "-w", "20", Lab.GUEST)

    def serves(self) -> None:
        """Ping and HTTP still answer."""
        self.is_alive()
        self.ping_answers()
        self.http_answers()
