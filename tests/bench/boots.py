"""Booting: instructions from reset, time to the first response, the smallest memory."""

import re
import select
import socket
import time
from collections.abc import Iterator

import settings_disks
from clients import NotPossible, build_application
from figures import BOOT, INSTRUCTIONS, SIZE, Figure, of_several
from lab import Lab
from world import REQUEST, SMALL_SITE, BenchMachine, World

WAYS = (("q35", "pvh"), ("q35", "bios"), ("pc", "pvh"), ("pc", "bios"), ("microvm", "pvh"))
UEFI_MIB = 128
UEFI_PATIENCE_S = 240
TITLES = {"pvh": "PVH", "bios": "BIOS disk"}
DISK_NETWORK = f"version: 2\nethernets: {{eth0: {{addresses: [{Lab.GUEST}/{Lab.PREFIX}]}}}}\n"
LEAST_MIB, MOST_MIB = 2, 8
TIMED = 5  # boots to time
PATIENCE_S = 20
KNOCK_S = 0.02  # between two attempts to reach a booting machine


def name(machine: str, boot: str) -> str:
    return f"{machine}, {TITLES[boot]}"


def get(connection: socket.socket) -> None:
    """Sends one GET and reads its whole response."""
    connection.sendall(REQUEST.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        came = connection.recv(65536)
        assert came, f"closed after {answer!r}"
        answer += came
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:100]


def count_boot(world: World, machine: BenchMachine) -> tuple[float, float, float]:
    """Instructions from reset to `ready`, those of them in Mote itself, and from reset to the first
    200."""
    with world.counted(machine, SMALL_SITE) as (guest, meter):
        guest.ready()
        at_ready = meter.read()
        with world.lab.connect() as connection:
            get(connection)
        at_answer = meter.read()
        return meter.work(at_ready), meter.work(meter.own(at_ready)), meter.work(at_answer)


def boot_instructions(world: World, repeat: int, ways: tuple[tuple[str, str], ...] = WAYS
                      ) -> Iterator[Figure]:
    """The lowest of several boots: waiting for a disk or a clock can only add."""
    for machine, boot in ways:
        made = world.machine(machine=machine, boot=boot)
        counts = [count_boot(world, made) for _ in range(repeat)]
        key = f"{machine}_{boot}"
        for index, (what, title) in enumerate((("ready", "from reset to `ready`"),
                                               ("own", "of these in Mote, not QEMU's firmware"),
                                               ("answer", "from reset to the first 200"))):
            values = [one[index] for one in counts]
            yield Figure(INSTRUCTIONS, f"boot_{key}_{what}", f"{name(machine, boot)}: {title}",
                         "instructions", min(values), min(values), max(values))
    if ways == WAYS:
        yield from uefi_instructions(world, repeat)


def uefi_instructions(world: World, repeat: int) -> Iterator[Figure]:
    """UEFI's firmware costs hundreds of times what Mote does, and never twice the same: what counts
    is how far the boot is above what the firmware needs for an application that does nothing."""
    machine = world.machine(boot="uefi", memory_mib=UEFI_MIB)
    application = build_application(world.folder)
    floors, readies = [], []
    for _ in range(repeat):
        with world.counted(machine, image=application) as (guest, meter):
            guest.console.wait_for("floor", UEFI_PATIENCE_S)
            floors.append(meter.work(meter.read()))
        with world.counted(machine, SMALL_SITE) as (guest, meter):
            guest.ready(UEFI_PATIENCE_S)
            readies.append(meter.work(meter.read()))
    for key, title, values in (("floor", "an application that does nothing", floors),
                               ("ready", "from reset to `ready`", readies)):
        yield Figure(INSTRUCTIONS, f"boot_q35_uefi_{key}", f"q35, UEFI: {title}", "instructions",
                     min(values), min(values), max(values))
    yield Figure(INSTRUCTIONS, "boot_q35_uefi_above",
                 "q35, UEFI: `ready`, above such an application", "instructions",
                 min(readies) - min(floors))


def disk_instructions(world: World) -> Iterator[Figure]:
    """What settings cost that come from a disk, by device, or that aren't there after all."""
    folder = world.folder / "seed"
    folder.mkdir()
    files = {"meta-data": "instance-id: bench\n", "user-data": "#mote\n[http]\nport = 80\n",
             "network-config": DISK_NETWORK}
    seed = settings_disks.MAKERS["genisoimage, Joliet and Rock Ridge"](folder, "cidata", files)
    others = {"q35 with an empty CD drive": ("q35", ("-device", "ide-cd,bus=ide.0")),
              "pc with an empty CD drive": ("pc", ("-device", "ide-cd,bus=ide.1,unit=0"))}
    devices = {f"{settings_disks.machine_for(device)} with a settings disk: {device}":
               (settings_disks.machine_for(device), settings_disks.attached(device, seed))
               for device in settings_disks.DEVICES}
    for title, (machine, extra) in (others | devices).items():
        nic = {"nic": "virtio-net-device"} if machine.endswith("no PCI") else {}
        _, own, _ = count_boot(world, world.machine(machine=machine, extra=extra, **nic))
        key = "boot_disk_" + re.sub(r"\W+", "_", title.rpartition(": ")[2])
        yield Figure(INSTRUCTIONS, key, f"{title}; Mote's own to `ready`", "instructions", own)


def knock(lab: Lab, deadline: float) -> socket.socket:
    """Connects to a booting machine as soon as possible. Frames for a NIC that is not up yet wait
    in the tap or are lost, hence one attempt after the other."""
    poller = select.poll()
    attempts: dict[int, socket.socket] = {}
    try:
        while time.monotonic() < deadline:
            attempt = lab.new_socket()
            attempt.setblocking(False)
            attempt.connect_ex((Lab.GUEST, 80))
            attempts[attempt.fileno()] = attempt
            poller.register(attempt, select.POLLOUT)
            for descriptor, _ in poller.poll(KNOCK_S * 1000):
                poller.unregister(descriptor)
                found = attempts.pop(descriptor)
                if found.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    found.settimeout(PATIENCE_S)
                    return found
                found.close()
        raise NotPossible(f"no answer within {PATIENCE_S} s")
    finally:
        for attempt in attempts.values():
            attempt.close()


def time_boot(world: World, machine: BenchMachine) -> float:
    """Milliseconds from QEMU's start to the first 200."""
    with world.start(machine, SMALL_SITE):
        with knock(world.lab, world.started + PATIENCE_S) as connection:
            get(connection)
        return (time.monotonic() - world.started) * 1000


def boot_times(world: World) -> Iterator[Figure]:
    for machine, boot in WAYS:
        made = world.machine(machine=machine, boot=boot)
        times = [time_boot(world, made) for _ in range(TIMED)]
        yield of_several(BOOT, f"start_{machine}_{boot}",
                         f"{name(machine, boot)}: from QEMU's start to the first 200", "ms", times)


def serves(world: World, machine: BenchMachine, patience_s: float) -> bool:
    with world.start(machine, SMALL_SITE) as guest:
        try:
            guest.ready(patience_s)
            guest.http_answers(patience_s)
        except (AssertionError, OSError):
            return False
        return True


def least_memory(world: World, machine: str, boot: str) -> int | None:
    """The least memory in MiB with which a machine serves the example site, counting down from a
    size that surely works. A machine with too little says nothing, or not everything, so each gets
    a few times as long as the largest took."""
    least, patience_s = None, float(PATIENCE_S)
    for memory in range(MOST_MIB, LEAST_MIB - 1, -1):
        made = world.machine(machine=machine, boot=boot, memory_mib=memory)
        if not serves(world, made, patience_s):
            break
        if least is None:
            patience_s = 3 + 3 * (time.monotonic() - world.started)
        least = memory
    return least


def smallest_memory(world: World) -> Iterator[Figure]:
    for machine, boot in (("pc", "pvh"), ("pc", "bios")):
        least = least_memory(world, machine, boot)
        yield Figure(SIZE, f"memory_{machine}_{boot}",
                     f"{name(machine, boot)}: smallest machine that serves", "MiB", least,
                     note="" if least else f"not even with {MOST_MIB} MiB")
