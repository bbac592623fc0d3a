// What the run loop counts, for whoever tells of it.
#pragma once

#include <cstdint>

namespace mote {

// Waiting between turns for something to do is no turn.
struct LoopCounters {
  std::uint64_t turns = 0;
  std::uint64_t busy_turns = 0;  // those in which there was something to do
  std::uint64_t dozes = 0;       // how often the CPU was halted between turns
  std::uint64_t late_wakes = 0;  // dozes that no interrupt ended though there was something to do
};

}  // namespace mote
