// The classifier: judges received frames, and writes echo replies in the request's own buffer.
//
// It runs in the driver's receive loop, before lwIP. It answers echo requests to this host in
// place, drops what nobody here uses or nobody should send, and passes the rest up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "netstack/wire/headers.hpp"

namespace mote::netstack {

// The addresses that frames are for. `address` is zero while there is none.
struct Host {
  MacAddress mac;
  Ipv4Address address;
  Ipv4Address netmask;
};

// A frame's fate and the reason. Each is counted.
enum class Fate : std::uint8_t {
  kReply,       // an echo request, now rewritten to its reply
  kUp,          // for lwIP
  kUpFragment,  // for lwIP, which may hold it long
  // Dropped:
  kShort,            // ends within a header
  kOtherHost,        // to another station's MAC address
  kUnknownProtocol,  // neither IPv4 nor ARP
  kBadArp,           // ARP of the wrong length, or not for Ethernet and IPv4
  kBadHeader,        // impossible IPv4 header or total length
  kBadChecksum,      // IPv4 header's or echo request's
  kBadSource,        // a source that no host may have: group, loopback, zero, our own
  kMulticast,        // to an IPv4 group; we join none
  kEchoToGroup,      // echo request by broadcast (RFC 1122, 3.2.2.6: may be discarded)
  kUnicastToGroup,   // to a group's MAC address, but one host's IP address (RFC 1122, 3.3.6)
  kSourceRoute,      // asks for source routing (RFC 7126, 4.3 and 4.4: drop)
  kEarlyDrop,        // too many of its kind while frames come faster than they are judged
};
inline constexpr std::size_t kFates = static_cast<std::size_t>(Fate::kEarlyDrop) + 1;

struct Decision {
  Fate fate;
  std::uint16_t reply_bytes = 0;  // for kReply: length of the reply frame, at least 60
};

// Judges the frame in `buffer[0, frame_bytes)`, and removes a priority tag and IP options: what
// goes up has neither. For kReply the frame is a complete reply, padded with zeros to the shortest
// Ethernet frame, so `buffer` must have at least 60 bytes.
[[nodiscard]] Decision classify(std::span<std::byte> buffer, std::size_t frame_bytes,
                                const Host& host);

// Judges a frame of `frame_bytes` in several packets; `start` is the first, with all headers. kUp
// for a whole IPv4 datagram to this host, else the reason to drop it.
[[nodiscard]] Fate judge_large(std::span<const std::byte> start, std::size_t frame_bytes,
                               const Host& host);

// Removes a priority tag (IEEE 802.1Q, 9.6: identifier 0 names no VLAN), which shortens the frame
// by sizeof(VlanTag). False if there is none, or if another tag follows: that frame belongs to some
// VLAN, so it isn't ours.
[[nodiscard]] bool remove_priority_tag(std::span<std::byte> frame);

}  // namespace mote::netstack
