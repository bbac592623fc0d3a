// The time that boot may wait for devices that it can do without: disks and sources of random
// bytes. Each wait has its own bound (kernel/time/patience.hpp); this is one for all of them
// together, however many devices there are.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote::allowance {

inline constexpr Nanoseconds kInAll = milliseconds(10'000);

inline constinit Nanoseconds end{~std::uint64_t{0}};

// From now on there are kInAll.
inline void begin() { end = clock::now() + kInAll; }

[[nodiscard]] inline Nanoseconds left() {
  const Nanoseconds now = clock::now();
  return end - std::min(now, end);
}
[[nodiscard]] inline bool is_over() { return left() == Nanoseconds{}; }

// For waits that may fail at once. What ends a device's access to memory gets its time in any case.
[[nodiscard]] inline Nanoseconds at_most(Nanoseconds time) { return std::min(time, left()); }

}  // namespace mote::allowance
