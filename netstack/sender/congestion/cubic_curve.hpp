// CUBIC's curve (RFC 9438, 4.2), which BBR follows, too, where it shares a full queue.
#pragma once

#include <algorithm>
#include <cstdint>

#include "netstack/limits.hpp"

namespace mote::netstack {

// The largest number whose cube isn't larger; digit by digit, three bits to one.
[[nodiscard]] constexpr std::uint32_t cube_root(std::uint64_t number) {
  std::uint64_t root = 0;
  for (int shift = 63; shift >= 0; shift -= 3) {
    root *= 2;
    const std::uint64_t more = 3 * root * (root + 1) + 1;  // (root + 1)^3 - root^3
    if ((number >> shift) >= more) {
      number -= more << shift;
      ++root;
    }
  }
  return static_cast<std::uint32_t>(root);
}
static_assert(cube_root(0) == 0 && cube_root(7) == 1 && cube_root(8) == 2 && cube_root(26) == 2);
static_assert(cube_root(1'000'000'000) == 1'000 && cube_root(999'999'999) == 999);
static_assert(cube_root(~std::uint64_t{0}) == 2'642'245);

// RFC 9438, 4.1 to 4.7.
namespace cubic {
inline constexpr std::uint32_t kBeta = 70;          // hundredths
inline constexpr std::uint32_t kConvergence = 85;   // hundredths: (1 + beta) / 2
inline constexpr std::uint32_t kAlphaDividend = 9;  // 3 (1 - beta) / (1 + beta) = 9/17
inline constexpr std::uint32_t kAlphaDivisor = 17;

// Beyond this, from an MSS of 64 on, the curve is out of any window's bounds.
inline constexpr std::uint64_t kFarthestMs = std::uint64_t{1} << 17;
}  // namespace cubic

struct CubicCurve {
  std::uint32_t w_max = 0;
  std::uint32_t k = 0;  // K: until the curve is at w_max, in milliseconds

  // 4.7: a window is too large, and was w_max before or less: someone else needs room.
  constexpr void reduce(std::uint32_t cwnd) {
    w_max = cwnd < w_max
                ? static_cast<std::uint32_t>(std::uint64_t{cwnd} * cubic::kConvergence / 100)
                : cwnd;
  }

  // From where the window is, to the curve's middle at w_max. In milliseconds: the cube root of
  // segments / 0.4, times 1,000.
  constexpr void begin(std::uint32_t cwnd, std::uint32_t mss) {
    k = cube_root((w_max - cwnd) * std::uint64_t{2'500'000'000} / mss);
  }
  // 4.8 and 4.10.
  constexpr void begin_at_middle(std::uint32_t cwnd) {
    w_max = cwnd;
    k = 0;
  }

  // Figure 1.
  [[nodiscard]] constexpr std::uint32_t at(std::uint64_t milliseconds, std::uint32_t mss) const {
    const bool is_before_middle = milliseconds < k;
    const std::uint64_t distance =
        std::min(is_before_middle ? k - milliseconds : milliseconds - k, cubic::kFarthestMs);
    // 0.4 * mss * (distance / 1,000)^3
    const std::uint64_t height =
        distance * distance * distance / 1'000 * (std::uint64_t{mss} * 4) / 10'000'000;
    if (is_before_middle) {
      return static_cast<std::uint32_t>(w_max - std::min<std::uint64_t>(height, w_max));
    }
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(w_max + height, limits::kLargestSendWindow));
  }
};

}  // namespace mote::netstack
