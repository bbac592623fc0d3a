// BBR's figures (draft-ietf-ccwg-bbr-06, 2.5 to 2.16).
#pragma once

#include <array>
#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote::netstack::bbr {

// By state, in hundredths (5.6.1); of pacing, 1 % less (BBRPacingMarginPercent).
inline constexpr std::uint16_t kStartupPacingGain = 277;
inline constexpr std::uint32_t kPacingMargin = 99;  // hundredths that remain
inline constexpr std::array<std::uint16_t, 7> kPacingGain = [] {
  std::array<std::uint16_t, 7> gains{kStartupPacingGain, 50, 90, 100, 100, 125, 100};
  for (std::uint16_t& gain : gains) {
    gain = static_cast<std::uint16_t>(gain * kPacingMargin / 100);
  }
  return gains;
}();
inline constexpr std::array<std::uint16_t, 7> kCwndGain{200, 200, 200, 200, 200, 225, 50};

inline constexpr std::uint32_t kLargestQuantum = 64 * 1024;
inline constexpr std::uint32_t kBeta = 70;           // hundredths
inline constexpr std::uint32_t kHeadroom = 15;       // hundredths
inline constexpr std::uint32_t kLossThreshold = 50;  // one in so many: 2 %
inline constexpr std::uint8_t kStartupFullLosses = 6;
inline constexpr std::uint8_t kFullBwRounds = 3;
inline constexpr std::uint32_t kFullBwGrowth = 125;  // hundredths
inline constexpr std::uint8_t kDrainRounds = 3;
inline constexpr std::uint8_t kExtraAckedRounds = 10;
inline constexpr std::uint32_t kRenoRounds = 63;

// The clock of cycles.
using Ticks = std::uint32_t;
[[nodiscard]] constexpr Ticks ticks(Nanoseconds time) {
  return static_cast<Ticks>(time.value >> 20);
}
inline constexpr Ticks kMinRttFilter = ticks(milliseconds(10'000));
inline constexpr Ticks kProbeRttInterval = ticks(milliseconds(5'000));
inline constexpr Ticks kProbeRttDuration = ticks(milliseconds(200)) + 1;
inline constexpr Ticks kLeastProbeWait = ticks(milliseconds(2'000));
inline constexpr Ticks kProbeWaitSpread = ticks(milliseconds(1'000));

// Beyond the draft (docs/tcp.md, Fairness).
inline constexpr std::uint32_t kStandingQueue = 8;     // one in so many of the least round trip
inline constexpr std::uint32_t kSharedCwndGain = 150;  // hundredths
inline constexpr Ticks kCoexistence = ticks(milliseconds(30'000));  // how long an overflow counts

}  // namespace mote::netstack::bbr
