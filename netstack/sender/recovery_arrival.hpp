// What one ACK brings; a part of recovery.hpp for its own sources.
#pragma once

#include <algorithm>

#include "netstack/sender/recovery.hpp"

namespace mote::netstack {

struct Recovery::Arrival {
  Nanoseconds now{};
  Sequence acknowledgement;
  SendLimits limits;
  std::uint32_t in_flight_before = 0;
  std::uint32_t acknowledged = 0;    // bytes by which SND.UNA moved
  std::uint32_t delivered = 0;       // bytes, by it or by SACK
  std::uint32_t growth = 0;          // bytes, for the window
  std::uint32_t skipped = 0;         // bytes acknowledged that arrived before a timeout
  std::uint32_t lost = 0;            // bytes found lost
  std::uint32_t reported_twice = 0;  // bytes, by D-SACK
  Nanoseconds longest_trip{};        // of data sent once; zero: none
  Nanoseconds shortest_trip{};
  Delivery::Newest newest{};
  bool delivered_original = false;  // something that was sent once
  bool delivered_resent = false;
  bool was_window_full = false;
  bool has_ece = false;
  bool is_bare = false;  // neither data nor SACK

  // What was in flight, and isn't now.
  [[nodiscard]] std::uint32_t moved() const { return delivered - std::min(delivered, skipped); }
  [[nodiscard]] bool is_progress() const { return delivered != 0 || acknowledged != 0; }
};

}  // namespace mote::netstack
