// Which segments a connection believes, judged before lwIP takes anything from them.
//
// The checks are those of RFC 9293, 3.10.7.4, in its order; RFC 5961 makes those of RST, SYN and
// ACK strict. What fails them changes nothing and is acknowledged, for its sender may be honest and
// behind. RFC 5961, 7, wants a limit on that; this one is per connection, because one that all
// share tells a stranger about others (CVE-2016-5696).
#include <cstdint>

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "mote_hooks.h"
#include "netstack/limits.hpp"
#include "netstack/stats.hpp"

namespace mote::netstack {
namespace {

// An incoming segment. lwIP has its header in the host's byte order by now.
struct Segment {
  std::uint32_t sequence;
  std::uint32_t acknowledgement;
  std::uint32_t length;  // in sequence numbers
  std::uint8_t flags;

  [[nodiscard]] bool has(unsigned bits) const { return (flags & bits) != 0; }
};

// A number's distance behind another one.
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

// Answers a segment outside the receive window. What ends before the window and began not more than
// a window before it may well be data or a FIN sent once more, which is always acknowledged: else
// its sender goes on, and nobody answers such an acknowledgement.
void answer_unacceptable(struct tcp_pcb& pcb, const Segment& segment) {
  const bool may_be_resent = segment.length > 0 && !segment.has(TCP_SYN) &&
                             beyond(pcb.rcv_nxt, segment.sequence) <= TCP_WND_MAX(&pcb);
  if (may_be_resent) {
    tcp_ack_now(&pcb);
  } else {
    challenge(pcb);
  }
}

// RFC 5961, 3.2: a reset counts only if it has exactly the next number.
bool accepts_reset(struct tcp_pcb& pcb, const Segment& segment) {
  const std::uint32_t ahead = beyond(segment.sequence, pcb.rcv_nxt);
  if (ahead != 0 && ahead <= pcb.rcv_wnd) {
    challenge(pcb);
  }
  return ahead == 0;
}

// Of a segment that resets nothing: its sequence number, no SYN, and an ACK for what was sent (RFC
// 5961, 5.2).
bool accepts(struct tcp_pcb& pcb, const Segment& segment) {
  const bool half_open = pcb.state == SYN_RCVD;
  if (segment.has(TCP_SYN) && half_open && segment.sequence == pcb.rcv_nxt - 1) {
    return true;  // the one that began the connection, sent once more
  }
  // Without text right behind the window, too: so a peer acknowledges when it has filled it. Of
  // what comes to a shut window, lwIP takes the ACK, and no text.
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
  // In SYN-RECEIVED lwIP looks at it, and resets.
  if (!half_open && (TCP_SEQ_GT(segment.acknowledgement, pcb.snd_nxt) ||
                     TCP_SEQ_LT(segment.acknowledgement, pcb.lastack - pcb.snd_wnd_max))) {
    challenge(pcb);
    return false;
  }
  return true;
}

// In TIME-WAIT nothing is taken; a reset is ignored (RFC 1337), and only the FIN that came before
// begins the wait anew.
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

// All but the usual segments. Apart, so that these needn't make room for it.
[[gnu::noinline]] err_t judge(struct tcp_pcb* pcb, const struct tcp_hdr* header,
                              const struct pbuf* text) {
  const auto flags = static_cast<std::uint8_t>(TCPH_FLAGS(header));
  const Segment segment = {
      .sequence = header->seqno,
      .acknowledgement = header->ackno,
      .length = text->tot_len + ((flags & (TCP_FIN | TCP_SYN)) != 0 ? std::uint32_t{1} : 0),
      .flags = flags};
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
    tcp_wake(pcb);  // should there be no memory for the acknowledgement
    tcp_output(pcb);
  }
  return ERR_VAL;
}

}  // namespace
}  // namespace mote::netstack

using namespace mote::netstack;

extern "C" {

// Inlined into lwIP, by the linker: 15 instructions a segment less.
[[gnu::always_inline]] err_t mote_tcp_judge(struct tcp_pcb* pcb, const struct tcp_hdr* header,
                                            const struct pbuf* text) {
  const bool usual = header->seqno == pcb->rcv_nxt && pcb->rcv_wnd != 0 &&
                     (TCPH_FLAGS(header) & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK &&
                     header->ackno - pcb->lastack <= pcb->snd_nxt - pcb->lastack &&
                     pcb->state != TIME_WAIT;
  return usual ? err_t{ERR_OK} : judge(pcb, header, text);
}

}  // extern "C"
