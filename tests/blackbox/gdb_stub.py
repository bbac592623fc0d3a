"""A client of QEMU's stub for the GDB remote serial protocol (GDB's manual, appendix E): just
enough to read a machine's memory and to make it do what it never would by itself."""

import socket
import struct
from pathlib import Path

TIMEOUT_S = 60

# Registers in the order of the reply to the `g` packet, for x86-64.
GENERAL = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
           "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip")


class GdbStub:
    """Connecting stops the machine; `resume` lets it go on."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect(str(path))
        self._stream = self._socket.makefile("rb")
        # The stub may report unasked that the machine has stopped: then one reply too many comes.
        self._send("?")
        self._send("qC")
        while not self._receive().startswith("QC"):
            pass

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _send(self, packet: str) -> None:
        body = packet.encode()
        self._socket.sendall(b"$%s#%02x" % (body, sum(body) % 256))

    def _receive(self) -> str:
        """Receives one packet and acknowledges it; skips acknowledgements of ours."""
        while (first := self._stream.read(1)) in (b"+", b"-"):
            pass
        assert first == b"$", first
        body = b""
        while (byte := self._stream.read(1)) != b"#":
            assert byte, "the stub has gone"
            body += byte
        self._stream.read(2)
        self._socket.sendall(b"+")
        return body.decode()

    def ask(self, packet: str) -> str:
        self._send(packet)
        return self._receive()

    def read(self, address: int, count: int) -> bytes:
        return bytes.fromhex(self.ask(f"m{address:x},{count:x}"))

    def write(self, address: int, data: bytes) -> None:
        """Writes memory, whatever the page tables allow."""
        assert self.ask(f"M{address:x},{len(data):x}:{data.hex()}") == "OK"

    def set_registers(self, **values: int) -> None:
        raw = bytearray.fromhex(self.ask("g"))
        for name, value in values.items():
            struct.pack_into("<Q", raw, 8 * GENERAL.index(name), value)
        assert self.ask("G" + raw.hex()) == "OK"

    def register(self, name: str) -> int:
        return struct.unpack_from("<Q", bytes.fromhex(self.ask("g")), 8 * GENERAL.index(name))[0]

    def run_to(self, address: int) -> None:
        """Lets the machine run until it reaches an address."""
        assert self.ask(f"Z0,{address:x},1") == "OK"
        assert self.ask("c").startswith("T05")
        assert self.ask(f"z0,{address:x},1") == "OK"
        assert self.register("rip") == address

    def step(self) -> None:
        assert self.ask("s").startswith("T05")

    def resume(self) -> None:
        self._send("c")
