// The clock's arithmetic: converts ticks of a counter to nanoseconds that never run backwards.
#pragma once

#include <cstdint>

namespace mote {

class Timeline {
 public:
  // Makes now, when the counter reads `ticks`, time zero.
  constexpr void start(std::uint64_t ticks, std::uint64_t khz) {
    constexpr std::uint64_t kNanosecondsPerMillisecond = 1'000'000;
    nanoseconds_per_tick_ = (kNanosecondsPerMillisecond << kFraction) / khz;
    origin_ticks_ = ticks;
    last_ticks_ = ticks;
    origin_nanoseconds_ = 0;
  }

  // Nanoseconds since `start`, when the counter reads `ticks`. If the counter steps back, as it may
  // after a virtual machine was moved, time stands still for an instant and goes on from there.
  constexpr std::uint64_t at(std::uint64_t ticks) {
    if (ticks < last_ticks_) {
      origin_nanoseconds_ += scale(last_ticks_ - origin_ticks_);
      origin_ticks_ = ticks;
    }
    last_ticks_ = ticks;
    return origin_nanoseconds_ + scale(ticks - origin_ticks_);
  }

 private:
  static constexpr unsigned kFraction = 32;  // binary places of nanoseconds_per_tick_

  // One multiplication and shift in 128 bits: good for the 584 years that the result can hold.
  [[nodiscard]] constexpr std::uint64_t scale(std::uint64_t ticks) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>(Wide{ticks} * nanoseconds_per_tick_ >> kFraction);
  }

  std::uint64_t nanoseconds_per_tick_ = 0;
  std::uint64_t origin_ticks_ = 0;
  std::uint64_t origin_nanoseconds_ = 0;
  std::uint64_t last_ticks_ = 0;
};

}  // namespace mote
