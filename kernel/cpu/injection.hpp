// Faults injected on purpose, in an image built for that: ./configure.py --inject-faults N. In any
// other there are none, and no code for them.
#pragma once

#include <cstdint>

#include "generated/injection.hpp"

namespace mote::injection {

inline constexpr bool kIsOn = kOneIn != 0;

inline constinit std::uint64_t state = 0;  // 0: not yet

// From here on faults strike. Boot is spared.
inline void begin() {
  if constexpr (kIsOn) {
    state = 1;
  }
}

// Whether one strikes now: one call in kOneIn, as a linear congruential generator has it.
[[nodiscard]] inline bool strikes() {
  if constexpr (kIsOn) {
    if (state != 0) {
      state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
      return (state >> 33) % kOneIn == 0;
    }
  }
  return false;
}

// A length that a device states, or what a broken one would say.
[[nodiscard]] inline std::uint32_t stated(std::uint32_t length) {
  return strikes() ? static_cast<std::uint32_t>(state >> 48) : length;
}

}  // namespace mote::injection
