// The wall clock: set at boot, kept by the TSC, and compared with its source once a second.
#pragma once

#include <cstdint>
#include <optional>

namespace mote::wall_clock {

// Reads the hypervisor's clock (kvmclock), or else the CMOS clock, which is taken for UTC. Without
// a credible one there is no wall clock. Once, after clock::initialize and acpi::initialize.
// Doesn't wait for a second to begin: the CMOS clock's are up to one behind.
void initialize();

// Seconds since 1970, leap seconds not counted; nothing without a wall clock. May go back a little
// when it is corrected.
[[nodiscard]] std::optional<std::uint64_t> now();

// To be called now and then, in the run loop, before anybody is answered: once a second, and so at
// once when the loop was away for longer, the source is looked at again. For the TSC's frequency
// may be known to one part in a thousand only, and a machine that was paused, saved or moved has a
// TSC that stood still. It costs three exits to the hypervisor, or four. Waits for nothing.
void keep();

}  // namespace mote::wall_clock
