"""The peer of the bench: what its machine is made of, piece by piece, and how pairs are told."""

import ctypes
import lzma
import socket
import stat
import struct
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/bench"))

import contenders  # noqa: E402
import linux_vm  # noqa: E402
import versus  # noqa: E402


# --- The initramfs ---

def read_archive(data: bytes) -> dict[str, tuple[list[int], bytes]]:
    """Names in order -> the header's numbers and the contents, up to the end's entry."""
    found: dict[str, tuple[list[int], bytes]] = {}
    at = 0
    while True:
        assert data[at:at + 6] == b"070701" and at % 4 == 0
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name_end = at + 110 + fields[11]
        assert data[name_end - 1] == 0
        name = data[at + 110:name_end - 1].decode()
        begin = -(-name_end // 4) * 4
        at = -(-(begin + fields[6]) // 4) * 4
        if name == "TRAILER!!!":
            assert at == len(data)
            return found
        assert name not in found
        found[name] = (fields, data[begin:begin + fields[6]])


def test_the_archive_holds_what_was_put_in(tmp_path: Path) -> None:
    for size in (0, 1, 2, 3, 4, 5000):
        (tmp_path / f"f{size}").write_bytes(b"x" * size)
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/page.html").write_bytes(b"<p>")
    out = tmp_path.parent / "archive"
    with out.open("wb") as archive:
        linux_vm.write_archive(archive, [
            linux_vm.Entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
            linux_vm.Entry("etc/passwd", stat.S_IFREG | 0o644, b"root"),
            *linux_vm.site_entries(tmp_path)])
    found = read_archive(out.read_bytes())
    fields, data = found["dev/console"]
    assert fields[1] == 0o020600 and fields[9:11] == [5, 1] and data == b""
    assert found["etc/passwd"][1] == b"root"
    assert [len(found[f"www/f{size}"][1]) for size in (0, 1, 2, 3, 4, 5000)] == \
        [0, 1, 2, 3, 4, 5000]
    assert found["www/deep/er/page.html"][1] == b"<p>"
    names = list(found)
    assert names.index("www") < names.index("www/deep") < names.index("www/deep/er") \
        < names.index("www/deep/er/page.html"), "a folder comes before what is in it"
    assert len({fields[0] for fields, _ in found.values()}) == len(found), "no hard links"


def module(depends: str) -> bytes:
    return b"\x7fELF...\0license=GPL\0depends=" + depends.encode() + b"\0name=x\0"


def test_drivers_come_behind_those_that_they_need(tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    for name, depends in {"virtio_pci": "virtio_ring,virtio", "virtio_ring": "virtio",
                          "virtio": "", "net_failover": "failover", "failover": "",
                          "other": "virtio"}.items():
        (tmp_path / f"kernel/{name}.ko").write_bytes(module(depends))
    packed = lzma.compress(module("net_failover,built_in"))
    (tmp_path / "kernel/virtio_net.ko.xz").write_bytes(packed)
    found = linux_vm.modules(tmp_path)
    assert [name for name, _ in found] == \
        ["virtio", "virtio_ring", "virtio_pci", "failover", "net_failover", "virtio_net"]
    assert found[-1][1] == module("net_failover,built_in")


def test_modules_for_pacing_are_loaded_behind_the_drivers(tmp_path: Path) -> None:
    needs = {"virtio": "", "virtio_net": "virtio", "sch_fq": "", "tcp_bbr": ""}
    for name, depends in needs.items():
        (tmp_path / f"{name}.ko").write_bytes(module(depends))
    drivers = linux_vm.module_entries(linux_vm.modules(tmp_path))
    paced = linux_vm.module_entries(linux_vm.modules(tmp_path, linux_vm.PACED), "paced-")
    names = [entry.name for entry in (*drivers, *paced)]
    assert names == sorted(names) == [
        "modules/00-virtio.ko", "modules/01-virtio_net.ko",
        "modules/paced-00-sch_fq.ko", "modules/paced-01-tcp_bbr.ko"]


# --- The kernel ---

def bz_image(blocks: list[bytes], size: int, magic: bytes = b"\x02\x21\x4c\x18") -> bytes:
    """A bzImage of two sectors of setup, whose payload is these blocks packed."""
    lz4 = ctypes.CDLL("liblz4.so.1")
    payload = magic
    for block in blocks:
        room = ctypes.create_string_buffer(len(block) + 4096)
        size_packed = lz4.LZ4_compress_default(block, room, len(block), len(room))
        payload += struct.pack("<I", size_packed) + room.raw[:size_packed]
    payload += struct.pack("<I", size)
    head = bytearray(2 * 512)
    head[0x1F1] = 1
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", head, 0x248, 16, len(payload))
    return bytes(head) + bytes(16) + payload + bytes(100)


def test_the_kernel_is_taken_out_of_its_compression() -> None:
    blocks = [b"\x7fELF" + bytes((8 << 20) - 4), b"the second block" * 99]
    whole = b"".join(blocks)
    assert linux_vm.uncompressed(bz_image(blocks, len(whole))) == whole


def test_a_kernel_that_is_not_whole_is_refused() -> None:
    block = b"kernel" * 100
    image = bz_image([block], len(block))
    with pytest.raises(RuntimeError, match="not whole"):
        linux_vm.uncompressed(bz_image([block], len(block) + 1))
    with pytest.raises(RuntimeError, match="LZ4"):
        linux_vm.uncompressed(bz_image([block], len(block), b"\xfd7zX"))
    damaged = bytearray(image)
    damaged[2 * 512 + 16 + 8] ^= 0xFF  # the first token
    with pytest.raises(RuntimeError, match="damaged|not whole"):
        linux_vm.uncompressed(bytes(damaged))


# --- Pairs ---

def test_a_ratio_above_one_is_better_for_mote() -> None:
    rate = versus.Pair("rate", "1/s", True, (10.0, 30.0, 20.0), (5.0, 4.0, 6.0))
    assert (rate.mote, rate.peer, rate.ratio) == (20, 5, 4)
    assert rate.spread == (2, 7.5)
    cost = versus.Pair("cost", "instructions", False, (10.0, 30.0, 20.0), (50.0, 40.0, 60.0))
    assert (cost.mote, cost.peer, cost.ratio) == (20, 50, 2.5)
    assert cost.spread == (pytest.approx(4 / 3), 5)


def test_the_table_has_a_line_for_each_pair() -> None:
    rows = versus.table([versus.Pair("GET", "requests/s", True, (9000.0, 9200.0), (900.0, 900.0)),
                         versus.Pair("memory", "MiB", False, (4.0,), (80.0,))]).splitlines()
    assert len(rows) == 3
    assert rows[1].split() == ["GET", "requests/s", "9,100", "900", "10.1", "10.0", "to", "10.2"]
    assert rows[2].split() == ["memory", "MiB", "4", "80", "20.0"]


# --- The first answer ---

class LocalLab:
    """Sockets that reach a port of this host, whatever address they are given."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.made = 0

    def new_socket(self) -> socket.socket:
        self.made += 1
        lab = self

        class Local(socket.socket):
            def connect_ex(self, address: object) -> int:
                return super().connect_ex(("127.0.0.1", lab.port))

        return Local()


def answer(server: socket.socket, statuses: list[str]) -> None:
    """A request a connection, answered in this order; each status goes as it is used."""
    while statuses:
        with server.accept()[0] as connection:
            connection.settimeout(10)
            if connection.recv(4096).startswith(b"GET / "):
                connection.sendall(f"HTTP/1.1 {statuses.pop(0)}\r\n\r\n".encode())


def test_only_a_200_is_the_first_answer() -> None:
    statuses = ["503 Busy", "404 Not yet", "200 OK"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        thread = threading.Thread(target=answer, args=(server, statuses))
        thread.start()
        lab = LocalLab(server.getsockname()[1])
        with contenders.Attempts(lab) as attempts:
            end = time.monotonic() + 10
            while not attempts.answered():
                assert time.monotonic() < end
        thread.join(10)
        assert not statuses and lab.made >= 3


def test_refusals_are_not_asked_for_at_full_speed() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        lab = LocalLab(nobody.getsockname()[1])
        with contenders.Attempts(lab) as attempts:
            begun = time.monotonic()
            while lab.made < 4:
                assert not attempts.answered() and time.monotonic() < begun + 60
            seconds = time.monotonic() - begun
    assert lab.made <= seconds / contenders.Attempts.PACE_S + 1
