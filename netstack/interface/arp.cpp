// Sends ARP requests.
#include "netstack/interface/arp.hpp"

#include <bit>

#include "lwip/pbuf.h"
#include "netif/ethernet.h"

namespace mote::netstack {

bool send_arp_request(struct netif& netif, const MacAddress& to, Ipv4Address sender,
                      Ipv4Address target) {
  struct pbuf* const frame = pbuf_alloc(PBUF_LINK, sizeof(ArpPacket), PBUF_RAM);
  if (frame == nullptr) {
    return false;
  }
  const auto own = std::bit_cast<MacAddress>(netif.hwaddr);
  *static_cast<ArpPacket*>(frame->payload) = {ArpPacket::kEthernet, EthernetHeader::kIpv4,
                                              sizeof(MacAddress),   sizeof(Ipv4Address),
                                              ArpPacket::kRequest,  own,
                                              sender.value,         {},
                                              target.value};
  const auto source = std::bit_cast<struct eth_addr>(own);
  const auto destination = std::bit_cast<struct eth_addr>(to);
  const bool sent =
      ethernet_output(&netif, frame, &source, &destination, EthernetHeader::kArp) == ERR_OK;
  pbuf_free(frame);
  return sent;
}

}  // namespace mote::netstack
