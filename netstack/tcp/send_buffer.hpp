// How much a connection may have in flight: more if its device cuts long segments into frames.
#pragma once

#include "drivers/limits.hpp"
#include "lwip/tcp.h"

namespace mote::netstack {

// Four of the longest segments.
inline constexpr tcpwnd_size_t kWideSendBuffer = 4 * limits::kTxPayloadBytes;
static_assert(kWideSendBuffer > TCP_SND_BUF);

// Call for a new connection.
inline void widen_send_buffer(struct tcp_pcb& pcb) {
  if (pcb.tso_bytes == 0) {
    return;
  }
  pcb.snd_buf = kWideSendBuffer;
  pcb.ssthresh = kWideSendBuffer;  // RFC 5681, 3.1: high at first
}

// The size of a connection's send buffer, after widen_send_buffer. lwIP's snd_buf counts the free
// part of it.
inline tcpwnd_size_t send_buffer_of(const struct tcp_pcb& pcb) {
  return pcb.tso_bytes == 0 ? TCP_SND_BUF : kWideSendBuffer;
}

}  // namespace mote::netstack
