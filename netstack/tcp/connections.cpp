// Ends the connections of an interface that goes.
#include "netstack/tcp/connections.hpp"

#include "lwip/tcp.h"

namespace mote::netstack {
namespace {

// lwIP tells the owner of each, who ends no others.
void end_all(struct tcp_pcb* first, std::uint8_t netif_index) {
  for (struct tcp_pcb* pcb = first; pcb != nullptr;) {
    struct tcp_pcb* const next = pcb->next;
    if (pcb->netif_idx == netif_index) {
      tcp_abort(pcb);
    }
    pcb = next;
  }
}

}  // namespace

void end_connections(std::uint8_t netif_index) {
  end_all(tcp_active_pcbs, netif_index);
  end_all(tcp_tw_pcbs, netif_index);
}

}  // namespace mote::netstack
