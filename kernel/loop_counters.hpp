// The run loop's counters, for metrics.
#pragma once

#include <cstdint>

namespace mote {

// Waiting between turns isn't counted as a turn.
struct LoopCounters {
  std::uint64_t turns = 0;
  std::uint64_t busy_turns = 0;  // those with work to do
  std::uint64_t dozes = 0;       // how often the CPU was halted between turns
  std::uint64_t late_wakes = 0;  // dozes that the timer ended though there was work
};

}  // namespace mote
