// The seam between lwIP's state machine and the sender (lwip/patches/own-sender).
//
// lwIP tells which segments came and when a connection begins, closes and ends; what it would send
// itself in a connection's established states, the sender does.
#include <array>
#include <span>

#include "lwip/priv/tcp_priv.h"
#include "mote_hooks.h"
#include "netstack/sender/ecn.hpp"
#include "netstack/sender/sack_option.hpp"
#include "netstack/sender/sender.hpp"

using namespace mote;
using namespace mote::netstack;

namespace {

Sender& sender_of(struct tcp_pcb& pcb) { return *static_cast<Sender*>(pcb.sender); }

}  // namespace

extern "C" {

// All times are the turn's: a segment may be sent and acknowledged in one, and round trips must not
// be negative.
u32_t mote_tcp_clock() { return static_cast<u32_t>(Sender::turn_began().value / 1'000); }

// RFC 3168, 6.1.1.
u8_t mote_tcp_syn(struct tcp_pcb* pcb, const struct tcp_hdr* header) {
  if (!ecn::is_offered_by(*header)) {
    return 0;
  }
  tcp_set_flags(pcb, TF_ECN);
  return TCP_ECE;
}

// The handshake's round trip is the first sample, unless the SYN was sent again (Karn).
err_t mote_tcp_established(struct tcp_pcb* pcb) {
  const u32_t microseconds_taken = mote_tcp_clock() - pcb->syn_clock;
  const Nanoseconds rtt = pcb->nrtx == 0 ? microseconds(microseconds_taken) : Nanoseconds{};
  mote_tcp_path(pcb);
  Sender* const sender = Sender::begin(*pcb, rtt, (pcb->flags & TF_SACK) != 0);
  pcb->sender = sender;
  return sender != nullptr ? ERR_OK : ERR_MEM;
}

u32_t mote_tcp_acknowledged(struct tcp_pcb* pcb, const struct tcp_hdr* header, u16_t text_bytes,
                            const u8_t* options, u16_t option_bytes) {
  std::array<SequenceRange, kSackBlocks> sacks;
  const std::span known = option_bytes == 0
                              ? std::span<const SequenceRange>{}
                              : sack_blocks({options, option_bytes}, std::span(sacks));
  const bool has_ece = (pcb->flags & TF_ECN) != 0 && ecn::take(*pcb, *header, text_bytes != 0);
  return sender_of(*pcb).take({.sequence = header->seqno,
                               .acknowledgement = header->ackno,
                               .window = static_cast<u32_t>(header->wnd) << pcb->snd_scale,
                               .text_bytes = text_bytes,
                               .has_ece = has_ece,
                               .sacks = known},
                              Sender::turn_began());
}

void mote_tcp_fin(struct tcp_pcb* pcb) { sender_of(*pcb).write_fin(); }

void mote_tcp_output(struct tcp_pcb* pcb) {
  sender_of(*pcb).send_after_arrival(Sender::turn_began());
}

void mote_tcp_end(struct tcp_pcb* pcb) {
  sender_of(*pcb).end();
  pcb->sender = nullptr;
}

}  // extern "C"
