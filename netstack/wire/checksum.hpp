// The Internet checksum: ones' complement sums, complete (RFC 1071) and incremental (RFC 1624).
//
// Sums are kept in the CPU's byte order, without swapping: ones' complement addition gives the same
// bytes in memory either way (RFC 1071, 2 B).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace mote::netstack {

// A ones' complement sum in progress.
struct Sum {
  std::uint64_t value = 0;

  // Adds with end-around carry.
  constexpr void add(std::uint64_t word) {
    value += word;
    value += static_cast<std::uint64_t>(value < word);
  }

  // The sum in 16 bits, not complemented, as it lies in memory. Adding a word to itself with its
  // halves exchanged leaves the halves' sum, with the carry of the low half, in the high half.
  [[nodiscard]] constexpr std::uint16_t folded() const {
    const auto sum = static_cast<std::uint32_t>((value + std::rotl(value, 32)) >> 32);
    return static_cast<std::uint16_t>((sum + std::rotl(sum, 16)) >> 16);
  }
};

// Loads a word, aligned or not.
template <typename Word>
[[nodiscard]] inline Word load_word(const std::byte* at) {
  Word word;
  __builtin_memcpy(&word, at, sizeof(word));
  return word;
}

// Adds kWords words of eight bytes, one instruction each: the carry of one addition goes into the
// next.
template <std::size_t kWords>
inline void add_words(Sum& sum, const std::byte* at) {
  unsigned long long carry = 0;  // the builtin's own type
  unsigned long long value = sum.value;
  // Not a loop, whose counter would destroy the carry.
  [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
    ((value = __builtin_addcll(value, load_word<std::uint64_t>(at + kIndex * 8), carry, &carry)),
     ...);
  }(std::make_index_sequence<kWords>{});
  sum.value = value + carry;
}

// Adds bytes that begin at an even offset of the summed data; an odd last byte counts as the first
// of a word (RFC 1071, 4.1).
inline void add_bytes(Sum& sum, std::span<const std::byte> bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 32; at += 32, left -= 32) {
    add_words<4>(sum, at);
  }
  if ((left & 16) != 0) {
    add_words<2>(sum, at);
    at += 16;
  }
  if ((left & 8) != 0) {
    sum.add(load_word<std::uint64_t>(at));
    at += 8;
  }
  if ((left & 4) != 0) {
    sum.add(load_word<std::uint32_t>(at));
    at += 4;
  }
  if ((left & 2) != 0) {
    sum.add(load_word<std::uint16_t>(at));
    at += 2;
  }
  if ((left & 1) != 0) {
    sum.add(static_cast<std::uint8_t>(*at));
  }
}

[[nodiscard]] inline std::uint16_t ones_sum(std::span<const std::byte> bytes) {
  Sum sum;
  add_bytes(sum, bytes);
  return sum.folded();
}

// Whether data that includes its own checksum is intact (RFC 1071, 1: the sum is all ones).
[[nodiscard]] inline bool checksum_holds(std::span<const std::byte> bytes) {
  return ones_sum(bytes) == 0xFFFF;
}

// The checksum field after one 16-bit word of the data changed (RFC 1624, equation 3). All three
// values as they lie in memory.
[[nodiscard]] constexpr std::uint16_t checksum_updated(std::uint16_t checksum, std::uint16_t before,
                                                       std::uint16_t after) {
  Sum sum{static_cast<std::uint16_t>(~checksum)};
  sum.add(static_cast<std::uint16_t>(~before));
  sum.add(after);
  return static_cast<std::uint16_t>(~sum.folded());
}

}  // namespace mote::netstack
