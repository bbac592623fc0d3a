// Sends ARP requests of our own (RFC 826), beside those by which lwIP finds its neighbours.
#pragma once

#include "drivers/net_device.hpp"
#include "lwip/netif.h"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {

inline constexpr MacAddress kEveryStation{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

// Asks the station `to` for `target`, in the name of `sender`. False: there is no memory, or no
// room in the ring and behind it.
[[nodiscard]] bool send_arp_request(struct netif& netif, const MacAddress& to, Ipv4Address sender,
                                    Ipv4Address target);

}  // namespace mote::netstack
