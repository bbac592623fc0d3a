// Room for what a connection sends: more of it, and in larger pieces, where its device cuts long
// segments into frames.
#pragma once

#include <cstddef>
#include <cstdint>

#include "drivers/limits.hpp"
#include "lwip/tcp.h"
#include "mote_hooks.h"

namespace mote::netstack {

// For a new connection: lets four of the longest segments be in flight.
inline void widen_send_buffer(struct tcp_pcb& pcb) {
  constexpr tcpwnd_size_t kWide = 4 * limits::kTxPayloadBytes;
  static_assert(kWide > TCP_SND_BUF);
  if (pcb.tso_bytes == 0) return;
  pcb.snd_buf += kWide - TCP_SND_BUF;
  pcb.ssthresh = kWide;  // RFC 5681, 3.1: high at first
}

// Bytes of room that are worth waiting for while acknowledgements are to come: whoever writes as
// soon as there is room for two frames hands over segments of two frames.
inline std::uint32_t worthwhile_room(const struct tcp_pcb& pcb) { return pcb.tso_bytes; }

// Whether so many bytes can be written at once, in pieces that take so many pbufs.
inline bool has_room(const struct tcp_pcb& pcb, std::uint32_t bytes, unsigned pbufs) {
  return tcp_sndbuf(&pcb) >= bytes && tcp_sndqueuelen(&pcb) + pbufs <= mote_tcp_queue_limit();
}

// Blocks left for text that is longer than a segment's header has room for, and written by copy.
// Peers that acknowledge none of it may not take all memory that there is for it.
[[nodiscard]] std::size_t text_blocks_left();
inline bool has_text_room() { return text_blocks_left() > 0; }

}  // namespace mote::netstack
