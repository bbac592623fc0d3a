// What may be sent now, and what follows from having sent it.
#include <algorithm>

#include "netstack/sender/recovery.hpp"

namespace mote::netstack {

using Kind = NextSegment::Kind;

std::uint32_t Recovery::window() const {
  const std::uint32_t most = doubt_ == Doubt::kSecond ? 2 * mss_ : ~std::uint32_t{0};  // RFC 5682
  const std::uint32_t full = is_reducing()    ? reduced_window_
                             : has_been_warm_ ? congestion_.window()
                                              : Congestion::initial_window(mss_);
  return std::clamp(full, mss_, most);
}

// Ranges sent closer together than this are one.
Nanoseconds Recovery::together() const {
  return std::min(microseconds(250), Nanoseconds{round_trip_.least().value / 4});
}

NextSegment Recovery::next(Nanoseconds now, const SendLimits& limits) {
  pace_.let_pass(now);
  if (is_tail_due_) {
    return tail_probe(limits);
  }
  const std::uint32_t flying = in_flight();
  const std::uint32_t full = window();
  // Something may always fly: else no ACK would come.
  const std::uint32_t room = flying == 0 ? std::max(full, mss_) : full - std::min(full, flying);
  NextSegment segment = candidate(limits);
  if (segment.kind == Kind::kNone) {
    return nothing(now, limits);
  }
  std::uint32_t bytes = std::min(segment.range.bytes(), limits.longest);
  if (bytes > room) {
    bytes = room / mss_ * mss_;
    if (bytes == 0) {
      was_full_ = true;
      full_until_ = flight_.sent();
      outgrow_calm(now);
      cool_down();
      return {};
    }
  }
  if (is_paced(segment.kind, segment.range.begin + std::min(bytes, mss_))) {
    const std::uint64_t rate = congestion_.pacing_rate();
    const std::uint32_t burst = pace_.room(now, rate, mss_, least_burst(rate, limits.longest));
    if (burst == 0) {
      return {};
    }
    bytes = std::min(bytes, burst);
  } else {
    pace_.open();
  }
  // Whole segments, unless it is the end of what there is.
  const bool is_end = bytes == segment.range.bytes() &&
                      (segment.kind == Kind::kResend || segment.range.end == limits.written);
  if (!is_end && bytes > mss_) {
    bytes -= bytes % mss_;
  }
  segment.range.end = segment.range.begin + bytes;
  return segment;
}

// What would be sent if congestion control and pacing let it: lost data first (RFC 6675, 4,
// NextSeg), then new.
NextSegment Recovery::candidate(const SendLimits& limits) {
  const FlightRange* lost =
      doubt_ == Doubt::kSecond ? nullptr : flight_.first_lost(limits.window_edge);
  if (lost != nullptr) {
    const Sequence end = earlier(lost->end, limits.window_edge);
    // Of a range of which only a part is lost, that is the first segment, or an ACK will tell.
    const std::uint32_t longest = lost->is_vague ? mss_ : lost->bytes();
    return {Kind::kResend, {lost->begin, earlier(end, lost->begin + longest)}};
  }
  if (phase_ == Phase::kTimeout && is_probing_holes_ && doubt_ != Doubt::kSecond) {
    return {};  // new data would take the window from resends, and its ACKs tell nothing
  }
  const SequenceRange fresh{flight_.sent(), earlier(limits.written, limits.window_edge)};
  if (fresh.end.is_behind(fresh.begin) && !is_silly(fresh.bytes(), limits)) {
    return {Kind::kNew, fresh};
  }
  if (doubt_ == Doubt::kSecond) {
    doubt_ = Doubt::kNone;  // RFC 5682, 2.1, step 2b: no new data, so the usual recovery
    return candidate(limits);
  }
  return {};
}

// RFC 9293, 3.8.6.2.1: whether a segment of so much new data, which the window admits, would only
// be made because the window is small. There is no Nagle's algorithm here: what is written goes.
bool Recovery::is_silly(std::uint32_t bytes, const SendLimits& limits) const {
  const bool is_good = bytes >= mss_ || flight_.sent() + bytes == limits.written ||
                       bytes >= (limits.largest_window + 1) / 2;
  return !is_good && !is_small_due_;
}

// Nothing is paced while only an initial window of it flies, nor in a connection's first flights.
bool Recovery::is_paced(Kind kind, Sequence end) const {
  const bool is_free = kind == Kind::kResend
                           ? flight_.sent().is_before(free_until_) ||
                                 in_flight() + mss_ <= Congestion::initial_window(mss_)
                           : !end.is_behind(free_until_);
  return is_warm_ && congestion_.pacing_rate() != 0 && !is_free;
}

// Two segments; and over a short path the longest that the device takes, halved for each half of a
// millisecond of the least round trip (as in Linux, tcp_tso_autosize), but no more than fifty
// milliseconds of the rate. Short paths are fast, and have queues for that.
std::uint32_t Recovery::least_burst(std::uint64_t rate, std::uint32_t longest) const {
  constexpr std::uint64_t kShort = 512'000;  // nanoseconds
  const std::uint64_t halvings = round_trip_.least().value / kShort;
  const std::uint64_t short_path = halvings < 32 ? longest >> halvings : 0;
  return std::max(2 * mss_, static_cast<std::uint32_t>(std::min(short_path, rate / 20)));
}

// The connection has more to send than an initial window, or the window holds it back.
void Recovery::outgrow_calm(Nanoseconds now) {
  if (!has_been_warm_) {
    free_until_ = flight_.acknowledged() + kUnpacedWindows * Congestion::initial_window(mss_);
  }
  warm_up(now);
}

// Nothing can be sent though congestion control lets it.
NextSegment Recovery::nothing(Nanoseconds now, const SendLimits& limits) {
  pace_.open();
  if (is_probe_due_) {
    const Sequence before = flight_.acknowledged() + ~std::uint32_t{0};
    return {Kind::kProbe, {before, before}};
  }
  const bool is_done = flight_.lost() == 0 && !limits.written.is_behind(flight_.sent());
  if (is_done) {
    if (is_warm_ && in_flight() < window()) {
      delivery_.mark_app_limited(in_flight());
    }
    return {};
  }
  const bool is_small = flight_.lost() == 0 && limits.window_edge.is_behind(flight_.sent());
  const Timer wanted = is_small ? Timer::kSmall : Timer::kPersist;
  if (flight_.out() != 0 || timer_ == wanted) {
    return {};  // an ACK or a timeout comes
  }
  doublings_ = 0;
  is_calm_ = false;
  arm(wanted, now + (is_small ? kSmallWindowPatience : round_trip_.timeout()));
  return {};
}

// RFC 8985, 7.3: a segment of new data, or else the last one again.
NextSegment Recovery::tail_probe(const SendLimits& limits) const {
  const Sequence begin = flight_.sent();
  const Sequence end = earlier(limits.written, limits.window_edge);
  if (end.is_behind(begin)) {
    return {Kind::kNew, {begin, begin + std::min(end - begin, mss_)}};
  }
  const FlightRange& tail = flight_.tail();
  const std::uint32_t rest = tail.bytes() % mss_;
  const std::uint32_t bytes = std::min(tail.bytes(), rest == 0 ? mss_ : rest);
  return {Kind::kResend, {tail.end + (0 - bytes), tail.end}};
}

void Recovery::note_any_sent(Nanoseconds now, const NextSegment& segment,
                             const SendLimits& limits) {
  if (segment.kind == Kind::kProbe) {
    is_probe_due_ = false;
    return;
  }
  if (segment.kind == Kind::kNone || segment.range.empty()) {
    return;
  }
  const std::uint32_t bytes = segment.range.bytes();
  const bool was_idle = flight_.is_empty();
  const bool is_paced_now = is_paced(segment.kind, segment.range.begin + std::min(bytes, mss_));
  if (was_idle) {
    if (is_warm_) {
      congestion_.on_send(now, 0, delivery_.is_app_limited());
    }
    free_until_ = later(free_until_, flight_.sent() + Congestion::initial_window(mss_));
  }
  const DeliverySnapshot snapshot = delivery_.on_send(now, in_flight(), bytes);
  if (segment.kind == Kind::kNew) {
    const bool is_app_limited =
        delivery_.is_app_limited() || (!is_warm_ && segment.range.end == limits.written);
    flight_.append(bytes, now, together(), snapshot, is_app_limited,
                   segment.is_path_probe && bytes > mss_);
    free_until_ = later(free_until_, flight_.sent());
    owes_cwr_ = false;
  } else {
    flight_.resend(segment.range, now, together(), snapshot);
    resent_to_ = later(resent_to_, segment.range.end);
    if (may_undo_ && phase_ != Phase::kOpen) {
      has_resent_ = true;
      undo_bytes_ += bytes;
    }
  }
  if (phase_ == Phase::kRecovery || phase_ == Phase::kMarked) {
    reduction_.on_sent(bytes);
  }
  if (is_paced_now) {
    pace_.on_sent(now, congestion_.pacing_rate(), bytes);
  }
  if (flight_.bytes() > Congestion::initial_window(mss_)) {
    outgrow_calm(now);
  }
  is_small_due_ = false;
  if (timer_ == Timer::kPersist || timer_ == Timer::kSmall) {
    tries_ = doublings_ = 0;
  }
  const bool is_head = segment.range.begin == flight_.acknowledged();
  if (is_tail_due_) {  // RFC 8985, 7.3
    is_tail_due_ = false;
    is_tail_out_ = true;
    is_tail_resend_ = segment.kind == Kind::kResend;
    tail_end_ = flight_.sent();
    arm(Timer::kTimeout, now + round_trip_.timeout(doublings_));
  } else if (timer_ != Timer::kReorder &&
             (timer_ != Timer::kTimeout || (is_head && !is_impatient()))) {
    arm(now);
  }
  cool_down();
}

}  // namespace mote::netstack
