// Checks for every moment of a life, and for its end, when nothing may be left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "http/connection/server.hpp"
#include "http/reply/reply_tail.hpp"
#include "http/request/request_buffer.hpp"
#include "kernel/memory/packet.hpp"
#include "lwip/priv/tcp_priv.h"
#include "netstack/lwip/heap.hpp"
#include "netstack/stats.hpp"
#include "tests/fakes/demand.hpp"

namespace mote::fuzz {

inline std::uint32_t begin_of(const tcp_seg& segment) { return lwip_ntohl(segment.tcphdr->seqno); }

// Checks a queue of segments: in order, none empty, each chain of the stated length. Returns the
// number of its pbufs.
inline unsigned check_queue(const tcp_seg* segment) {
  unsigned pbufs = 0;
  std::optional<std::uint32_t> end;
  for (; segment != nullptr; segment = segment->next) {
    unsigned bytes = 0;
    for (const pbuf* piece = segment->p; piece != nullptr; piece = piece->next) {
      bytes += piece->len;
      ++pbufs;
    }
    demand(bytes == segment->p->tot_len, "a chain isn't as long as it says");
    demand(TCP_TCPLEN(segment) > 0, "a segment without sequence space is queued");
    demand(!end || TCP_SEQ_GEQ(begin_of(*segment), *end), "a queue isn't in order");
    end = begin_of(*segment) + TCP_TCPLEN(segment);
  }
  return pbufs;
}

inline void check_connections() {
  for (const tcp_pcb* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next) {
    demand(pcb->snd_queuelen == check_queue(pcb->unsent) + check_queue(pcb->unacked),
           "a connection's count of pbufs is wrong");
    demand((pcb->flags & TF_BROKEN) == 0, "a connection's accounts are broken");
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
  std::size_t packets = Packet::pool_size() - Packet::free_count();
  std::size_t connections = http::counters().open;
  std::size_t tails = http::ReplyTail::in_use();
  std::size_t requests = http::RequestBuffer::in_use();

  bool operator==(const Usage&) const = default;

  void print() const {
    std::fprintf(stderr,
                 "in use: heap %zu, pools %zu, packets %zu, connections %zu, tails %zu, "
                 "requests %zu\n",
                 heap, pools, packets, connections, tails, requests);
  }
};

inline void check_rest(const Usage& at_rest) {
  const Usage now;
  if (now != at_rest) now.print();
  demand(now == at_rest, "something is left behind");
}

}  // namespace mote::fuzz
