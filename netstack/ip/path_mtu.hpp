// Path MTU discovery (RFC 1191): what routers say of segments that were too long for their next
// link, and what is remembered of it.
//
// TCP's segments have DF (lwip/patches/path-mtu). A router that can't pass one on drops it and says
// so by ICMP; the connection's segments become as short as it says, and what was in flight is sent
// again at once, which is no congestion. All else that we send has no DF, and routers may fragment
// it, as Linux has it for echo replies.
//
// Anyone can forge such a message. One is believed only if it quotes a segment that is in flight: a
// stranger would have to guess the connection's ports and a sequence number of its flight (RFC
// 5927, 7.2). What it says is not put off until the segment was seen to get lost, as RFC 5927
// proposes beyond that, for it would cost every true one a retransmission timeout; instead segments
// get no shorter than limits::kLeastPathMtu allows, so that a forged message costs a few headers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/time/clock.hpp"
#include "netstack/limits.hpp"

namespace mote::netstack {

// The largest MTU that routers of 1990 and before may mean who only say that `bytes` are too many
// (RFC 1191, 7.1).
[[nodiscard]] std::uint16_t plateau_below(std::uint16_t bytes);

// The paths whose MTU is less than the interface's, by destination. Each is forgotten in time (RFC
// 1191, 6.3), so that a path that has become wider is used again.
class NarrowPaths {
 public:
  static constexpr Nanoseconds kLifetime = milliseconds(10 * 60'000);

  // The path's MTU, or 0 when it isn't known to be narrow. Nearly free while none is.
  [[nodiscard]] std::uint16_t find(std::uint32_t destination, Nanoseconds now) const {
    return now < last_expiry_ ? look_up(destination, now) : std::uint16_t{0};
  }

  // Of paths at the same place, the one that would be forgotten first gives way.
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

// Messages of "fragmentation needed".
struct PathMtuCounters {
  std::uint64_t believed = 0;
  std::uint64_t refused = 0;  // forged, or too late, or not of TCP
};
[[nodiscard]] const PathMtuCounters& path_mtu_counters();

}  // namespace mote::netstack
