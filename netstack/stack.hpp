// The stack as a whole: start of lwIP, its timers, and what its users must know of it.
#pragma once

#include <cstdint>

namespace mote::netstack {

// lwIP's tcp_poll() counts its interval in these.
inline constexpr std::uint32_t kPollTickMs = 100;

// Starts lwIP. Once, before the first interface is attached; after clock and entropy.
void initialize();

// Runs lwIP's timers that are due. Once a turn of the run loop, before the interfaces' turns, so
// that what a timer sends leaves with the same turn's doorbell.
void run_timers();

}  // namespace mote::netstack
