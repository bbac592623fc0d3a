// The wall clock: set at boot, kept by the TSC, and compared with its source once a second.
#pragma once

#include <cstdint>
#include <optional>

namespace mote::wall_clock {

// Sets the clock from the hypervisor's (kvmclock) or else the CMOS clock, which is taken for UTC.
// If neither is credible, there is no wall clock. Call once, after clock::initialize and
// acpi::initialize. Doesn't wait for a second to begin, so the CMOS clock's time may be up to a
// second behind.
void initialize();

// Seconds since 1970 without leap seconds; nothing without a wall clock. A correction may set it
// back a little.
[[nodiscard]] std::optional<std::uint64_t> now();

// The same in nanoseconds.
[[nodiscard]] std::optional<std::uint64_t> nanoseconds();

// Call regularly in the run loop, before anybody is answered. Compares the clock with its source
// once a second, and so at once after the loop was away for longer: the TSC's frequency may be
// known only to one part in a thousand, and a TSC may stand still while the machine is paused,
// saved or moved. A comparison costs three exits to the hypervisor with kvmclock, four with the
// CMOS clock. Waits for nothing.
void keep();

}  // namespace mote::wall_clock
