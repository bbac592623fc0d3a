// The HTTP server: serves a site pack on lwIP's raw API.
#pragma once

#include <cstdint>

#include "http/access_log.hpp"
#include "http/counters.hpp"
#include "http/endpoints.hpp"
#include "http/site_pack.hpp"
#include "kernel/limits.hpp"

namespace mote::http {

struct Options {
  std::uint16_t port = 80;
  std::uint32_t header_time_ms = limits::kHeaderTimeMs;  // for a whole header section
  std::uint32_t idle_time_ms = limits::kIdleTimeMs;      // between requests
  EndpointOptions endpoints = {};
  LogOptions log = {};
};

// Begins to listen on all interfaces, once, when lwIP is up; the run loop's lwIP timers do the
// rest. The pack's memory must stay. False: lwIP has no PCB left, or the port is taken.
[[nodiscard]] bool start(const SitePack& pack, const Options& options);

// On which interface metrics are told, in place of the options'; for a NIC that comes later.
void bind_metrics(int interface);

[[nodiscard]] const Counters& counters();

// What the server was started with, and was told since.
[[nodiscard]] const Options& options();

}  // namespace mote::http
