// Path MTU discovery (RFC 1191): acts on routers' reports that segments were too long for their
// next link, and remembers narrow paths.
//
// TCP's segments have DF (lwip/patches/path-mtu). A router that can't forward one drops it and says
// so by ICMP; the connection's segments become as short as it says, and everything in flight is
// resent at once, because this is no congestion. Nothing else we send has DF, so routers may
// fragment it; Linux treats echo replies the same way.
//
// Anyone can forge such a message. It is believed only if it quotes a segment in flight: a stranger
// would have to guess the connection's ports and a sequence number in flight (RFC 5927, 7.2). RFC
// 5927 also proposes waiting until the segment is seen to be lost, but that would cost every
// genuine message a retransmission timeout. Instead, segments get no shorter than
// limits::kLeastPathMtu allows, so that a forged message costs a few headers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/time/clock.hpp"
#include "netstack/limits.hpp"

struct netif;

namespace mote::netstack {

// The largest MTU that a router from 1990 or before may mean when it says only that `bytes` are too
// many (RFC 1191, 7.1).
[[nodiscard]] std::uint16_t plateau_below(std::uint16_t bytes);

// The paths whose MTU is less than the interface's, by destination. Each expires (RFC 1191, 6.3),
// so that a path that became wider is used fully again.
class NarrowPaths {
 public:
  static constexpr Nanoseconds kLifetime = milliseconds(10 * 60'000);

  // The path's MTU, or 0 if it isn't known to be narrow. Nearly free while no path is.
  [[nodiscard]] std::uint16_t find(std::uint32_t destination, Nanoseconds now) const {
    return now < last_expiry_ ? look_up(destination, now) : std::uint16_t{0};
  }

  // If the place is full, replaces the path that would expire first.
  void learn(std::uint32_t destination, std::uint16_t mtu, Nanoseconds now);

 private:
  struct Path {
    std::uint32_t destination = 0;
    std::uint16_t mtu = 0;
    Nanoseconds expiry;
  };
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kPlaces = limits::kNarrowPaths / kWays;
  using Place = std::array<Path, kWays>;

  [[nodiscard]] static std::size_t place_of(std::uint32_t destination);
  [[nodiscard]] std::uint16_t look_up(std::uint32_t destination, Nanoseconds now) const;

  std::array<Place, kPlaces> places_{};
  Nanoseconds last_expiry_;
};

// The interface's MTU may have fallen: segments of its connections fit it from now on.
void narrow_connections(const struct netif& netif);

// "Fragmentation needed" messages.
struct PathMtuCounters {
  std::uint64_t believed = 0;
  std::uint64_t refused = 0;  // forged, too late, or not about TCP
};
[[nodiscard]] const PathMtuCounters& path_mtu_counters();

}  // namespace mote::netstack
