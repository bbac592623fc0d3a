// Numbers as text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote {

// The digits of a number, most significant first, with at least `least_digits` of them. Holds its
// own characters.
template <unsigned base>
  requires(base == 10 || base == 16)
class NumberText {
 public:
  constexpr explicit NumberText(std::uint64_t value, unsigned least_digits = 1) {
    do {
      --first_;
      digits_[first_] = "0123456789abcdef"[value % base];
      value /= base;
    } while (first_ > 0 && (value != 0 || digits_.size() - first_ < least_digits));
  }

  [[nodiscard]] constexpr std::string_view text() const {
    return std::string_view(digits_.data(), digits_.size()).substr(first_);
  }

 private:
  static constexpr std::size_t kMostDigits = 20;  // of 2^64 - 1 in decimal

  std::array<char, kMostDigits> digits_{};
  std::size_t first_ = kMostDigits;
};

}  // namespace mote
