// Limits how often something happens: a number at once, and a number per second.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote::netstack {

class TokenBucket {
 public:
  constexpr TokenBucket(std::uint32_t burst, std::uint32_t per_second)
      : interval_(kSecond / per_second), depth_(interval_ * burst) {}

  // Whether it may happen now; if so, counts it.
  [[nodiscard]] constexpr bool take(Nanoseconds now) {
    const std::uint64_t full_at = std::max(full_at_, now.value);
    if (full_at + interval_ - now.value > depth_) {
      return false;
    }
    full_at_ = full_at + interval_;
    return true;
  }

 private:
  static constexpr std::uint64_t kSecond = 1'000'000'000;

  std::uint64_t interval_;     // nanoseconds for one token to arrive
  std::uint64_t depth_;        // nanoseconds for the bucket to fill
  std::uint64_t full_at_ = 0;  // when it will be full if nothing more is taken
};

}  // namespace mote::netstack
