// The Internet checksum: ones' complement sums, whole (RFC 1071) and incremental (RFC 1624).
//
// Sums are kept as the CPU loads the words, without swapping bytes: ones' complement addition
// gives the same bytes in memory either way (RFC 1071, 2 B).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace mote::netstack {

// A ones' complement sum in progress.
struct Sum {
  std::uint64_t value = 0;

  // Adds with the carry brought round to the low end.
  constexpr void add(std::uint64_t word) {
    value += word;
    value += static_cast<std::uint64_t>(value < word);
  }

  // The sum in 16 bits, not complemented, as it lies in memory.
  [[nodiscard]] constexpr std::uint16_t folded() const {
    std::uint64_t sum = (value & 0xFFFFFFFF) + (value >> 32);
    sum = (sum & 0xFFFF) + (sum >> 16 & 0xFFFF) + (sum >> 32);
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
  }
};

// Adds bytes that begin at an even place of the summed data; an odd last byte counts as the first
// of a word (RFC 1071, 4.1). Eight bytes a step.
inline void add_bytes(Sum& sum, std::span<const std::byte> bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    __builtin_memcpy(&word, at, 8);
    sum.add(word);
  }
  if ((left & 4) != 0) {
    std::uint32_t word;
    __builtin_memcpy(&word, at, 4);
    sum.add(word);
    at += 4;
  }
  if ((left & 2) != 0) {
    std::uint16_t word;
    __builtin_memcpy(&word, at, 2);
    sum.add(word);
    at += 2;
  }
  if ((left & 1) != 0) sum.add(static_cast<std::uint8_t>(*at));
}

[[nodiscard]] inline std::uint16_t ones_sum(std::span<const std::byte> bytes) {
  Sum sum;
  add_bytes(sum, bytes);
  return sum.folded();
}

// True when data that includes its own checksum is whole (RFC 1071, 1: the sum is all ones).
[[nodiscard]] inline bool checksum_holds(std::span<const std::byte> bytes) {
  return ones_sum(bytes) == 0xFFFF;
}

// The checksum field after one 16-bit word of the data has changed (RFC 1624, equation 3). All
// three values as they lie in memory.
[[nodiscard]] constexpr std::uint16_t checksum_updated(std::uint16_t checksum, std::uint16_t before,
                                                       std::uint16_t after) {
  Sum sum{static_cast<std::uint16_t>(~checksum)};
  sum.add(static_cast<std::uint16_t>(~before));
  sum.add(after);
  return static_cast<std::uint16_t>(~sum.folded());
}

}  // namespace mote::netstack
