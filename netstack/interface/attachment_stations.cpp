// The stations that an interface sends to: next hops, and neighbours that lwIP knows or doesn't.
#include <bit>

#include "kernel/time/clock.hpp"
#include "lwip/etharp.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/limits.hpp"

namespace mote::netstack {
namespace {

bool is_group(Ipv4Address address) { return address.is_multicast() || address.is_broadcast(); }

}  // namespace

// The on-link address of the station to which a datagram goes next. Zero: the datagram is for a
// group, or no route leads there.
std::uint32_t Attachment::far_hop(std::uint32_t destination) const {
  const std::uint32_t mask = ip4_addr_get_u32(netif_ip4_netmask(&netif_));
  if (!routes_.empty()) [[unlikely]] {
    if (const std::uint32_t hop = hop_by_route(destination); hop != 0) {
      return hop;
    }
  }
  if (is_on_subnet(destination)) {
    return destination;
  }
  const Ipv4Address address{std::byteswap(destination)};
  if (is_group(address)) {
    return 0;
  }
  // No router forwards to a link-local address (RFC 3927, 2.6.2), except where only the gateway is
  // on the link, as in clouds whose own servers have such addresses.
  if (address.is_link_local() && mask != 0xFFFFFFFF) {
    return destination;
  }
  return ip4_addr_get_u32(netif_ip4_gw(&netif_));
}

// The next hop by a route, if its prefix is longer than the subnet's: the longest wins.
std::uint32_t Attachment::hop_by_route(std::uint32_t destination) const {
  const Ipv4Address address{std::byteswap(destination)};
  const Route* const route = is_group(address) ? nullptr : routes_.find(address);
  if (route == nullptr) {
    return 0;
  }
  const Host own = host();
  const bool on_subnet = ((address.value ^ own.address.value) & own.netmask.value) == 0;
  if (on_subnet && route->prefix_bits <= std::popcount(own.netmask.value)) {
    return 0;
  }
  return route->is_on_link() ? destination : std::byteswap(route->router.value);
}

err_t Attachment::find_station(std::uint32_t destination, struct pbuf& datagram) {
  const Ipv4Address address{std::byteswap(destination)};
  ip4_addr_t station{destination};
  if (!is_group(address)) {
    station.addr = next_hop(destination);
    if (station.addr == 0) {
      ++counters_.tx_no_route;
      return ERR_RTE;
    }
  }
  return etharp_output(&netif_, &datagram, &station);
}

bool Attachment::frame_for_caller(std::uint32_t destination, struct pbuf& datagram) {
  EthernetHeader header;
  if (!is_unknown_caller(destination, header) ||
      pbuf_add_header(&datagram, sizeof(EthernetHeader)) != 0) {
    return false;
  }
  __builtin_memcpy(datagram.payload, &header, sizeof(header));
  return true;
}

void Attachment::send_datagram(struct pbuf& datagram, std::uint32_t destination) {
  const ip4_addr_t address{destination};
  netif_.output(&netif_, &datagram, &address);
}

bool Attachment::is_unknown_caller(std::uint32_t destination, EthernetHeader& header) {
  if (destination == 0 || destination != caller_.address || next_hop(destination) != destination) {
    return false;
  }
  const ip4_addr_t address{destination};
  struct eth_addr* known_mac = nullptr;
  const ip4_addr_t* known_address = nullptr;
  if (etharp_find_addr(&netif_, &address, &known_mac, &known_address) >= 0) {
    return false;
  }
  header = {caller_.mac, host().mac, EthernetHeader::kIpv4};
  // Get to know a station that stays, but ask at a limited rate, so that a flood of strangers
  // causes no flood of ARP requests.
  if (const Nanoseconds now = clock::now(); now >= next_question_) {
    next_question_ = now + milliseconds(limits::kNeighbourQuestionMs);
    etharp_query(&netif_, &address, nullptr);
  }
  return true;
}

EthernetHeader Attachment::station_of_caller(std::uint32_t destination) {
  EthernetHeader caller;
  const EthernetHeader* const station = station_for(destination, caller);
  return station != nullptr ? *station
                            : EthernetHeader{caller_.mac, host().mac, EthernetHeader::kIpv4};
}

void Attachment::learn_station(const struct pbuf& frame) {
  if (frame.len < sizeof(EthernetHeader) + sizeof(Ipv4Header)) {
    return;
  }
  const auto& header = *static_cast<const EthernetHeader*>(frame.payload);
  if (header.type != EthernetHeader::kIpv4 || is_group(header.destination)) {
    return;
  }
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(&header + 1);
  if (const std::uint32_t hop = next_hop(ip.destination.raw()); hop != 0) {
    peers_.learn(hop, header);
  }
}

}  // namespace mote::netstack
