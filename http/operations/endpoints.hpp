// The resources that no site holds: health and metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/operations/audience.hpp"
#include "http/reply/reply.hpp"

namespace mote::http {

// What the run loop counts. To wait between turns for something to do is no turn.
struct LoopCounters {
  std::uint64_t turns = 0;
  std::uint64_t busy_turns = 0;  // those in which there was something to do
  std::uint64_t dozes = 0;       // how often the CPU was halted between turns
  std::uint64_t late_wakes = 0;  // dozes that no interrupt ended though there was something to do
};

struct EndpointOptions {
  std::string_view health = "/healthz";  // its path; empty: none. Outlives the server
  std::string_view metrics = {};         // its path; empty: none
  Audience metrics_for = Audience::all();
  std::string_view version = "unknown";  // the build's, without characters to be escaped
  std::string_view commit = "unknown";
  const LoopCounters* loop = nullptr;  // null: not told
};

// The response for a path that is an endpoint's, decoded and resolved; nothing for any other, or
// one that isn't for this origin. Never to be cached.
[[nodiscard]] std::optional<Reply> endpoint_reply(const Request& request, const Origin& origin,
                                                  std::string_view path);

}  // namespace mote::http
