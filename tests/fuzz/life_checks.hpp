// Checks for every moment of a life, and for its end, when nothing may be left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "http/connection/server.hpp"
#include "http/reply/reply_tail.hpp"
#include "http/request/request_buffer.hpp"
#include "kernel/memory/packet.hpp"
#include "lwip/priv/tcp_priv.h"
#include "netstack/lwip/heap.hpp"
#include "netstack/sender/block.hpp"
#include "netstack/sender/flight.hpp"
#include "netstack/sender/sender.hpp"
#include "netstack/stats.hpp"
#include "tests/fakes/demand.hpp"

namespace mote::fuzz {

inline void check_connections() {
  for (const tcp_pcb* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next) {
    if (pcb->sender == nullptr) continue;  // in its handshake
    const auto& sender = *static_cast<const netstack::Sender*>(pcb->sender);
    const netstack::Recovery& recovery = sender.recovery();
    const netstack::Sequence written{pcb->snd_lbb};
    demand(recovery.flight().adds_up(), "a scoreboard's counts are wrong");
    demand(recovery.acknowledged().value == pcb->lastack, "lwIP and the sender differ in SND.UNA");
    demand(recovery.sent().value == pcb->snd_nxt, "lwIP and the sender differ in SND.NXT");
    demand(!recovery.sent().is_behind(written), "more was sent than written");
    const std::uint32_t waiting = written - recovery.acknowledged();
    demand(waiting - sender.unacknowledged() <= 1, "a queue isn't what waits for ACKs, and a FIN");
  }
}

// The resources in use while there are no clients.
struct Usage {
  std::size_t heap = netstack::heap::used();
  std::size_t pools = [] {
    std::size_t used = 0;
    for (const netstack::PoolUsage& pool : netstack::pools()) used += pool.used;
    return used;
  }();
  std::size_t senders = netstack::Sender::count();
  std::size_t blocks = netstack::blocks::used();
  std::size_t ranges = netstack::Flight::ranges_taken();
  std::size_t packets = Packet::pool_size() - Packet::free_count();
  std::size_t connections = http::counters().open;
  std::size_t tails = http::ReplyTail::in_use();
  std::size_t requests = http::RequestBuffer::in_use();

  bool operator==(const Usage&) const = default;

  void print() const {
    std::fprintf(stderr,
                 "in use: heap %zu, pools %zu, senders %zu, blocks %zu, ranges %zu, packets %zu, "
                 "connections %zu, tails %zu, requests %zu\n",
                 heap, pools, senders, blocks, ranges, packets, connections, tails, requests);
  }
};

inline void check_rest(const Usage& at_rest) {
  const Usage now;
  if (now != at_rest) now.print();
  demand(now == at_rest, "something is left behind");
}

}  // namespace mote::fuzz
