"""The host's end of the guest agent's channel: what libvirt and Proxmox VE send, and read."""

import json
import socket
from pathlib import Path
from typing import Any


class AgentClient:
    """A connection to QEMU's socket for the channel."""

    def __init__(self, path: Path, timeout: float = 20) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._socket.connect(str(path))
        self._left = b""

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def ask(self, command: str, **arguments: Any) -> Any:
        """Runs a command and returns the value of its answer."""
        answer = self.answer(command, **arguments)
        assert "error" not in answer, answer
        return answer["return"]

    def answer(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Runs a command and returns the whole answer."""
        request = {"execute": command} | ({"arguments": arguments} if arguments else {})
        self.send(json.dumps(request).encode() + b"\n")
        return self.read()

    def read(self) -> dict[str, Any]:
        """The next answer."""
        return json.loads(self.read_line().lstrip(b"\xff"))

    def read_line(self) -> bytes:
        while b"\n" not in self._left:
            piece = self._socket.recv(65536)
            assert piece, "the channel was closed"
            self._left += piece
        line, _, self._left = self._left.partition(b"\n")
        return line

    def synchronize(self, number: int = 4711) -> None:
        """As clients begin: 0xFF ends whatever the agent was reading, and its answer says where to
        begin (guest-sync-delimited).
        """
        self.send(b"\xff")
        request = {"execute": "guest-sync-delimited", "arguments": {"id": number}}
        self.send(json.dumps(request).encode() + b"\n")
        while True:
            _, mark, rest = self.read_line().rpartition(b"\xff")
            if mark and json.loads(rest) == {"return": number}:
                return

    def close(self) -> None:
        self._socket.close()
