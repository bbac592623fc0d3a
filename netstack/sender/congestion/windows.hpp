// What both algorithms hold windows and segments to.
#pragma once

#include <algorithm>
#include <cstdint>

namespace mote::netstack {

// RFC 6928, 2: min(10 * MSS, max(2 * MSS, 14600)).
[[nodiscard]] constexpr std::uint32_t initial_window(std::uint32_t mss) {
  return std::min(10 * mss, std::max<std::uint32_t>(2 * mss, 14'600));
}

// An MSS as it is kept: any number that is told divides.
[[nodiscard]] constexpr std::uint16_t bounded_mss(std::uint32_t mss) {
  return static_cast<std::uint16_t>(std::clamp<std::uint32_t>(mss, 1, 0xFFFF));
}

}  // namespace mote::netstack
