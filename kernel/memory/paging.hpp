// Changes to the page tables that boot/ built: read-only memory, guard pages and device windows.
//
// Memory is mapped one to one, and no writable memory is executable. A call returns false when
// spare tables have run out, and leaves what it couldn't change as it was. The tables themselves
// are read-only after boot; each change opens them and closes them again.
#pragma once

#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/page_table.hpp"

namespace mote::paging {

// Makes [start, start + bytes) read-only and non-executable. Both must be multiples of 4096.
[[nodiscard]] bool protect_read_only(PhysicalAddress start, std::uint64_t bytes);

// Takes away the code that is needed only at boot: its memory (boot_text_range()) becomes writable
// and non-executable. False: it stays what it is.
[[nodiscard]] bool take_boot_text();

// Provides tables, with any contents, for `leave_out` (one for each 2 MiB in which it will be
// called) and for `seal` (one). Call once.
void give_tables(std::span<Table> tables);

// Unmaps a page, so that running over into it faults.
[[nodiscard]] bool leave_out(PhysicalAddress page);

// Makes read-only the decisions of boot and the tables that the CPU uses: everything between
// __sealed_start and __sealed_end (boot/kernel.ld), which includes page tables, IDT and GDT, and
// the tables from `give_tables`. [[gnu::section(".bss.sealed")]] places a variable there, or
// ".sealed" if its initial value isn't zero.
[[nodiscard]] bool seal();

// Maps the device registers in [start, start + bytes) one to one: writable, uncached,
// non-executable, anywhere below 128 TiB that the CPU can address. Neighbours in the same 2 MiB may
// become uncached with them. Mapping a window twice is harmless. Refuses places where no device can
// be: page 0, to which null pointers lead, and the kernel itself.
[[nodiscard]] bool map_device(PhysicalAddress start, std::uint64_t bytes);

}  // namespace mote::paging
