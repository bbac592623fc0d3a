// Explicit congestion notification (RFC 3168) in what lwIP hands over.
//
// There is no setting: it is on where the client asks for it. TF_ECN in a PCB says that both ends
// agreed; TF_ECN_ECHO, that a mark arrived and the peer hasn't told yet that it has slowed down.
#pragma once

#include <cstdint>

#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"

namespace mote::netstack::ecn {

// ECE and CWR of a header, which lwIP's own macros mask out.
[[nodiscard]] inline std::uint16_t flags_of(const struct tcp_hdr& header) {
  return lwip_ntohs(header._hdrlen_rsvd_flags) & (TCP_ECE | TCP_CWR);
}

// RFC 3168, 6.1.1: an ECN-setup SYN has both flags.
[[nodiscard]] inline bool is_offered_by(const struct tcp_hdr& syn) {
  return flags_of(syn) == (TCP_ECE | TCP_CWR);
}

// RFC 3168, 5: both bits of the datagram that lwIP has in hand are set (CE).
[[nodiscard]] inline bool is_marked() { return (IPH_TOS(ip4_current_header()) & 0b11) == 0b11; }

// Takes what a segment tells an end that agreed; returns whether it has ECE. RFC 3168, 6.1.3: a
// mark is echoed until CWR comes, and what came with CWR may be marked anew. 6.1.4: marks count on
// data only.
[[nodiscard]] inline bool take(struct tcp_pcb& pcb, const struct tcp_hdr& header, bool has_data) {
  const std::uint16_t flags = flags_of(header);
  if ((flags & TCP_CWR) != 0) {
    tcp_clear_flags(&pcb, TF_ECN_ECHO);
  }
  if (has_data && is_marked()) {
    tcp_set_flags(&pcb, TF_ECN_ECHO);
  }
  return (flags & TCP_ECE) != 0;
}

}  // namespace mote::netstack::ecn
