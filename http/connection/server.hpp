// The HTTP server: serves a site pack on lwIP's raw API.
#pragma once

#include <cstdint>

#include "http/limits.hpp"
#include "http/operations/access_log.hpp"
#include "http/operations/counters.hpp"
#include "http/operations/endpoints.hpp"
#include "http/pack/site_pack.hpp"
#include "http/plan.hpp"
#include "kernel/memory/arena.hpp"

namespace mote::http {

struct Options {
  std::uint16_t port = 80;
  std::uint32_t header_time_ms = limits::kHeaderTimeMs;  // for a whole header section
  std::uint32_t idle_time_ms = limits::kIdleTimeMs;      // between requests
  EndpointOptions endpoints = {};
  LogOptions log = {};
};

// Takes the memory of connections and unfinished requests. False: the arena has no room for it;
// then once more, with another plan.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

// Begins to listen on all interfaces, once, when pools and lwIP are up; the run loop's lwIP timers
// do the rest. The pack's memory must stay. False: lwIP has no PCB left, or the port is taken.
[[nodiscard]] bool start(const SitePack& pack, const Options& options);

// Who is told metrics, in place of the options'; for a NIC that comes later.
void bind_metrics(Audience audience);

[[nodiscard]] const Counters& counters();

// How many connections may be open at once.
[[nodiscard]] std::size_t most_connections();

// What the server was started with, and was told since.
[[nodiscard]] const Options& options();

}  // namespace mote::http
