// TCP's sequence numbers, which count modulo 2^32 (RFC 9293, 3.4).
#pragma once

#include <cstdint>

namespace mote::netstack {

// Comparisons hold for numbers less than 2^31 apart; a connection's queue is kept shorter.
struct Sequence {
  std::uint32_t value = 0;

  friend constexpr bool operator==(Sequence, Sequence) = default;

  // How far this lies beyond another number.
  friend constexpr std::uint32_t operator-(Sequence a, Sequence b) { return a.value - b.value; }
  friend constexpr Sequence operator+(Sequence a, std::uint32_t bytes) { return {a.value + bytes}; }

  [[nodiscard]] constexpr bool is_before(Sequence other) const {
    return static_cast<std::int32_t>(value - other.value) < 0;
  }
  [[nodiscard]] constexpr bool is_behind(Sequence other) const { return other.is_before(*this); }
};

[[nodiscard]] constexpr Sequence earlier(Sequence a, Sequence b) { return a.is_before(b) ? a : b; }
[[nodiscard]] constexpr Sequence later(Sequence a, Sequence b) { return a.is_before(b) ? b : a; }

// From the first number to before the last.
struct SequenceRange {
  Sequence begin;
  Sequence end;

  friend constexpr bool operator==(SequenceRange, SequenceRange) = default;

  [[nodiscard]] constexpr std::uint32_t bytes() const { return end - begin; }
  [[nodiscard]] constexpr bool empty() const { return begin == end; }
};

}  // namespace mote::netstack
