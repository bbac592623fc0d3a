// Monotonic time since boot, kept by the CPU's time stamp counter.
#pragma once

#include <compare>
#include <cstdint>

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

// How far the counter gets in `time`, of which it takes 1,000 seconds at most; rounded up. Before
// `initialize` as far as the fastest one would: a wait is rather too long than too short.
[[nodiscard]] std::uint64_t ticks_in(Nanoseconds time);

// Waits, polling; for device bring-up only.
void wait(Nanoseconds time);

// The counter's frequency in kHz, and whether anybody told it: if not, it is assumed.
[[nodiscard]] std::uint64_t frequency_khz();
[[nodiscard]] bool is_known();

}  // namespace clock
}  // namespace mote
