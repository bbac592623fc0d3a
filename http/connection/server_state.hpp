// The server's state: one static object that only the server and its connections use.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "http/connection/connection.hpp"
#include "http/connection/sources.hpp"
#include "http/limits.hpp"
#include "http/operations/counters.hpp"
#include "http/pack/site_pack.hpp"
#include "http/reply/reply_cache.hpp"

namespace mote::http {

// All zero at start, except for the memory that set_up takes.
struct ServerState {
  SitePack pack;
  Counters counters;
  ReplyCache replies;                                // for this pack
  std::uint32_t ticks = 0;                           // since start, each kTickMs long
  std::array<std::uint32_t, kPhases> time_limits{};  // for each phase, in ticks; 0: none
  std::array<ConnectionQueue, kPhases> queues{};
  std::array<char, limits::kRequestLineBytes> scratch{};  // for decoding the current request's path
  Sources sources;
  std::span<Connection> connections;    // their number depends on RAM (plan.hpp)
  std::size_t connections_touched = 0;  // the rest aren't constructed yet
  bool logs = false;                    // the access log is on
  bool learns = false;                  // replies are cached
  bool drains = false;                  // every response is its connection's last

  static constexpr std::uint32_t kTickMs = limits::kServerTickMs;

  [[nodiscard]] ConnectionQueue& queue(Phase phase) {
    return queues[static_cast<std::size_t>(phase)];
  }
};

extern constinit ServerState server;

}  // namespace mote::http
