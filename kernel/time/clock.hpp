// Monotonic time since boot, kept by the CPU's time stamp counter.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace mote {

struct Nanoseconds {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Nanoseconds, Nanoseconds) = default;
  friend constexpr Nanoseconds operator+(Nanoseconds a, Nanoseconds b) {
    return {a.value + b.value};
  }
  friend constexpr Nanoseconds operator-(Nanoseconds a, Nanoseconds b) {
    return {a.value - b.value};
  }
};

constexpr Nanoseconds milliseconds(std::uint64_t count) { return {count * 1'000'000}; }
constexpr Nanoseconds microseconds(std::uint64_t count) { return {count * 1'000}; }

namespace clock {

// Finds the counter's frequency and starts the clock at zero. Prints nothing.
void initialize();

// Time since `initialize`; never goes backwards.
[[nodiscard]] Nanoseconds now();

// Ticks of the counter in `time`, rounded up; at most 1,000 seconds' worth. Assumes the fastest
// counter before `initialize`, so that a wait is too long rather than too short.
[[nodiscard]] std::uint64_t ticks_in(Nanoseconds time);

// Waits by polling; for device bring-up only.
void wait(Nanoseconds time);

// The counter's frequency in kHz, and its source ("cpuid 15h", "acpi pm timer"). Without a source,
// the frequency is assumed.
[[nodiscard]] std::uint64_t frequency_khz();
[[nodiscard]] std::string_view source();
[[nodiscard]] inline bool is_known() { return !source().empty(); }

}  // namespace clock
}  // namespace mote
