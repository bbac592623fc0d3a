// The stack as a whole: memory, start, and lwIP's timers.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/memory/arena.hpp"
#include "kernel/time/clock.hpp"
#include "netstack/plan.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {

// lwIP's tcp_poll() counts its interval in these.
inline constexpr std::uint32_t kPollTickMs = 100;

// Takes memory for lwIP's pools and heap, sized by the plan. False: the arena has too little; try
// again with another plan.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

// Starts lwIP. Call once: after set_up, clock and entropy, before the first interface is attached.
void initialize();

// Runs lwIP's due timers. Call before the interfaces' turns, so that what a timer sends leaves with
// the same turn's doorbell, but after reclaim(): lwIP won't resend a SYN that the device still
// holds.
void run_timers();

// Runs the due timers of senders: retransmission, pacing, probes. Call each turn.
void run_departures(Nanoseconds now);

// The address of the interface with an index, while it can be reached there; else zero.
[[nodiscard]] Ipv4Address usable_address(unsigned index);

// The machine's name by DHCP: the first that a server has given. Empty: none has.
[[nodiscard]] std::string_view leased_host_name();

// When the next of these timers is due. It may become earlier during a turn, but not between
// turns.
[[nodiscard]] Nanoseconds next_timer();

}  // namespace mote::netstack
