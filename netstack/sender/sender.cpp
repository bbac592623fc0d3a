// One connection's sender: its queue, its frames, its timer.
#include "netstack/sender/sender.hpp"

#include <algorithm>
#include <new>

#include "lwip/priv/tcp_priv.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/lwip/free_blocks.hpp"

namespace mote::netstack {
namespace {

struct Senders {
  FreeBlocks free;
  std::size_t count = 0;
  std::uint64_t resent = 0;
  Nanoseconds turn_began{};
};
constinit Senders senders;

// Devices have least lengths for what they cut, and no host takes less (RFC 9293, 3.7.1).
constexpr std::uint32_t kLeastCut = 536;

}  // namespace

constinit Departures Sender::departures;

bool Sender::set_up(Arena& arena, const Plan& plan) {
  const std::span<std::byte> memory =
      arena.take<std::byte>(plan.pcbs * sizeof(Sender), alignof(Sender));
  senders.free = {memory, sizeof(Sender)};
  return memory.size() == plan.pcbs * sizeof(Sender);
}

Sender* Sender::begin(struct tcp_pcb& pcb, Nanoseconds rtt, bool peer_sends_sack) {
  void* const memory = senders.free.take();
  if (memory == nullptr) {
    return nullptr;
  }
  ++senders.count;
  auto* const sender = new (memory) Sender(pcb.mss);
  sender->pcb_ = &pcb;
  sender->attachment_ = &attachment_of(netif_get_by_index(pcb.netif_idx));
  sender->recovery_.begin(senders.turn_began, {pcb.snd_nxt}, pcb.mss, peer_sends_sack, rtt);
  return sender;
}

void Sender::end() {
  if (waits_in_ != nullptr) {
    waits_in_->remove(*this);
  }
  Departures::end(*this);
  queue_.clear();
  recovery_.end();
  --senders.count;
  senders.free.give_back(this);
}

std::uint64_t Sender::resent() { return senders.resent; }
std::size_t Sender::count() { return senders.count; }
Nanoseconds Sender::turn_began() { return senders.turn_began; }

// Takes a window that is news (RFC 9293, 3.10.7.4: SND.UNA =< SEG.ACK), larger or smaller; then the
// acknowledgement. An old acknowledgement is easily guessed, and its window says nothing.
std::uint32_t Sender::take(const Arrival& arrival, Nanoseconds now) {
  struct tcp_pcb& pcb = *pcb_;
  is_ack_alone_ = arrival.text_bytes == 0;
  const Sequence last{pcb.snd_wl1};
  const Sequence arrived{arrival.sequence};
  const Sequence acknowledgement{arrival.acknowledgement};
  if (!acknowledgement.is_before(recovery_.acknowledged()) &&
      (last.is_before(arrived) || (last == arrived && !acknowledgement.is_before({pcb.snd_wl2})))) {
    pcb.snd_wnd = arrival.window;
    pcb.snd_wnd_max = std::max(pcb.snd_wnd_max, pcb.snd_wnd);
    pcb.snd_wl1 = arrival.sequence;
    pcb.snd_wl2 = arrival.acknowledgement;
  }
  const AckResult result = recovery_.is_calm_ack(acknowledgement, arrival.sacks, arrival.has_ece)
                               ? recovery_.on_calm_ack(now)
                               : recovery_.on_any_ack(now, acknowledgement, arrival.sacks, limits(),
                                                      arrival.text_bytes != 0, arrival.has_ece);
  if (result.acknowledged == 0) {
    return 0;
  }
  pcb.lastack = arrival.acknowledgement;
  if (ends_at_ != Recovery::kNever) [[unlikely]] {
    abandon_later(now);
  }
  const std::uint32_t data = std::min(result.acknowledged, queue_.bytes());
  queue_.drop(data);
  if (has_fin_ && queue_.empty()) {
    queue_.clear();  // nothing more will be written
  }
  note_path({pcb.lastack}, result.acknowledged, now);
  return data;
}

// Path MTU discovery without routers' help (RFC 4821): an acknowledged probe makes segments longer.
void Sender::note_path(Sequence acknowledged, std::uint32_t bytes, Nanoseconds now) {
  path_.on_acknowledged(bytes);
  if (path_.is_probing() && !acknowledged.is_before(probe_.end)) {
    path_.on_probe_acknowledged(now);
    recovery_.set_mss(path_.mss());
  }
}

// Makes the segment a probe, if one is due and enough follows it; or sees that one was lost, which
// is sent again in usual segments.
void Sender::probe_path(NextSegment& segment, Nanoseconds now) {
  if (segment.kind == NextSegment::Kind::kResend && path_.is_probing()) {
    if (segment.range.begin.is_before(probe_.end) && probe_.begin.is_before(segment.range.end)) {
      path_.on_probe_lost(now);
    } else {
      path_.on_probe_inconclusive(now);
    }
  } else if (segment.kind == NextSegment::Kind::kNew && recovery_.is_open() && !has_fin_ &&
             (pcb_->flags & TF_FRAGMENT) == 0) {  // fragments always pass
    const SendLimits limits = this->limits();
    const std::uint32_t available =
        earlier(limits.written, limits.window_edge) - segment.range.begin;
    const std::uint32_t payload = path_.next_probe(now, available);
    if (payload != 0) {
      segment.range.end = segment.range.begin + payload;
      segment.is_path_probe = true;
    }
  }
}

// RFC 3168, 6.1.2: on the first new segment after the window was reduced.
bool Sender::has_cwr(const NextSegment& segment) const {
  return (pcb_->flags & TF_ECN) != 0 && recovery_.owes_cwr() &&
         segment.kind == NextSegment::Kind::kNew;
}

bool Sender::write_message(std::span<const Piece> pieces, std::size_t bytes) {
  if (bytes > room() || pieces.front().bytes > limits::kFirstTextBytes ||
      !queue_.add_message(pieces, bytes)) {
    return false;
  }
  pcb_->snd_lbb += static_cast<std::uint32_t>(bytes);
  return true;
}

bool Sender::write_reference(Piece piece) {
  if (piece.bytes > room() || !queue_.add_reference(piece)) {
    return false;
  }
  pcb_->snd_lbb += static_cast<std::uint32_t>(piece.bytes);
  return true;
}

bool Sender::write_copy(Piece piece) {
  if (piece.bytes > room() || !queue_.add_copy(piece)) {
    return false;
  }
  pcb_->snd_lbb += static_cast<std::uint32_t>(piece.bytes);
  return true;
}

void Sender::write_fin() {
  if (!has_fin_) {
    has_fin_ = true;
    ++pcb_->snd_lbb;
  }
}

void Sender::narrow(std::uint32_t mss, Nanoseconds now) {
  path_.narrow(now, static_cast<std::uint16_t>(mss));
  recovery_.set_mss(path_.mss());
}

void Sender::shorten(std::uint32_t mss, Nanoseconds now) {
  path_.on_too_long(now, static_cast<std::uint16_t>(mss));
  recovery_.set_mss(path_.mss());
  recovery_.resend_long_segments();
}

SendLimits Sender::limits() const {
  const struct tcp_pcb& pcb = *pcb_;
  const std::uint32_t mss = recovery_.mss();
  const std::uint32_t cut = mss >= kLeastCut ? attachment_->longest_payload() : 0;
  return {.written = {pcb.snd_lbb},
          .window_edge = {pcb.snd_wl2 + pcb.snd_wnd},
          .largest_window = pcb.snd_wnd_max,
          .longest = cut > mss ? cut - cut % mss : mss};
}

void Sender::send(Nanoseconds now) {
  if (waits_in_ == nullptr && !recovery_.is_satisfied({pcb_->snd_lbb})) {
    const SendLimits limits = this->limits();
    for (NextSegment segment = recovery_.next(now, limits);
         segment.kind != NextSegment::Kind::kNone; segment = recovery_.next(now, limits)) {
      probe_path(segment, now);
      if (has_cwr(segment)) [[unlikely]] {
        // A device would copy CWR to each segment that it cuts off.
        segment.range.end = earlier(segment.range.end, segment.range.begin + recovery_.mss());
      }
      if (transmit(segment) == Sent::kNoRoom) {
        break;
      }
      if (segment.is_path_probe && segment.range.bytes() > recovery_.mss()) {
        path_.on_probe_sent(now, segment.range.bytes());
        probe_ = segment.range;
      }
      recovery_.note_sent(now, segment, limits);
      pcb_->snd_nxt = recovery_.sent().value;
      senders.resent += segment.kind == NextSegment::Kind::kResend ? 1 : 0;
      if (has_fin_ && (pcb_->state == LAST_ACK || pcb_->state == CLOSING)) {
        tcp_requeue(pcb_);  // what has been sent it all gives way first
      }
    }
  }
  if ((pcb_->flags & TF_ACK_NOW) != 0 && !acknowledge()) {
    tcp_send_empty_ack(pcb_);
  }
  set_timer();
}

void Sender::send_after_arrival(Nanoseconds now) {
  const bool may_wait = is_ack_alone_ && waits_in_ == nullptr;
  is_ack_alone_ = false;
  if (may_wait && !recovery_.is_satisfied({pcb_->snd_lbb})) {
    attachment_->waiting().add(*this);
  } else {
    send(now);
  }
}

void Sender::on_timer(Nanoseconds now) {
  if (now >= ends_at_) {
    tcp_abandon(pcb_, 1);
    return;
  }
  const unsigned timeouts = recovery_.timeouts();
  if (recovery_.on_deadline(now)) {
    if (recovery_.timeouts() > timeouts) {
      note_timeout(now);
    }
    send(now);
  } else {
    tcp_abandon(pcb_, 0);  // which calls `end`
  }
}

// A black hole may be why nothing comes back (RFC 4821, 7.7).
void Sender::note_timeout(Nanoseconds now) {
  const FlightRange* const first = recovery_.flight().first();
  const std::uint32_t payload = first == nullptr ? 0 : std::min(first->bytes(), recovery_.mss());
  if (path_.on_timeout(now, payload)) {
    recovery_.set_mss(path_.mss());
    recovery_.resend_long_segments();
  }
}

void Sender::run_timers(Nanoseconds now) {
  senders.turn_began = now;
  departures.run(now, [now](Departure& due) { static_cast<Sender&>(due).on_timer(now); });
}

Nanoseconds Sender::next_timer() { return departures.next(); }

}  // namespace mote::netstack
