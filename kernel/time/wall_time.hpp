// The arithmetic of a clock that is kept by one counter and corrected by another.
#pragma once

#include <cstdint>

namespace mote {

// Nanoseconds since 1970 as a difference to a monotonic clock's.
class WallTime {
 public:
  static constexpr std::uint64_t kSecond = 1'000'000'000;

  [[nodiscard]] constexpr bool is_set() const { return is_set_; }

  // The nanoseconds at which the monotonic clock tells `monotonic`.
  [[nodiscard]] constexpr std::uint64_t at(std::uint64_t monotonic) const {
    return offset_ + monotonic;
  }

  // The time is at least `from` and before `until`. An estimate that is neither is moved as little
  // as need be; without one, `from` it is.
  constexpr void learn(std::uint64_t monotonic, std::uint64_t from, std::uint64_t until) {
    const std::uint64_t estimate = at(monotonic);
    if (!is_set_ || estimate < from) {
      offset_ = from - monotonic;
    } else if (estimate >= until) {
      offset_ = until - 1 - monotonic;
    }
    is_set_ = true;
  }

 private:
  std::uint64_t offset_ = 0;
  bool is_set_ = false;
};

}  // namespace mote
