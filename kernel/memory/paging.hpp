// Changes to the page tables that boot/ made: read-only memory, guard pages and device windows.
//
// Memory is mapped one to one, writable memory never executable. A call returns false when spare
// tables have run out, with what it could not do left as it was. The tables themselves are
// read-only when boot is done, and are opened for each change and closed behind it.
#pragma once

#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/page_table.hpp"

namespace mote::paging {

// Makes [start, start + bytes) read-only and not executable. Both must be multiples of 4096.
[[nodiscard]] bool protect_read_only(PhysicalAddress start, std::uint64_t bytes);

// Tables for `leave_out`: one for each 2 MiB in which it will be called, and one for `seal`. They
// may hold anything. Once.
void give_tables(std::span<Table> tables);

// Takes a page out of the map, so that whoever runs over into it faults.
[[nodiscard]] bool leave_out(PhysicalAddress page);

// Makes read-only what boot has decided and the CPU goes by: all between __sealed_start and
// __sealed_end (boot/kernel.ld), page tables, IDT and GDT among it, and the tables that were given.
// Variables get there by [[gnu::section(".bss.sealed")]], or ".sealed" if they don't begin as
// zero.
[[nodiscard]] bool seal();

// Maps the device registers in [start, start + bytes) one to one: writable, uncached, not
// executable, wherever the CPU has addresses for them below 128 TiB. Neighbours in the same 2 MiB
// may become uncached with them. To call it twice for one window does no harm. Refused where a
// device can't be: page 0, where null pointers lead, and the kernel itself.
[[nodiscard]] bool map_device(PhysicalAddress start, std::uint64_t bytes);

}  // namespace mote::paging
