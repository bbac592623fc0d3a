// Changes to the page tables that boot/ made: read-only memory and device windows.
//
// Memory is mapped one to one, writable memory never executable. Spare tables are static; a
// call returns false when they have run out, with what it could not do left as it was.
#pragma once

#include <cstdint>

#include "kernel/types.hpp"

namespace mote::paging {

// Makes [start, start + bytes) read-only and not executable. Both must be multiples of 4096.
[[nodiscard]] bool protect_read_only(PhysicalAddress start, std::uint64_t bytes);

// Maps the device registers in [start, start + bytes) one to one: writable, uncached, not
// executable, wherever the CPU has addresses for them below 128 TiB. Neighbours in the same 2 MiB
// may become uncached with them. To call it twice for one window does no harm. Refused where a
// device can't be: page 0, where null pointers lead, and the kernel itself.
[[nodiscard]] bool map_device(PhysicalAddress start, std::uint64_t bytes);

}  // namespace mote::paging
