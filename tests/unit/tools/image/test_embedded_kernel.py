"""The kernel as the UEFI loader carries it."""

import struct
import subprocess
import sys
from pathlib import Path

from kernels import BASE, BSS_BYTES, DATA, DATA_AT, TEXT, elf

from tools.image import bootable, embedded_kernel

ROOT = Path(__file__).resolve().parents[4]


def test_header_tells_place_and_sums(tmp_path: Path) -> None:
    path = tmp_path / "kernel.elf"
    path.write_bytes(elf([(BASE, TEXT, len(TEXT)), (BASE + DATA_AT, DATA, len(DATA) + BSS_BYTES)]))
    made = embedded_kernel.embedded(bootable.read_kernel(path))
    magic, size, start, end, entry, zero, total, totals = struct.unpack_from("<4s5I2Q", made)
    flat = made[40:]
    assert (magic, size, start, entry, zero) == (b"MTKL", len(flat), BASE, BASE + 16, 0)
    assert flat[:len(TEXT)] == TEXT and flat[DATA_AT:DATA_AT + len(DATA)] == DATA
    assert end % 4096 == 0 and end >= BASE + DATA_AT + len(DATA) + BSS_BYTES
    words = struct.unpack(f"<{len(flat) // 8}Q", flat)
    assert total == sum(words) % 2**64
    assert totals == sum(word * (len(words) - at) for at, word in enumerate(words)) % 2**64


def test_a_kernel_that_is_none_is_one_line_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "kernel.elf").write_bytes(b"ELF?")
    shown = subprocess.run([sys.executable, ROOT / "tools/image/embedded_kernel.py",
                            tmp_path / "kernel.elf", "-o", tmp_path / "out"], text=True,
                           capture_output=True, check=False, timeout=60)
    assert shown.returncode == 2 and shown.stderr.count("\n") == 1
    assert "kernel.elf: not an ELF file" in shown.stderr
