// The wall clock: set once at boot, kept by the TSC.
#pragma once

#include <cstdint>
#include <optional>

namespace mote::wall_clock {

// Reads the hypervisor's clock (kvmclock), or else the CMOS clock, which is taken for UTC. Without
// a credible one there is no wall clock. Once, after clock::initialize and acpi::initialize.
void initialize();

// Seconds since 1970, leap seconds not counted; nothing without a wall clock.
[[nodiscard]] std::optional<std::uint64_t> now();

}  // namespace mote::wall_clock
