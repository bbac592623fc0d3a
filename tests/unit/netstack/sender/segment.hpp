// Segments of a client's with any options, for tests of the sender; and reading the machine's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "tests/unit/netstack/world.hpp"

namespace mote::world {

// TCP's flags (RFC 9293, 3.1; RFC 3168, 6.1).
inline constexpr unsigned kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16, kEce = 64, kCwr = 128;
inline constexpr unsigned kEcnSetup = kEce | kCwr;  // of a SYN

// A datagram's ECN field (RFC 3168, 5).
inline constexpr unsigned kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3;

// From the first number to before the last.
using Range = std::pair<std::uint32_t, std::uint32_t>;

struct Segment {
  std::uint16_t from = 0;
  std::uint16_t to = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  unsigned flags = 0;
  std::uint16_t window = 0;  // as on the wire
  unsigned ecn = 0;          // of the datagram (RFC 3168, 5)
  Bytes options{};           // a multiple of four bytes
  Bytes payload{};

  [[nodiscard]] std::uint32_t end() const {
    return sequence + static_cast<std::uint32_t>(payload.size());
  }
};

// A frame from the peer to the machine.
Bytes frame_of(const Segment& segment);

// The segment in a frame of the machine's, whose checksum must be right; none in other frames.
std::optional<Segment> segment_in(const Bytes& frame);

// Options, padded. A scale below 0: none.
Bytes syn_options(std::uint16_t mss, int scale, bool sack, bool timestamps);
Bytes sack_option(std::span<const Range> blocks);

// How far a number lies beyond another.
[[nodiscard]] constexpr std::int32_t beyond(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b);
}

}  // namespace mote::world
