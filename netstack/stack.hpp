// The stack as a whole: start of lwIP, its timers, and what its users must know of it.
#pragma once

#include <cstdint>

#include "kernel/memory/arena.hpp"
#include "kernel/time/clock.hpp"
#include "netstack/plan.hpp"

namespace mote::netstack {

// lwIP's tcp_poll() counts its interval in these.
inline constexpr std::uint32_t kPollTickMs = 100;

// Takes the memory of lwIP's pools and heap that goes with connections. False: the arena has no
// room for it; then once more, with another plan.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

// Starts lwIP. Once, behind set_up, before the first interface is attached; after clock and
// entropy.
void initialize();

// Runs lwIP's timers that are due. Before the interfaces' turns, so that what a timer sends leaves
// with the same turn's doorbell; but when they have taken back what was sent, for lwIP resends
// nothing that a device may still read.
void run_timers();

// When the next of lwIP's timers is due. It may come to be earlier in a turn, not between turns.
[[nodiscard]] Nanoseconds next_timer();

}  // namespace mote::netstack
