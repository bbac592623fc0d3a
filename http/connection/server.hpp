// The HTTP server: serves a site pack on the network's streams.
#pragma once

#include <cstdint>

#include "http/limits.hpp"
#include "http/operations/access_log.hpp"
#include "http/operations/counters.hpp"
#include "http/operations/options.hpp"
#include "http/pack/site_pack.hpp"
#include "http/plan.hpp"
#include "kernel/memory/arena.hpp"

namespace mote::http {

// Takes the memory of connections and unfinished requests. False: the arena has no room for it;
// then once more, with another plan.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

// Begins to listen on all interfaces, once, when pools and lwIP are up; the run loop's lwIP timers
// do the rest. The pack's memory must stay. False: lwIP has no PCB left, or the port is taken.
[[nodiscard]] bool start(const SitePack& pack, const Options& options);

// Who is told metrics, in place of the options'; for a NIC that comes later.
void bind_metrics(Audience audience);

}  // namespace mote::http
