// A wait for a device, bounded by time. A number of reads would be no bound: a read takes
// microseconds on a real machine's bus or through a hypervisor, and nanoseconds in a fast emulator.
#pragma once

#include <cstdint>

#include "kernel/cpu/cpu.hpp"
#include "kernel/time/clock.hpp"

namespace mote {

// The time stamp counter, which works before the clock does. Tests supply their own.
struct TimeStamps {
  [[nodiscard]] static std::uint64_t now() { return cpu::time_stamp(); }
  [[nodiscard]] static std::uint64_t in(Nanoseconds time) { return clock::ticks_in(time); }
};

template <typename Counter = TimeStamps>
class Patience {
 public:
  explicit Patience(Nanoseconds most, Counter counter = {})
      : counter_(counter), start_(counter_.now()), ticks_(counter_.in(most)) {}

  // Whether the time is over; ask after each read. The number of reads is bounded too, in case the
  // counter stands still: that many take longer than any wait here.
  [[nodiscard]] bool is_over() {
    constexpr std::uint32_t kMostLooks = 10'000'000;
    return counter_.now() - start_ >= ticks_ || ++looks_ >= kMostLooks;
  }

 private:
  Counter counter_;
  std::uint64_t start_;
  std::uint64_t ticks_;
  std::uint32_t looks_ = 0;
};

}  // namespace mote
