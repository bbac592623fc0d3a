// TCP segments of any host, made by hand, for the network stack's tests; and the machine's.
#pragma once

#include <cstdint>

#include "tests/unit/netstack/neighbours.hpp"

namespace mote::world {

inline constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPush = 8, kAck = 16;

// Text is what follows; sequence numbers and window as they are in the header.
struct Segment {
  std::uint32_t source = kPeerAddress;
  MacAddress mac = kPeerMac;
  std::uint16_t port = 40'000;
  std::uint16_t service = 80;  // the machine's port
  std::uint8_t flags = kSyn;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint16_t window = 60'000;
  Bytes options = {};  // whole words
  Bytes text = {};

  // The frame that brings it to the machine.
  [[nodiscard]] Bytes frame() const;
};

[[nodiscard]] inline const netstack::TcpHeader& tcp_of(const Bytes& frame) {
  return *reinterpret_cast<const netstack::TcpHeader*>(frame.data() + 34);
}
[[nodiscard]] inline unsigned flags_of(const Bytes& frame) {
  return tcp_of(frame).offset_and_flags & 0x3FU;
}
[[nodiscard]] inline Bytes options_of(const Bytes& frame) {
  return {frame.begin() + 54, frame.begin() + 34 + static_cast<long>(tcp_of(frame).header_bytes())};
}

// Whether both of its checksums are right.
[[nodiscard]] bool has_right_checksums(const Bytes& frame);

}  // namespace mote::world
