// Congestion control that does as a test says, for exact windows, and remembers what it was told.
#pragma once

#include <cstdint>
#include <vector>

#include "netstack/sender/congestion/congestion.hpp"

namespace mote::fake {

struct Congested {
  std::uint32_t window = 1 << 30;
  std::uint32_t recovery_window = 0;
  std::uint64_t pacing_rate = 0;
  bool shrinks_on_timeout = true;  // to one MSS, and grows by what is delivered
  std::uint32_t mss = 0;
  int begins = 0;
  int losses = 0;
  int recoveries = 0;
  int timeouts = 0;
  int undone = 0;
  int sends = 0;
  std::uint32_t lost = 0;
  std::uint32_t window_before = 0;
  std::vector<netstack::AckEvent> acks;
  std::vector<netstack::LostRange> ranges;
};

// Of all connections: a test has one.
extern Congested congested;

}  // namespace mote::fake
