// How fast a path delivers, in few bytes.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace mote::netstack {

// Counts 16 bytes a second: up to 550 Gbit/s in 32 bits.
struct Bandwidth {
  std::uint32_t units = 0;

  static constexpr std::uint32_t kUnit = 16;
  static constexpr std::uint32_t kInfinite = ~std::uint32_t{0};

  // Rounded up, so that what flows isn't nothing; what is too fast counts as the fastest.
  [[nodiscard]] static constexpr Bandwidth from(std::uint64_t bytes_per_second) {
    const std::uint64_t units = bytes_per_second / kUnit + (bytes_per_second % kUnit != 0 ? 1 : 0);
    return {static_cast<std::uint32_t>(std::min<std::uint64_t>(units, kInfinite - 1))};
  }
  [[nodiscard]] static constexpr Bandwidth infinite() { return {kInfinite}; }

  friend constexpr auto operator<=>(Bandwidth, Bandwidth) = default;

  [[nodiscard]] constexpr std::uint64_t bytes_per_second() const {
    return std::uint64_t{units} * kUnit;
  }
  [[nodiscard]] constexpr std::uint64_t bytes_in(std::uint32_t nanoseconds) const {
    return std::uint64_t{units} * nanoseconds / (1'000'000'000 / kUnit);
  }
  // This share of it, in hundredths; never infinite.
  [[nodiscard]] constexpr Bandwidth percent(std::uint32_t hundredths) const {
    const std::uint64_t share = std::uint64_t{units} * hundredths / 100;
    return {static_cast<std::uint32_t>(std::min<std::uint64_t>(share, kInfinite - 1))};
  }
};

}  // namespace mote::netstack
