"""Bytes by part: all of them, each where it belongs."""

import pytest
from front_door import ROOT

from tools.image import size


@pytest.mark.needs("image")
def test_the_sizes_by_part_are_the_image() -> None:
    file, zero = size.image_parts(ROOT / "build")
    assert file.total() == (ROOT / "build/mote.img").stat().st_size
    assert 0 <= file[size.UNUSED] < 160 * 1024  # with partition tables, and what is free in FAT
    for part in size.PARTS:
        assert file[part] > 0
    assert zero.total() > file["exokernel"]


def test_what_was_optimized_at_link_time_counts_for_its_source() -> None:
    notes = """
 <0><b>: Abbrev Number: 1 (DW_TAG_compile_unit)
    <12>   DW_AT_name        : (indirect string, offset: 0x4b): build/lwip/src/core/tcp.c
    <1e>   DW_AT_low_pc      : 0
 <1><2b>: Abbrev Number: 2 (DW_TAG_subprogram)
    <2c>   DW_AT_low_pc      : 0x100010
    <30>   DW_AT_name        : (indirect string, offset: 0x8a): tcp_alloc
 <0><b>: Abbrev Number: 1 (DW_TAG_compile_unit)
    <12>   DW_AT_name        : http/connection/server.cpp
 <1><2b>: Abbrev Number: 3 (DW_TAG_variable)
    <95>   DW_AT_location    : 9 byte block: 3 0 0 20 0 0 0 0 0 \t(DW_OP_addr: 200000)
""".splitlines()
    linked = """
          100000           100000       20    16 .text
          100000           100000       10    16         build/obj/kernel/cpu.cpp.o:(.text.a)
          100010           100010        c    16         build/kernel.elf.lto.o:(.text.tcp_alloc)
          10001c           10001c        4    16         build/kernel.elf.lto.o:(.rodata.cst4)
          200000           200000       40    16 .bss
          200000           200000       40    16         build/kernel.elf.lto.o:(.bss.server)
"""
    sizes = size.read_map(linked, size.read_sources(notes))
    assert sizes.file == {"exokernel": 16, "lwIP": 12, "strings": 4}
    assert sizes.zero == {"HTTP": 64}
