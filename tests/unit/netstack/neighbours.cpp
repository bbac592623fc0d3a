// Frames of stations other than the peer.
#include "tests/unit/netstack/neighbours.hpp"

#include <utility>

namespace mote::world {

using netstack::ArpPacket;
using netstack::EthernetHeader;
using netstack::Ipv4Header;
using netstack::TcpHeader;

Bytes datagram_from(std::uint32_t source, MacAddress mac, std::uint8_t protocol,
                    std::span<const std::uint8_t> payload, std::uint16_t flags_and_offset) {
  Bytes frame = ipv4_frame(protocol, payload, flags_and_offset);
  reinterpret_cast<EthernetHeader*>(frame.data())->source = mac;
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + 14);
  ip.source = source;
  ip.checksum = 0;
  ip.checksum = plain_checksum({frame.data() + 14, 20});
  return frame;
}

Bytes syn_from(std::uint32_t source, MacAddress mac, std::uint16_t port) {
  Bytes segment(sizeof(TcpHeader));
  auto& tcp = *reinterpret_cast<TcpHeader*>(segment.data());
  tcp = {port, 80, 1000, 0, 0x5002, 60'000, 0, 0};
  tcp.checksum = plain_checksum(
      segment, pseudo_sum(source, kMachineAddress, Ipv4Header::kTcp, segment.size()));
  return datagram_from(source, mac, Ipv4Header::kTcp, segment);
}

Bytes udp_from(std::uint32_t source, MacAddress mac) {
  Bytes message(sizeof(netstack::UdpHeader) + 4);
  *reinterpret_cast<netstack::UdpHeader*>(message.data()) = {
      4000, 9, static_cast<std::uint16_t>(message.size()), 0};
  return datagram_from(source, mac, Ipv4Header::kUdp, message);
}

Bytes arp_request_from(std::uint32_t source, MacAddress mac) {
  Bytes frame = arp_reply(source, mac);
  reinterpret_cast<EthernetHeader*>(frame.data())->destination.octets.fill(0xFF);
  auto& arp = *reinterpret_cast<ArpPacket*>(frame.data() + 14);
  arp.operation = 1;
  arp.target_mac = {};
  return frame;
}

MacAddress mac_of(std::uint32_t address) {
  return {{0x02, 0, static_cast<std::uint8_t>(address >> 24),
           static_cast<std::uint8_t>(address >> 16), static_cast<std::uint8_t>(address >> 8),
           static_cast<std::uint8_t>(address)}};
}

std::deque<Bytes> answers_to(const Bytes& frame) {
  Machine& m = machine();
  settle(m);
  m.device.wire.clear();
  m.device.receive(frame);
  settle(m);
  m.interface.turn();
  return std::exchange(m.device.wire, {});
}

}  // namespace mote::world
