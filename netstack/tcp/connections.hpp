// Looks up TCP's table of connections (lwip/patches/connections) without going through tcp_input.
#pragma once

#include <cstdint>

#include "lwip/priv/tcp_priv.h"

namespace mote::netstack {

// Both ends of a connection: addresses, in the wire's byte order, and ports.
struct ConnectionEnds {
  ip_addr_t here;
  ip_addr_t there;
  std::uint16_t local_port;
  std::uint16_t remote_port;
};

// The connection with these ends on an interface, or null.
[[nodiscard, gnu::always_inline]] inline struct tcp_pcb* find_connection(const ConnectionEnds& ends,
                                                                         std::uint8_t netif_index) {
  struct tcp_pcb* pcb = *tcp_bucket(&ends.here, ends.local_port, &ends.there, ends.remote_port);
  while (pcb != nullptr &&
         !(pcb->remote_port == ends.remote_port && ip_addr_eq(&pcb->remote_ip, &ends.there) &&
           pcb->local_port == ends.local_port && ip_addr_eq(&pcb->local_ip, &ends.here) &&
           pcb->netif_idx == netif_index)) {
    pcb = pcb->hash_next;
  }
  return pcb;
}

// Resets every connection on an interface, whatever its state: their senders refer to it.
void end_connections(std::uint8_t netif_index);

}  // namespace mote::netstack
