// The stack as a whole: memory, start, and lwIP's timers.
#pragma once

#include <cstdint>

#include "kernel/memory/arena.hpp"
#include "kernel/time/clock.hpp"
#include "netstack/plan.hpp"

namespace mote::netstack {

// lwIP's tcp_poll() counts its interval in these.
inline constexpr std::uint32_t kPollTickMs = 100;

// Takes memory for lwIP's pools and heap, sized by the plan. False: the arena has too little; try
// again with another plan.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

// Starts lwIP. Call once: after set_up, clock and entropy, before the first interface is attached.
void initialize();

// Runs lwIP's due timers. Call before the interfaces' turns, so that what a timer sends leaves with
// the same turn's doorbell, but after reclaim(): lwIP won't retransmit a segment the device still
// holds.
void run_timers();

// When the next of lwIP's timers is due. It may become earlier during a turn, but not between
// turns.
[[nodiscard]] Nanoseconds next_timer();

}  // namespace mote::netstack
