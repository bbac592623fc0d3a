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

// Takes memory for connections, request buffers and reply tails. False: the arena has too little;
// call again with another plan.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

// Starts listening on all interfaces. Call once, after the pools and lwIP are set up; lwIP's
// timers, which the run loop calls, drive the rest. The pack's memory must outlive the server.
// False: lwIP has no PCB left, or the port is taken.
[[nodiscard]] bool start(const SitePack& pack, const Options& options);

// Replaces the options' audience for metrics: for a NIC that appears after the start.
void bind_metrics(Audience audience);

}  // namespace mote::http
