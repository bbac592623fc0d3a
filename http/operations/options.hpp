// What the server was told at its start.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/limits.hpp"
#include "http/operations/access_log.hpp"
#include "http/operations/audience.hpp"
#include "kernel/loop_counters.hpp"

namespace mote::http {

struct EndpointOptions {
  std::string_view health = "/healthz";  // its path; empty: none. Outlives the server
  std::string_view metrics = {};         // its path; empty: none
  Audience metrics_for = Audience::all();
  std::string_view version = "unknown";  // the build's, without characters to be escaped
  std::string_view commit = "unknown";
  const LoopCounters* loop = nullptr;  // null: not told
};

struct Options {
  std::uint16_t port = 80;
  std::uint32_t header_time_ms = limits::kHeaderTimeMs;  // for a whole header section
  std::uint32_t idle_time_ms = limits::kIdleTimeMs;      // between requests
  EndpointOptions endpoints = {};
  LogOptions log = {};
};

// What the server was started with, and was told since.
[[nodiscard]] const Options& options();

}  // namespace mote::http
