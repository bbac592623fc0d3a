// The server's options, chosen at its start.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/limits.hpp"
#include "http/operations/access_log.hpp"
#include "http/operations/audience.hpp"
#include "kernel/loop_counters.hpp"

namespace mote::http {

struct EndpointOptions {
  std::string_view health =
      "/healthz";                 // its path; empty: none. These texts must outlive the server
  std::string_view metrics = {};  // its path; empty: none
  Audience metrics_for = Audience::all();
  std::string_view version = "unknown";  // the build's; needs no escaping in JSON or labels
  std::string_view commit = "unknown";
  const LoopCounters* loop = nullptr;  // null: metrics leave it out
};

struct Options {
  std::uint16_t port = 80;
  std::uint32_t header_time_ms = limits::kHeaderTimeMs;  // for receiving a whole header section
  std::uint32_t idle_time_ms = limits::kIdleTimeMs;      // between requests
  std::uint32_t connections_per_address = 0;             // open at once; 0: no limit
  EndpointOptions endpoints = {};
  LogOptions log = {};
};

// The current options: those of the start, with any change since (bind_metrics).
[[nodiscard]] const Options& options();

}  // namespace mote::http
