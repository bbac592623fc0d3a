"""Doorbells and other exits per request, and how often the CPU touches a body."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import works
from figures import WORK, Figure
from machine import Guest
from tools.image import bootable
from works import Work
from world import World

# Accesses to a device's registers, by the name of the window: under KVM each leaves the guest. A
# kick of a virtqueue; an interrupt.
ACCESS = ("memory_region_ops_read", "memory_region_ops_write")
KICK, INTERRUPT = "virtio_queue_notify", "virtio_notify"
EVENTS = (*ACCESS, KICK, INTERRUPT)
WINDOW = re.compile(r"memory_region_ops_(?:read|write) .* name '(.*)'")

TRACED = ("get_64", "get_each", "mebibyte", "ping_56")


def trace(guest: Guest, on: bool) -> None:
    for event in EVENTS:
        guest.monitor(f"trace-event {event} {'on' if on else 'off'}")


def count_events(text: str) -> Counter[str]:
    """Counts kicks and interrupts by event, and accesses by window."""
    found: Counter[str] = Counter()
    for line in text.splitlines():
        event = line.split(" ", 1)[0].rpartition(":")[2]
        if window := WINDOW.search(line):
            found[window[1]] += 1
        elif event in (KICK, INTERRUPT):
            found[event] += 1
    return found


def exits(events: Counter[str]) -> int:
    """The number of register accesses, kicks included."""
    return sum(count for name, count in events.items() if name not in (KICK, INTERRUPT))


def traced(world: World, guest: Guest, log: Path, work: Work) -> tuple[Counter[str], float]:
    """The events traced during some work, and the work's units."""
    with work.client(world, work.count) as client:
        trace(guest, True)
        start = log.stat().st_size
        units = work.units(client.work())
        trace(guest, False)
        with log.open("rb") as lines:
            lines.seek(start)
            return count_events(lines.read().decode(errors="replace")), units


def exit_figures(world: World) -> Iterator[Figure]:
    log = world.folder / "trace.log"
    words = ["-D", str(log)]
    for event in EVENTS:
        words += ["-trace", f"enable={event}"]
    # QEMU would trace a kick by eventfd only when it wakes, and several of them as one.
    nic = world.nic + (",ioeventfd=off" if world.nic.startswith("virtio-net-pci") else "")
    with world.boot(replace(world.machine(nic=nic), extra=tuple(words))) as guest:
        trace(guest, False)
        for key in TRACED:
            work = works.BY_KEY[key]
            events, units = traced(world, guest, log, work)
            per = "MiB" if key == "mebibyte" else "request"
            others = exits(events) - events[KICK]
            if world.nic.startswith("virtio"):
                yield Figure(WORK, f"doorbells_{key}", f"doorbells: {work.title}", f"a {per}",
                             events[KICK] / units,
                             note=f"interrupts {events[INTERRUPT] / units:.3g}")
            yield Figure(WORK, f"exits_{key}", f"other exits: {work.title}", f"a {per}",
                         max(others, 0) / units, note=", ".join(
                             f"{name} {count / units:.3g}" for name, count in events.most_common(4)
                             if name not in (KICK, INTERRUPT)))


def address_of(elf: bytes, body: bytes) -> int:
    """The address of a body in the memory of a machine booted from an ELF."""
    at = elf.find(body)
    assert at >= 0, "the body is not in the image"
    fields = bootable.ELF_HEADER.unpack_from(elf)
    headers_at, count = fields[10], fields[15]
    for index in range(count):
        header = bootable.ProgramHeader._make(bootable.PROGRAM_HEADER.unpack_from(
            elf, headers_at + index * bootable.PROGRAM_HEADER.size))
        if (header.type == bootable.PT_LOAD
                and header.offset <= at < header.offset + header.file_bytes):
            return header.vaddr + at - header.offset
    raise AssertionError("the body is in no segment")


def touch_figures(world: World) -> Iterator[Figure]:
    """The CPU must load a body to copy it or sum it up. So the bytes it loads bound the bytes it
    copies, whatever the code looks like."""
    machine = world.machine()
    elf = world.images.bootable(world.site, machine.boot).read_bytes()
    for key, file, title in (("get_64", "index.html", "a page of 1 KiB"),
                             ("mebibyte", "large.bin", "a large file")):
        body = (world.site / file).read_bytes()
        start = address_of(elf, body)
        watch = (f"from={start:#x}", f"to={start + len(body):#x}")
        with world.counted(machine, None, *watch) as (guest, meter):
            guest.ready()
            work = works.BY_KEY[key]
            with work.client(world, 2000 if key == "get_64" else 4) as client:
                before = meter.read()
                result = client.work()
                loaded = (meter.read() - before).loaded_bytes
            yield Figure(WORK, f"touched_{key}", f"bytes of the body that the CPU loaded: {title}",
                         "for each served", loaded / result.body_bytes)
