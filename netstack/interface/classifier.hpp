// The classifier: what a received frame is, and the echo reply in the request's own buffer.
//
// It runs in the driver's receive loop, before lwIP. Echo requests to this host are answered in
// place; what nobody here would use, or nobody should send, is dropped; the rest goes up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "netstack/wire/headers.hpp"

namespace mote::netstack {

// Whom frames are for. `address` is zero while there is none.
struct Host {
  MacAddress mac;
  Ipv4Address address;
  Ipv4Address netmask;
};

// What becomes of a frame, and why. Each is counted.
enum class Fate : std::uint8_t {
  kReply,       // an echo request, now rewritten to its reply
  kUp,          // for lwIP
  kUpFragment,  // for lwIP, which may hold it long
  // Dropped:
  kShort,            // ends within a header
  kOtherHost,        // to another station's MAC address
  kUnknownProtocol,  // neither IPv4 nor ARP
  kBadArp,           // ARP of another length or kind than Ethernet with IPv4
  kBadHeader,        // IPv4 header or total length that can't be
  kBadChecksum,      // IPv4 header's or echo request's
  kBadSource,        // a source that no host may have: group, loopback, zero, our own
  kMulticast,        // to an IPv4 group: none is joined
  kEchoToGroup,      // echo request by broadcast (RFC 1122, 3.2.2.6: may be discarded)
  kUnicastToGroup,   // a group's frame with a datagram for one host (RFC 1122, 3.3.6)
  kSourceRoute,      // says which way its answer is to take (RFC 7126, 4.3 and 4.4: to be dropped)
};
inline constexpr std::size_t kFates = static_cast<std::size_t>(Fate::kSourceRoute) + 1;

struct Decision {
  Fate fate;
  std::uint16_t reply_bytes = 0;  // length of the reply frame, at least 60, for kReply
};

// Judges the frame in `buffer[0, frame_bytes)`, and takes a priority tag and IP options out of it:
// what goes up has none. For kReply the frame is a whole reply, padded with zeros to the shortest
// Ethernet frame, for which `buffer` has room: it must be at least 60 bytes long.
[[nodiscard]] Decision classify(std::span<std::byte> buffer, std::size_t frame_bytes,
                                const Host& host);

// Judges a frame of `frame_bytes` that lies in several packets, the headers and all else in `start`
// in the first: kUp for a whole IPv4 datagram to this host, else why it is dropped.
[[nodiscard]] Fate judge_large(std::span<const std::byte> start, std::size_t frame_bytes,
                               const Host& host);

// Takes out a priority tag (IEEE 802.1Q, 9.6: identifier 0 names no VLAN); the frame is then
// shorter by sizeof(VlanTag). False if there is none, or if another tag is behind it: of whatever
// VLAN that frame is, it isn't ours.
[[nodiscard]] bool remove_priority_tag(std::span<std::byte> frame);

}  // namespace mote::netstack
