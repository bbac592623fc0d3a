// The round trip, and the retransmission timeout that follows from it (RFC 6298).
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote::netstack {

class RoundTrip {
 public:
  static constexpr Nanoseconds kFirstTimeout = milliseconds(1000);  // 2.1
  static constexpr Nanoseconds kLongestTimeout = milliseconds(60'000);
  // RFC 6298 says a second and everybody less. It is what 4 * RTTVAR is at least, as in Linux, not
  // the sum: a delayed ACK takes up to 200 ms on top of the round trip.
  static constexpr Nanoseconds kLeastTimeout = milliseconds(200);
  // How long the least round trip holds.
  static constexpr Nanoseconds kLeastHolds = milliseconds(300'000);

  void begin(Nanoseconds now, Nanoseconds first) {
    *this = {};
    if (first.value != 0) {
      add(now, first, first);
    }
  }

  // A measurement by data that was sent once (3, Karn's algorithm). `longest`: of all that an ACK
  // acknowledges; `shortest`: of the segment that was sent last.
  [[gnu::always_inline]] void add(Nanoseconds now, Nanoseconds longest, Nanoseconds shortest) {
    const std::uint64_t sample = std::max<std::uint64_t>(longest.value, 1);
    if (smoothed_ == 0) {  // 2.2
      smoothed_ = sample;
      variation_ = sample / 2;
    } else {  // 2.3
      const std::uint64_t error = smoothed_ > sample ? smoothed_ - sample : sample - smoothed_;
      variation_ += error / 4 - variation_ / 4;
      smoothed_ += sample / 8 - smoothed_ / 8;
    }
    if (least_ == 0 || shortest.value <= least_ || now - least_at_ > kLeastHolds) {
      least_ = std::max<std::uint64_t>(shortest.value, 1);
      least_at_ = now;
    }
  }

  [[nodiscard]] bool is_known() const { return smoothed_ != 0; }
  [[nodiscard]] Nanoseconds smoothed() const { return {smoothed_}; }
  [[nodiscard]] Nanoseconds variation() const { return {variation_}; }
  // The shortest of the last minutes; zero: not known.
  [[nodiscard]] Nanoseconds least() const { return {least_}; }

  // RTO, without backing off.
  [[nodiscard]] Nanoseconds timeout() const {
    if (smoothed_ == 0) {
      return kFirstTimeout;
    }
    const std::uint64_t margin = std::max(4 * variation_, kLeastTimeout.value);
    return {std::min(smoothed_ + margin, kLongestTimeout.value)};
  }

  // RTO, or two round trips and `slack` if that is sooner.
  [[nodiscard]] Nanoseconds timeout_within(Nanoseconds slack) const {
    if (smoothed_ == 0) {
      return kFirstTimeout;
    }
    const std::uint64_t margin =
        std::min(std::max(4 * variation_, kLeastTimeout.value), smoothed_ + slack.value);
    return {std::min(smoothed_ + margin, kLongestTimeout.value)};
  }

  // Doubled for each timeout before (5.5).
  [[nodiscard]] Nanoseconds timeout(unsigned doublings) const {
    const std::uint64_t once = timeout().value;
    return {std::min(once << std::min(doublings, 10U), kLongestTimeout.value)};
  }

 private:
  std::uint64_t smoothed_ = 0;   // SRTT; 0: nothing measured
  std::uint64_t variation_ = 0;  // RTTVAR
  std::uint64_t least_ = 0;
  Nanoseconds least_at_{};
};

}  // namespace mote::netstack
