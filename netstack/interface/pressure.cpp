// A glance at a frame: which kind it is, and whether the turn's share of that is used up.
#include "netstack/interface/pressure.hpp"

#include "netstack/tcp/connections.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {
namespace {

using Kind = Pressure::Kind;

constexpr std::size_t kIpOffset = sizeof(EthernetHeader);
constexpr std::uint16_t kSynAlone = 0x0002;
constexpr std::uint16_t kSynAndAck = 0x0012;

// `rest`: the datagram's payload, as far as the packet holds it.
Kind kind_of_segment(const Ipv4Header& ip, std::span<const std::byte> rest,
                     const struct netif& netif) {
  if (rest.size() < sizeof(TcpHeader)) {
    return Kind::kOther;
  }
  const auto& tcp = *reinterpret_cast<const TcpHeader*>(rest.data());
  const ConnectionEnds ends{.here = {ip.destination.raw()},
                            .there = {ip.source.raw()},
                            .local_port = tcp.destination_port,
                            .remote_port = tcp.source_port};
  if (const struct tcp_pcb* const pcb = find_connection(ends, netif_get_index(&netif));
      pcb != nullptr) {
    const bool ends_handshake = pcb->state == SYN_RCVD && tcp.acknowledgement == pcb->snd_nxt;
    return pcb->state >= ESTABLISHED || ends_handshake ? Kind::kConnection : Kind::kNone;
  }
  return (tcp.offset_and_flags & kSynAndAck) == kSynAlone ? Kind::kSyn : Kind::kStray;
}

Kind kind_of_datagram(std::span<const std::byte> datagram, const struct netif& netif) {
  if (datagram.size() < sizeof(Ipv4Header)) {
    return Kind::kOther;
  }
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(datagram.data());
  if (ip.is_fragment()) {
    return Kind::kFragment;
  }
  if (ip.version_and_words != Ipv4Header::kVersion4NoOptions) {
    return Kind::kOther;
  }
  switch (ip.protocol) {
    case Ipv4Header::kTcp:
      return kind_of_segment(ip, datagram.subspan(sizeof(Ipv4Header)), netif);
    case Ipv4Header::kIcmp:
      return Kind::kEcho;
    default:
      return Kind::kDatagram;
  }
}

}  // namespace

Kind Pressure::kind_of(std::span<const std::byte> frame, const struct netif& netif) {
  if (frame.size() < sizeof(EthernetHeader)) {
    return Kind::kOther;
  }
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(frame.data());
  if (ethernet.type == EthernetHeader::kIpv4) {
    return kind_of_datagram(frame.subspan(kIpOffset), netif);
  }
  if (ethernet.type != EthernetHeader::kArp ||
      frame.size() < sizeof(EthernetHeader) + sizeof(ArpPacket)) {
    return Kind::kOther;
  }
  const auto& arp = *reinterpret_cast<const ArpPacket*>(frame.data() + sizeof(EthernetHeader));
  const std::uint32_t gateway = ip4_addr_get_u32(netif_ip4_gw(&netif));
  return gateway != 0 && arp.sender_address.raw() == gateway ? Kind::kNone : Kind::kArp;
}

bool Pressure::takes_share(Kind kind) {
  std::uint8_t& left = left_[static_cast<std::size_t>(kind)];
  if (left == 0) {
    return false;
  }
  --left;
  return true;
}

bool Pressure::admits(std::span<const std::byte> frame, const struct netif& netif) {
  const Kind kind = kind_of(frame, netif);
  if (kind == Kind::kNone) {
    return true;
  }
  if (kind == Kind::kConnection || kind == Kind::kSyn) {
    const auto& ip = *reinterpret_cast<const Ipv4Header*>(frame.data() + kIpOffset);
    const std::uint32_t source = ip.source.raw();
    std::uint32_t& regular = regulars_[(source >> 24) % kRegulars];
    if (kind == Kind::kConnection) {
      regular = source;
      return true;
    }
    if (regular == source && takes_share(Kind::kRegular)) {
      return true;
    }
  }
  return takes_share(kind);
}

}  // namespace mote::netstack
