// How much of a pool's full size a machine with little RAM gets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mote {

class RamShare {
 public:
  // Free RAM, in bytes, that holds every pool in its full size. With less, pools shrink in
  // proportion, but never below a fraction of 1/kLeast.
  static constexpr std::size_t kAmpleBytes = 6 * 1024 * 1024;
  static constexpr std::size_t kLeast = 4;

  explicit constexpr RamShare(std::uint64_t free_bytes)
      : bytes_(std::min<std::uint64_t>(free_bytes, kAmpleBytes)) {}

  [[nodiscard]] constexpr std::size_t of(std::size_t whole) const {
    return std::max<std::size_t>(whole * bytes_ / kAmpleBytes, whole / kLeast);
  }

 private:
  std::uint64_t bytes_;
};

}  // namespace mote
