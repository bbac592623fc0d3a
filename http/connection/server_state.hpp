// The server's one static object, shared by the server and its connections only.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "http/connection/connection.hpp"
#include "http/limits.hpp"
#include "http/operations/counters.hpp"
#include "http/pack/site_pack.hpp"
#include "http/reply/reply_cache.hpp"

namespace mote::http {

// All zero at start, but for the memory that set_up takes.
struct ServerState {
  SitePack pack;
  Counters counters;
  ReplyCache replies;                                // of this pack
  std::uint32_t ticks = 0;                           // since start, each kTickMs long
  std::array<std::uint32_t, kPhases> time_limits{};  // of each phase in ticks; 0: none
  std::array<ConnectionQueue, kPhases> queues{};
  std::array<char, limits::kRequestLineBytes> scratch{};  // for decoding the path at hand
  std::span<Connection> connections;                      // as many as RAM holds
  std::size_t connections_touched = 0;                    // the others were never made
  bool logs = false;                                      // the access log is on

  static constexpr std::uint32_t kTickMs = limits::kServerTickMs;

  [[nodiscard]] ConnectionQueue& queue(Phase phase) {
    return queues[static_cast<std::size_t>(phase)];
  }
};

extern constinit ServerState server;

}  // namespace mote::http
