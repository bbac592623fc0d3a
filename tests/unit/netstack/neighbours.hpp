// Frames of stations other than the peer, for the network stack's tests.
#pragma once

#include <cstdint>
#include <span>

#include "tests/unit/netstack/world.hpp"

namespace mote::world {

// A datagram to the machine from `source`, sent by the station `mac`.
Bytes datagram_from(std::uint32_t source, MacAddress mac, std::uint8_t protocol,
                    std::span<const std::uint8_t> payload, std::uint16_t flags_and_offset = 0);

// A SYN to port 80, and a datagram to a closed UDP port.
Bytes syn_from(std::uint32_t source, MacAddress mac, std::uint16_t port = 40'000);
Bytes udp_from(std::uint32_t source, MacAddress mac);

// An ARP request for the machine's address.
Bytes arp_request_from(std::uint32_t source, MacAddress mac);

// A hardware address unique to this IP address.
MacAddress mac_of(std::uint32_t address);

// The frames that the machine sends after receiving this one.
std::deque<Bytes> answers_to(const Bytes& frame);

[[nodiscard]] inline const netstack::EthernetHeader& ethernet_of(const Bytes& frame) {
  return *reinterpret_cast<const netstack::EthernetHeader*>(frame.data());
}
[[nodiscard]] inline bool is_ipv4(const Bytes& frame) {
  return ethernet_of(frame).type == netstack::EthernetHeader::kIpv4;
}
[[nodiscard]] inline const netstack::Ipv4Header& ipv4_of(const Bytes& frame) {
  return *reinterpret_cast<const netstack::Ipv4Header*>(frame.data() + 14);
}

}  // namespace mote::world
