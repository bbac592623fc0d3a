// Choosing among several sources of the time stamp counter's frequency.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace mote {

// A frequency and its source.
struct Frequency {
  std::uint64_t khz = 0;  // 0: unknown
  std::string_view source;

  // No time stamp counter's frequency lies outside this range.
  static constexpr std::uint64_t kSlowestKhz = 50'000;
  static constexpr std::uint64_t kFastestKhz = 20'000'000;

  [[nodiscard]] constexpr bool plausible() const {
    return khz >= kSlowestKhz && khz <= kFastestKhz;
  }
};

// Whether both are known and differ by at most one part in fifty.
constexpr bool agree(const Frequency& a, const Frequency& b) {
  const std::uint64_t difference = a.khz > b.khz ? a.khz - b.khz : b.khz - a.khz;
  return a.plausible() && b.plausible() && difference <= a.khz / 50;
}

// A hypervisor knows the counter it gives us, and is believed. The CPU's statement is exact where
// it is true, but an emulator may repeat some real CPU's; a timer's measurement is true where the
// timer works. So a stated frequency counts if a timer agrees, or if there is none. If two timers
// disagree, the better one is asked again and then believed. Timers are passed as calls, because
// each measurement costs a millisecond.
template <std::invocable Better, std::invocable Other>
[[nodiscard]] constexpr Frequency choose_frequency(const Frequency& given, const Frequency& stated,
                                                   Better ask_better, Other ask_other,
                                                   const Frequency& assumed) {
  if (given.plausible()) {
    return given;
  }
  const Frequency better = ask_better();
  if (agree(stated, better)) {
    return stated;
  }
  const Frequency other = ask_other();
  const bool no_timer = !better.plausible() && !other.plausible();
  if (agree(stated, other) || (stated.plausible() && no_timer)) {
    return stated;
  }
  if (no_timer) {
    return assumed;
  }
  if (better.plausible() && other.plausible() && !agree(better, other)) {
    const Frequency again = ask_better();
    return again.plausible() ? again : other;
  }
  return better.plausible() ? better : other;
}

}  // namespace mote
