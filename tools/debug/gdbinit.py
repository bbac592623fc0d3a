"""For gdb: loads Mote's symbols, and prints packets, rings, connections and addresses readably.

`./mote run --debug` prints the command that loads it. Printers only read memory and call nothing.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import gdb

ROOT = Path(__file__).resolve().parents[2]
FRAME_SHOWN = 54  # Ethernet, IPv4 and TCP without options
PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP"}
TYPES = {0x0806: "ARP", 0x0800: "IPv4", 0x86DD: "IPv6"}


def elements(value: gdb.Value) -> list[gdb.Value]:
    """The elements of a std::array."""
    array = value[value.type.strip_typedefs().fields()[0]]
    return [array[index] for index in range(array.type.strip_typedefs().range()[1] + 1)]


def mac_text(data: bytes) -> str:
    return ":".join(f"{octet:02x}" for octet in data)


def ipv4_text(value: int) -> str:
    return ".".join(str(octet) for octet in value.to_bytes(4, "big"))


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def frame_text(data: bytes) -> str:
    """A frame's source, destination and content.

    lwIP swaps the bytes of a TCP header's fields in place when it receives a segment, ports
    included.
    """
    kind = number(data[12:14])
    text = f"{mac_text(data[6:12])} > {mac_text(data[:6])}, {TYPES.get(kind, hex(kind))}"
    if kind != 0x0800 or data[14] >> 4 != 4:
        return text
    ends = [ipv4_text(number(data[at:at + 4])) for at in (26, 30)]
    at = 14 + 4 * (data[14] & 15)
    if data[23] in (6, 17) and at + 4 <= len(data):
        ends = [f"{end}:{number(data[port:port + 2])}" for end, port in zip(ends, (at, at + 2))]
    protocol = PROTOCOLS.get(data[23], f"protocol {data[23]}")
    return f"{text} {ends[0]} > {ends[1]}, {protocol}, {number(data[16:18])} bytes"


def packet_text(index: int) -> str:
    """A buffer of the packet pool, by its number."""
    if index == 0xFFFF:
        return "none"
    pool = gdb.lookup_global_symbol("mote::(anonymous namespace)::pool") or \
        gdb.lookup_static_symbol("mote::(anonymous namespace)::pool")
    pool = pool.value()
    if index >= int(pool["fresh_"]):
        return f"packet {index}, never used"
    offset = int(gdb.parse_and_eval("mote::Packet::kFrameOffset"))
    address = int(pool["buffers_"][index].address) + offset
    frame = bytes(gdb.selected_inferior().read_memory(address, FRAME_SHOWN))
    return f"packet {index} at {address:#x}: {frame_text(frame)}"


class Text:
    """Shows a value as one line of text, or gdb's error if it can't be read."""

    def __init__(self, value: gdb.Value, text: Callable[[gdb.Value], str]) -> None:
        self._value = value
        self._text = text

    def to_string(self) -> str:
        try:
            return self._text(self._value)
        except (gdb.error, gdb.MemoryError) as error:
            return f"<{error}>"


def packet(value: gdb.Value) -> str:
    index = int(value["index_"])
    return packet_text(index) if index == 0xFFFF else \
        f"{packet_text(index)} (frame of {int(value['bytes_'])} bytes)"


def split_ring(value: gdb.Value) -> str:
    entries = int(value["entries_"])
    if entries == 0:
        return "split ring, not attached"
    unpublished, done = ((int(ahead) - int(behind)) & 0xFFFF for ahead, behind in (
        (value["offered_"], value["published_"]), (value["used_"]["index"], value["taken_"])))
    return (f"split ring of {entries}: {int(value['lent_'])} chains lent, {unpublished} of them "
            f"unpublished, {done} to be taken back")


def receive_ring(value: gdb.Value) -> str:
    """A ring of e1000's, whose counts run on without wrapping at the ring's end."""
    lent = int(value["filled_"]) - int(value["taken_"]) & 0xFFFF
    return (f"receive ring: {lent} of {int(value['batch_']['buffers_'])} lent, "
            f"{int(value['taken_'])} taken back")


def transmit_ring(value: gdb.Value) -> str:
    taken, published, filled = (int(value[name]) for name in ("taken_", "published_", "filled_"))
    return (f"transmit ring: {(filled - taken) & 0xFFFF} lent, "
            f"{(filled - published) & 0xFFFF} of them unpublished, {taken} taken back")


def buffer_ring(value: gdb.Value) -> str:
    filled, lent, told = (int(value[name]) for name in ("filled_", "lent_", "told_"))
    most = int(value["batch_"]["buffers_"])
    return (f"buffer ring: {(lent - filled) & 0xFFFFFFFF} of {most} lent, "
            f"{(lent - told) & 0xFFFFFFFF} of them unpublished")


def connection(value: gdb.Value) -> str:
    phase = str(value["phase_"]).rpartition("::k")[2].lower()
    pcb = value["stream_"]["pcb_"]
    if int(pcb) == 0:
        return f"connection, {phase}"
    peer = f"{ipv4_text(swapped(int(pcb['remote_ip']['addr'])))}:{int(pcb['remote_port'])}"
    state = str(pcb["state"])
    flags = [field.name.rstrip("_") for field in value.type.fields()
             if field.type.strip_typedefs().code == gdb.TYPE_CODE_BOOL and value[field]]
    unacked = (int(pcb["snd_nxt"]) - int(pcb["lastack"])) & 0xFFFFFFFF
    return (f"connection from {peer}, {phase}, {state}, {unacked} bytes unacknowledged, "
            f"window {int(pcb['snd_wnd'])}{''.join(f', {flag}' for flag in flags)}")


def swapped(value: int) -> int:
    """An address in our byte order; lwIP keeps them in the wire's."""
    return int.from_bytes(value.to_bytes(4, "little"), "big")


TEXTS: dict[str, Callable[[gdb.Value], str]] = {
    "mote::Packet": packet,
    "mote::PacketIndex": lambda value: packet_text(int(value)),
    "mote::MacAddress": lambda value: mac_text(bytes(map(int, elements(value["octets"])))),
    "mote::Ipv4Address": lambda value: ipv4_text(int(value["value"])),
    "mote::Ipv4Prefix": lambda value: f"{ipv4_text(int(value['address']))}/{int(value['length'])}",
    "mote::PhysicalAddress": lambda value: f"{int(value['value']):#x}",
    "ip4_addr": lambda value: ipv4_text(swapped(int(value["addr"]))),
    "mote::virtio::SplitRing": split_ring,
    "mote::e1000::ReceiveRing": receive_ring,
    "mote::e1000::TransmitRing": transmit_ring,
    "mote::vmxnet3::BufferRing": buffer_ring,
    "mote::http::Connection": connection,
}


def printer_of(value: gdb.Value) -> Text | None:
    name = value.type.strip_typedefs().unqualified().name
    return Text(value, TEXTS[name]) if name in TEXTS else None


class Connections(gdb.Command):
    """List the HTTP connections by phase, those longest in a phase first."""

    def __init__(self) -> None:
        super().__init__("mote-connections", gdb.COMMAND_DATA)

    def invoke(self, argument: str, from_tty: bool) -> None:
        count = 0
        for one in connections():
            print(f"{int(one.address):#x}: {connection(one)}")
            count += 1
        print(f"{count} connections")


def connections() -> Iterator[gdb.Value]:
    queues = gdb.parse_and_eval("mote::http::server")["queues"]
    for queue in elements(queues):
        at = queue["front_"]
        while int(at) != 0:
            yield at.dereference()
            at = at["next_"]


gdb.execute("set pagination off")
gdb.execute("set print pretty on")
gdb.execute(f"directory {ROOT}")
gdb.execute(f"file {ROOT}/build/kernel.elf")
gdb.pretty_printers.append(printer_of)
Connections()
