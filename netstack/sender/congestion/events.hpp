// The facts that loss detection feeds to congestion control.
#pragma once

#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote::netstack {

// How fast the network delivered lately (draft-ietf-ccwg-bbr-06, 4.1.1), measured over the flight
// of the range that was sent last among those that an ACK delivered. All fields hold whenever an
// ACK delivers something, but the rate, which needs an interval that isn't shorter than the least
// round trip (4.1.2.3).
struct RateSample {
  std::uint64_t bytes_per_second = 0;  // 0: no sample
  std::uint64_t prior_delivered = 0;   // bytes delivered in all when that range was sent
  std::uint32_t delivered = 0;         // bytes delivered since
  std::uint32_t lost = 0;              // bytes lost since
  std::uint32_t sent_in_flight = 0;    // bytes in flight when it was sent, itself included
  Nanoseconds interval{};              // over which `delivered` were delivered
  bool is_app_limited = false;         // there was nothing else to send
};

// An ACK that delivered something, or let losses be found.
struct AckEvent {
  Nanoseconds now{};
  std::uint64_t delivered = 0;        // bytes in all, acknowledged or selectively so
  std::uint32_t newly_delivered = 0;  // bytes, by this ACK
  std::uint32_t acknowledged = 0;     // bytes that the window may grow by (RFC 5681, 3.1)
  std::uint32_t newly_lost = 0;       // bytes found lost by this ACK
  std::uint32_t in_flight = 0;        // bytes, now
  Nanoseconds rtt{};                  // of this ACK; zero: no sample (Karn's algorithm)
  RateSample rate;
  bool is_window_limited = false;     // the window was full at some time in the last round trip
  bool in_recovery = false;           // from the first loss until all sent before is acknowledged
  bool is_congestion_marked = false;  // ECE (RFC 3168, 6.1.2)
};

// A range that loss detection marks as lost (draft-ietf-ccwg-bbr-06, 5.5.10.2: HandleLostPacket).
struct LostRange {
  Nanoseconds now{};
  std::uint64_t delivered = 0;       // bytes in all, now
  std::uint32_t bytes = 0;           // of this range
  std::uint32_t lost = 0;            // bytes lost since it was sent, itself included
  std::uint32_t sent_in_flight = 0;  // bytes in flight when it was sent, itself included
  bool is_app_limited = false;       // when it was sent
};

}  // namespace mote::netstack
