"""Lives in a lab's network namespace and hands out what only it can make: sockets and taps.

Run as `lab_agent.py FD`, FD being a SOCK_SEQPACKET socket. Each request is one JSON object; the
answer carries an error or one file descriptor. A socket stays in the namespace it was made in, so
tests use these from outside like any other. The agent ends when its parent does.
"""

import fcntl
import json
import os
import socket
import struct
import sys

# linux/if_tun.h
TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
IFF_VNET_HDR = 0x4000


def make_tap(name: str, offload: bool) -> int:
    """Opens a tap; with `offload`, frames carry virtio's header and checksums may be unfinished."""
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    flags = IFF_TAP | IFF_NO_PI | (IFF_VNET_HDR if offload else 0)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    return tap


def make(request: dict) -> int:
    """Makes the file descriptor that a request asks for."""
    if request["make"] == "tap":
        return make_tap(request["name"], request["offload"])
    return socket.socket(request["family"], request["type"], request["protocol"]).detach()


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    control.send(b"ready")
    while request := control.recv(4096):
        try:
            made = make(json.loads(request))
        except OSError as error:
            control.send(str(error).encode())
            continue
        socket.send_fds(control, [b"ok"], [made])
        os.close(made)


if __name__ == "__main__":
    main()
