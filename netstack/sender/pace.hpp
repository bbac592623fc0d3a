// Pacing: segments leave in bursts of about a millisecond of the rate, or longer over short paths.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote::netstack {

class Pace {
 public:
  // Bytes that may leave now at this rate (bytes a second); 0: wait until `opens_at`. A burst has
  // `least` bytes whatever the rate.
  [[nodiscard]] std::uint32_t room(Nanoseconds now, std::uint64_t rate, std::uint32_t mss,
                                   std::uint32_t least) {
    const std::uint64_t burst =
        std::min<std::uint64_t>(std::max<std::uint64_t>(least, rate / 1000), kLongestBurst);
    if (departure_ <= now) {
      is_late_ = is_late_ || is_shut_;
      is_shut_ = false;
      if (!is_late_) {
        departure_ = now;
      }
      return static_cast<std::uint32_t>(burst);
    }
    const std::uint64_t ahead = std::min((departure_ - now).value, kSecond);
    const std::uint64_t owed = ahead * std::min(rate, kFastest) / kSecond;
    // A gap lasts until nothing is owed, so that bursts stay bursts.
    if (is_shut_ || owed + mss > burst) {
      is_shut_ = true;
      return 0;
    }
    return static_cast<std::uint32_t>(burst - owed);
  }

  void on_sent(Nanoseconds now, std::uint64_t rate, std::uint32_t bytes) {
    const Nanoseconds least{now.value - std::min(now.value, kCatchUp.value)};
    departure_ =
        std::max(departure_, least) + Nanoseconds{bytes * kSecond / std::max(rate, kSlowest)};
  }

  // Whether a gap is on, and until when.
  [[nodiscard]] bool is_shut() const { return is_shut_; }
  [[nodiscard]] Nanoseconds opens_at() const { return departure_; }
  void open() { is_shut_ = is_late_ = false; }
  void let_pass(Nanoseconds now) {
    if (is_shut_ && now >= departure_) {
      is_shut_ = false;
      is_late_ = true;
    }
  }

 private:
  static constexpr std::uint64_t kSecond = 1'000'000'000;
  // A timer is late by up to its resolution, and where the host takes the processor away by more.
  // What follows a gap makes up for that, or the rate would be missed by a part of each burst, and
  // BBR would take what it measures for the path's.
  static constexpr Nanoseconds kCatchUp = milliseconds(10);
  static constexpr std::uint64_t kFastest = 10'000'000'000;  // keeps products within 64 bits
  static constexpr std::uint64_t kSlowest = 1000;            // a segment takes a second, not an age
  static constexpr std::uint64_t kLongestBurst = std::uint64_t{1} << 24;

  Nanoseconds departure_{};
  bool is_shut_ = false;
  bool is_late_ = false;  // a gap has ended since there was last nothing to wait for
};

}  // namespace mote::netstack
