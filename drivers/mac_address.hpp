// Ethernet's station addresses (IEEE 802-2014, 8.2), and their text.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote {

struct MacAddress {
  std::array<std::uint8_t, 6> octets{};

  // Bits of the first octet.
  static constexpr std::uint8_t kGroup = 1;
  static constexpr std::uint8_t kLocal = 2;  // administered locally

  // Whether one station can have it: it is neither a group's nor none at all.
  [[nodiscard]] constexpr bool is_station() const {
    return *this != MacAddress{} && (octets[0] & kGroup) == 0;
  }

  // By words, because comparing arrays of bytes calls memcmp.
  friend constexpr bool operator==(const MacAddress& a, const MacAddress& b) {
    using Words = std::array<std::uint16_t, 3>;
    const auto x = std::bit_cast<Words>(a);
    const auto y = std::bit_cast<Words>(b);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2])) == 0;
  }
};

// An address as "52:54:00:12:34:56".
class MacText {
 public:
  [[gnu::noinline]] constexpr explicit MacText(const MacAddress& mac) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::size_t at = 0;
    for (const std::uint8_t octet : mac.octets) {
      characters_[at++] = kDigits[octet >> 4];
      characters_[at++] = kDigits[octet & 15];
      if (at < characters_.size()) {
        characters_[at++] = ':';
      }
    }
  }
  [[nodiscard]] constexpr std::string_view text() const {
    return {characters_.data(), characters_.size()};
  }

 private:
  std::array<char, 17> characters_{};
};

}  // namespace mote
