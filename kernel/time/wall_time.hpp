// The arithmetic of a clock that one counter keeps and another corrects.
#pragma once

#include <cstdint>

namespace mote {

// Nanoseconds since 1970, kept as the difference from a monotonic clock's.
class WallTime {
 public:
  static constexpr std::uint64_t kSecond = 1'000'000'000;

  [[nodiscard]] constexpr bool is_set() const { return is_set_; }

  // Nanoseconds since 1970 when the monotonic clock reads `monotonic`.
  [[nodiscard]] constexpr std::uint64_t at(std::uint64_t monotonic) const {
    return offset_ + monotonic;
  }

  // Learns that the time is at least `from` and before `until`. An estimate outside is moved as
  // little as possible; without one, the time becomes `from`.
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
