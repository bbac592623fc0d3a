// Decides which segments a connection accepts, before lwIP acts on them.
//
// The checks are those of RFC 9293, 3.10.7.4, in its order, with RFC 5961's stricter ones for RST,
// SYN and ACK. A segment that fails changes nothing and is acknowledged, because its sender may be
// honest and behind. RFC 5961, 7, asks for a limit on these challenge ACKs. Ours is per connection:
// a limit shared by all tells an attacker about other connections (CVE-2016-5696).
#include <cstdint>

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "mote_hooks.h"
#include "netstack/limits.hpp"
#include "netstack/sender/ecn.hpp"
#include "netstack/stats.hpp"

namespace mote::netstack {
namespace {

// An incoming segment, whose header lwIP has already converted to the host's byte order.
struct Segment {
  std::uint32_t sequence;
  std::uint32_t acknowledgement;
  std::uint32_t length;  // in sequence numbers
  std::uint8_t flags;
  bool offers_ecn;  // if it is a SYN

  [[nodiscard]] bool has(unsigned bits) const { return (flags & bits) != 0; }
};

// How far a sequence number lies beyond another, modulo 2^32.
constexpr std::uint32_t beyond(std::uint32_t number, std::uint32_t other) { return number - other; }

void challenge(struct tcp_pcb& pcb) {
  constexpr u32_t kTicks = limits::kChallengeTimeMs / TCP_SLOW_INTERVAL;
  if (tcp_ticks - pcb.challenge_time >= kTicks) {
    pcb.challenge_time = tcp_ticks;
    pcb.challenges = 0;
  }
  const bool sends = pcb.challenges < limits::kChallenges;
  if (sends) {
    ++pcb.challenges;
    tcp_ack_now(&pcb);
  }
  note_challenge(sends);
}

// Answers a segment outside the receive window. One that begins at most a window's length before it
// may be retransmitted data or a retransmitted FIN. These are always acknowledged, without a limit:
// otherwise the sender keeps retransmitting, and such an ACK never provokes an answer.
void answer_unacceptable(struct tcp_pcb& pcb, const Segment& segment) {
  const bool may_be_resent = segment.length > 0 && !segment.has(TCP_SYN) &&
                             beyond(pcb.rcv_nxt, segment.sequence) <= TCP_WND_MAX(&pcb);
  if (may_be_resent) {
    tcp_ack_now(&pcb);
  } else {
    challenge(pcb);
  }
}

// RFC 5961, 3.2: a reset counts only if it has exactly the next sequence number.
bool accepts_reset(struct tcp_pcb& pcb, const Segment& segment) {
  const std::uint32_t ahead = beyond(segment.sequence, pcb.rcv_nxt);
  if (ahead != 0 && ahead <= pcb.rcv_wnd) {
    challenge(pcb);
  }
  return ahead == 0;
}

// Checks a segment without RST: its sequence number, that it has no SYN, and that its ACK is for
// data we sent (RFC 5961, 5.2).
bool accepts(struct tcp_pcb& pcb, const Segment& segment) {
  const bool half_open = pcb.state == SYN_RCVD;
  if (segment.has(TCP_SYN) && half_open && segment.sequence == pcb.rcv_nxt - 1) {
    // A retransmission of the one that began the connection. If it is without ECN, so is the
    // connection (RFC 3168, 6.1.1.1), though the SYN-ACK stays as it was.
    if (!segment.offers_ecn) {
      tcp_clear_flags(&pcb, TF_ECN);
    }
    return true;
  }
  // A segment without text may also lie right behind the window: a peer that has filled the window
  // sends its ACKs there. If the window is shut, lwIP takes such a segment's ACK but no text.
  const std::uint32_t window = pcb.rcv_wnd + (segment.length == 0 ? 1U : 0U);
  const bool in_window = beyond(segment.sequence, pcb.rcv_nxt) < window ||
                         beyond(pcb.rcv_nxt, segment.sequence) < segment.length;
  if (!in_window) {
    answer_unacceptable(pcb, segment);
    return false;
  }
  if (segment.has(TCP_SYN)) {
    challenge(pcb);  // RFC 5961, 4.2
    return false;
  }
  if (!segment.has(TCP_ACK)) {
    return false;
  }
  // In SYN-RECEIVED lwIP itself checks the ACK, and sends a reset.
  if (!half_open && (TCP_SEQ_GT(segment.acknowledgement, pcb.snd_nxt) ||
                     TCP_SEQ_LT(segment.acknowledgement, pcb.lastack - pcb.snd_wnd_max))) {
    challenge(pcb);
    return false;
  }
  return true;
}

// In TIME-WAIT nothing is accepted. A reset is ignored (RFC 1337), and only a retransmission of the
// peer's FIN restarts the wait.
void answer_in_time_wait(struct tcp_pcb& pcb, const Segment& segment) {
  if (segment.has(TCP_RST)) {
    return;
  }
  if (segment.has(TCP_FIN) && !segment.has(TCP_SYN) &&
      segment.sequence + segment.length == pcb.rcv_nxt) {
    pcb.tmr = tcp_ticks;
    tcp_requeue(&pcb);
  }
  if (segment.length > 0) {
    answer_unacceptable(pcb, segment);
  }
}

// Judges all but the usual segments. Not inlined, so that it costs those nothing.
[[gnu::noinline]] err_t judge(struct tcp_pcb* pcb, const struct tcp_hdr* header,
                              const struct pbuf* text) {
  const auto flags = static_cast<std::uint8_t>(TCPH_FLAGS(header));
  const Segment segment = {
      .sequence = header->seqno,
      .acknowledgement = header->ackno,
      .length = text->tot_len + ((flags & (TCP_FIN | TCP_SYN)) != 0 ? std::uint32_t{1} : 0),
      .flags = flags,
      .offers_ecn = ecn::is_offered_by(*header)};
  if (pcb->state == TIME_WAIT) {
    answer_in_time_wait(*pcb, segment);
  } else if (segment.has(TCP_RST)) {
    if (accepts_reset(*pcb, segment)) {
      return ERR_OK;
    }
  } else {
    if (accepts(*pcb, segment)) {
      return ERR_OK;
    }
    TCP_STATS_INC(tcp.drop);
  }
  if ((pcb->flags & TF_ACK_NOW) != 0) {
    tcp_wake(pcb);  // in case there is no memory for the ACK now
    tcp_output(pcb);
  }
  return ERR_VAL;
}

}  // namespace
}  // namespace mote::netstack

using namespace mote::netstack;

extern "C" {

// Inlined into lwIP by the linker, which saves 15 instructions a segment.
[[gnu::always_inline]] err_t mote_tcp_judge(struct tcp_pcb* pcb, const struct tcp_hdr* header,
                                            const struct pbuf* text) {
  const bool usual = header->seqno == pcb->rcv_nxt && pcb->rcv_wnd != 0 &&
                     (TCPH_FLAGS(header) & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK &&
                     header->ackno - pcb->lastack <= pcb->snd_nxt - pcb->lastack &&
                     pcb->state != TIME_WAIT;
  return usual ? err_t{ERR_OK} : judge(pcb, header, text);
}

}  // extern "C"
