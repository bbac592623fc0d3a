"""A laboratory: a network namespace of the test's own, with wires, addresses and tools in it.

Nothing in it can reach the world: its only way out is the machines under test.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tools.base import setup

ENVIRONMENT = os.environ | {"LC_ALL": "C.UTF-8", "PATH": setup.search_path()}
AGENT = Path(__file__).with_name("lab_agent.py")
PR_SET_PDEATHSIG = 1  # prctl(2)
# Loaded here, not in the child: a child forked beside threads may take no lock that one of them
# might hold.
PRCTL = ctypes.CDLL(None).prctl
SETTABLE = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
ETH_P_ALL = 3

Result = TypeVar("Result")


class LabUnavailable(Exception):
    """This host won't let us make a namespace or a tap in it; the message says why."""


def heed_signals() -> None:
    """Runs in a child: restores the default action of signals.

    Ignored and blocked signals are inherited: SIGHUP under nohup, SIGINT and SIGQUIT in the
    background (POSIX.1-2017, XCU 2.11). A test that ends a program by such a signal would wait for
    ever.
    """
    for number in SETTABLE:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def die_with_parent() -> None:
    """Runs in a child: has the kernel end it should the test process die."""
    heed_signals()
    PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)


def until(condition: Callable[[], Result], what: str, deadline_s: float = 30) -> Result:
    """Waits until a condition holds; fails naming what did not come."""
    end = time.monotonic() + deadline_s
    while not (result := condition()):
        assert time.monotonic() < end, f"{what}: not within {deadline_s} s"
        time.sleep(0.02)
    return result


def end(process: subprocess.Popen[Any]) -> None:
    """Ends a process that we started, by force if need be."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


class Lab:
    """A namespace, held by an agent process that lives in it."""

    HOST = "192.0.2.1"
    GUEST = "192.0.2.2"
    PREFIX = 24

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[Any]] = []
        self._asking = threading.Lock()  # else a thread gets what another has asked the agent for
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(20)
        self._as_root = False
        reasons = []
        for way in (["-rn"], ["-n"]):
            self._agent = self._start_agent(way, theirs)
            try:
                if self._control.recv(16) == b"ready":
                    self._as_root = way == ["-n"]
                    break
            except (TimeoutError, ConnectionError):
                pass
            end(self._agent)
            reasons.append((self._agent.stderr.read() or b"no word").decode().strip())
            self._control.close()
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._control.settimeout(20)
        else:
            self._control.close()
            raise LabUnavailable("no network namespace: " + "; ".join(reasons))
        self.run("ip", "link", "set", "lo", "up")

    def _start_agent(self, way: list[str], theirs: socket.socket) -> subprocess.Popen[bytes]:
        agent = subprocess.Popen(
            ["unshare", *way, sys.executable, "-S", str(AGENT), str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=ENVIRONMENT, preexec_fn=die_with_parent)
        theirs.close()
        return agent

    def _enter(self, command: Sequence[str]) -> list[str]:
        user = [] if self._as_root else ["-U", "--preserve-credentials"]
        return ["nsenter", *user, "-n", "-t", str(self._agent.pid), "--", *command]

    def run(self, *command: str, check: bool = True, timeout: float = 60,
            input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command inside and waits for it; output is text."""
        result = subprocess.run(self._enter(command), text=True, capture_output=True, input=input,
                                timeout=timeout, check=False, errors="surrogateescape",
                                env=ENVIRONMENT,
                                stdin=None if input is not None else subprocess.DEVNULL,
                                preexec_fn=die_with_parent)
        assert not check or result.returncode == 0, \
            f"{' '.join(command)}: status {result.returncode}\n{result.stdout}{result.stderr}"
        return result

    def start(self, *command: str, **options: Any) -> subprocess.Popen[Any]:
        """Starts a command inside; the lab ends it when it closes."""
        process = subprocess.Popen(self._enter(command), preexec_fn=die_with_parent,
                                   env=ENVIRONMENT, **{"stdin": subprocess.DEVNULL} | options)
        self._processes.append(process)
        return process

    def set_kernel(self, name: str, value: str) -> None:
        """Sets a network sysctl of the namespace, by its path in /proc/sys."""
        self.run("tee", f"/proc/sys/{name}", input=value)

    def _make(self, **request: Any) -> int:
        with self._asking:
            self._control.send(json.dumps(request).encode())
            answer, descriptors, _, _ = socket.recv_fds(self._control, 4096, 1)
        if not descriptors:
            raise OSError(answer.decode())
        return descriptors[0]

    def new_socket(self, kind: int = socket.SOCK_STREAM, family: int = socket.AF_INET,
               protocol: int = 0) -> socket.socket:
        """A socket that lives in the lab."""
        descriptor = self._make(make="socket", family=family, type=kind, protocol=protocol)
        made = socket.socket(fileno=descriptor)
        made.settimeout(20)
        return made

    def connect(self, port: int = 80, address: str = GUEST, timeout: float = 20) -> socket.socket:
        """A TCP connection from within the lab."""
        made = self.new_socket()
        made.settimeout(timeout)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.connect((address, port))
        return made

    def raw(self, interface: str = "mote0") -> socket.socket:
        """A raw socket for whole frames on an interface, both ways."""
        made = self.new_socket(socket.SOCK_RAW, socket.AF_PACKET, socket.htons(ETH_P_ALL))
        made.bind((interface, ETH_P_ALL))
        return made

    def tap(self, name: str = "mote0", address: str | None = f"{HOST}/{PREFIX}",
            offload: bool = True) -> int:
        """Makes a wire and returns the end for QEMU. The wire lasts as long as that end is open."""
        try:
            wire = self._make(make="tap", name=name, offload=offload)
        except OSError as error:
            raise LabUnavailable(f"no tap: {error}") from error
        # A queue long enough for a burst to arrive whole; no IPv6 chatter from the host.
        settings = f"link set {name} addrgenmode none\nlink set {name} txqueuelen 30000 up\n"
        if address:
            settings += f"addr add {address} dev {name}\n"
        self.run("ip", "-batch", "-", input=settings)
        return wire

    def mac(self, interface: str = "mote0") -> bytes:
        """The hardware address of the lab's side of a wire."""
        text = json.loads(self.run("ip", "-j", "link", "show", interface).stdout)[0]["address"]
        return bytes.fromhex(text.replace(":", ""))

    def close(self) -> None:
        """Ends everything inside; the namespace disappears with its last process."""
        for process in reversed(self._processes):
            end(process)
        self._control.close()
        end(self._agent)
        self._agent.stderr.close()
