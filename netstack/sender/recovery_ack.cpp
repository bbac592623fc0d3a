// What ACKs tell: deliveries, losses, the phases of recovery, and what can be undone.
#include <algorithm>
#include <array>

#include "netstack/sender/recovery.hpp"
#include "netstack/sender/recovery_arrival.hpp"

namespace mote::netstack {
namespace {

bool contains(SequenceRange outer, SequenceRange inner) {
  return !inner.begin.is_before(outer.begin) && !inner.end.is_behind(outer.end);
}

}  // namespace

AckResult Recovery::on_any_ack(Nanoseconds now, Sequence acknowledgement,
                               std::span<const SequenceRange> sacks, const SendLimits& limits,
                               bool carries_data, bool has_ece) {
  if (acknowledgement.is_behind(flight_.sent())) {
    return {.is_believed = false};
  }
  if (flight_.is_empty() && limits.written == flight_.sent() && sacks.empty()) {
    last_edge_ = limits.window_edge;
    return {};  // nothing was sent, and nothing waits
  }
  rack_.catch_up(flight_.acknowledged(), flight_.sent());
  Arrival arrival{.now = now,
                  .acknowledgement = acknowledgement,
                  .limits = limits,
                  .in_flight_before = in_flight(),
                  .is_bare = !carries_data && sacks.empty()};
  arrival.was_window_full = was_full_;
  was_full_ = was_full_ && full_until_.is_behind(acknowledgement);
  const bool is_duplicate = arrival.is_bare && !flight_.is_empty() &&
                            acknowledgement == flight_.acknowledged() &&
                            limits.window_edge == last_edge_;
  last_edge_ = limits.window_edge;
  if (timer_ == Timer::kPersist || timer_ == Timer::kSmall) {
    tries_ = 0;  // the peer answers, so its window may stay shut for ever
  }

  take_in(arrival, sacks);
  is_cwr_awaited_ = is_cwr_awaited_ && !flight_.acknowledged().is_behind(cwr_point_);
  arrival.has_ece = has_ece && !is_cwr_awaited_;
  measure(arrival);
  // What duplicate ACKs stand for isn't: a peer could answer each timeout with one for ever.
  const bool is_progress = arrival.is_progress();
  if (!peer_sends_sack_) {
    presume(arrival, is_duplicate);
  }
  // RFC 5681, 3.1, grows the window by what is acknowledged. In recovery that has come before, in
  // part, and isn't in flight: growth by it would be a burst.
  if (arrival.acknowledged != 0) {
    arrival.growth = phase_ == Phase::kOpen ? arrival.acknowledged : arrival.moved();
  }
  if (is_progress) {
    tries_ = 0;
    doublings_ = 0;
  }
  find_losses(arrival);
  check_tail_probe(arrival);
  change_phase(arrival);
  tell_congestion(arrival);
  if (flight_.is_empty()) {
    rest(arrival);
  } else if ((is_progress && timer_ != Timer::kReorder && !is_impatient()) || is_forsaken()) {
    arm(now);
  }
  has_partial_ack_ = has_partial_ack_ || arrival.acknowledged != 0;
  cool_down();
  return {.acknowledged = arrival.acknowledged};
}

// Marks what the ACK and its SACKs deliver.
void Recovery::take_in(Arrival& arrival, std::span<const SequenceRange> sacks) {
  const Sequence before = flight_.acknowledged();
  const auto deliver = [&](const FlightRange& range, std::uint32_t bytes, Sequence end) {
    arrival.delivered += range.is_counted ? 0 : bytes;
    rack_.on_delivered(arrival.now, range, end, round_trip_);
    Delivery::consider(arrival.newest, range, end);
    arrival.delivered_resent = arrival.delivered_resent || range.is_resent;
    if (range.is_resent || range.is_counted) {
      return;
    }
    arrival.delivered_original = true;
    if (!range.is_mixed) {
      const Nanoseconds trip = arrival.now - range.sent_at;
      arrival.longest_trip = std::max(arrival.longest_trip, trip);
      arrival.shortest_trip =
          arrival.shortest_trip.value == 0 ? trip : std::min(arrival.shortest_trip, trip);
    }
  };
  note_duplicates(arrival, sacks);
  if (arrival.acknowledgement.is_behind(before)) {
    arrival.acknowledged = arrival.acknowledgement - before;
    flight_.acknowledge(arrival.acknowledgement, deliver);
  }
  for (const SequenceRange& block : sacks.first(peer_sends_sack_ ? sacks.size() : 0)) {
    // What begins at SND.UNA would be acknowledged if the peer had it.
    if (block.begin.is_behind(flight_.acknowledged()) && block.end.is_behind(block.begin) &&
        !block.end.is_behind(flight_.sent())) {
      static_cast<void>(flight_.sack(block, deliver));
    }
  }
  rack_.on_ack(flight_.acknowledged());

  FlightRange* first = flight_.first();
  if (first == nullptr) {
    return;
  }
  if (first->state == FlightRange::State::kSacked) {
    flight_.forget_sacks();  // RFC 2018, 8: the peer had the next byte and hasn't any more
  }
  // The next part of it that the ACK doesn't cover: all of it again with each ACK would be a storm.
  if (arrival.acknowledged != 0 && first->is_vague) {
    static_cast<void>(flight_.lose_first(mss_));
    first->is_news = false;  // it was lost before
  }
}

// RFC 2883, 4: the first block tells of data that came twice.
void Recovery::note_duplicates(Arrival& arrival, std::span<const SequenceRange> sacks) {
  if (sacks.empty() || !peer_sends_sack_) {
    return;
  }
  const SequenceRange block = sacks[0];
  const bool is_sound = block.end.is_behind(block.begin) && !block.end.is_behind(flight_.sent());
  const bool is_twice = !block.end.is_behind(arrival.acknowledgement) ||
                        (sacks.size() > 1 && contains(sacks[1], block));
  if (!is_sound || !is_twice) {
    return;
  }
  arrival.reported_twice = block.bytes();
  rack_.on_duplicate(arrival.acknowledgement, flight_.sent());
  if (may_undo_ && !block.begin.is_before(undo_begin_) && !block.end.is_behind(recovery_point_)) {
    undo_bytes_ -= std::min(undo_bytes_, block.bytes());
  }
}

void Recovery::measure(Arrival& arrival) {
  // What an ACK covers beside a resend may have come long ago.
  if (arrival.delivered_resent) {
    arrival.longest_trip = arrival.shortest_trip = {};
  }
  if (arrival.longest_trip.value != 0) {
    round_trip_.add(arrival.now, arrival.longest_trip, arrival.shortest_trip);
  }
}

void Recovery::find_losses(Arrival& arrival) {
  if (arrival.delivered != 0) {
    delivery_.on_delivered(arrival.now, arrival.delivered);
  }
  if (peer_sends_sack_ && !flight_.is_empty() && (arrival.is_progress() || flight_.sacked() != 0)) {
    detect_by_time(arrival.now, arrival.lost);
  }
}

// RACK's step 5; sets its timer.
void Recovery::detect_by_time(Nanoseconds now, std::uint32_t& lost) {
  const bool is_sure = !is_lossless() || flight_.sacked() > (kDupThresh - 1) * mss_;
  const Rack::Found found = rack_.detect(now, flight_, round_trip_, is_sure);
  // RFC 4821, 7.6.2: a probe that is lost alone was too long, which is no congestion. It is resent,
  // and that is all.
  const bool is_too_long = found.lost != 0 && is_lossless() && flight_.forgive_path_probe();
  lost += is_too_long ? 0 : found.lost;
  if (found.wait.value != 0) {
    arm(Timer::kReorder, now + found.wait);
  } else if (timer_ == Timer::kReorder) {
    arm(Timer::kNone, kNever);
  }
}

// RFC 8985, 7.4.2: did a tail loss probe repair a loss that nobody else saw?
void Recovery::check_tail_probe(const Arrival& arrival) {
  if (!is_tail_out_ || arrival.acknowledgement.is_before(tail_end_)) {
    return;
  }
  if (!is_tail_resend_ || arrival.reported_twice != 0) {
    is_tail_out_ = false;
  } else if (arrival.acknowledgement.is_behind(tail_end_)) {
    is_tail_out_ = false;
    if (phase_ == Phase::kOpen && arrival.lost == 0) {
      warm_up(arrival.now);
      owe_cwr();
      congestion_.on_loss(arrival.now, arrival.in_flight_before, mss_);
      congestion_.on_recovered(arrival.now);
    }
  } else if (arrival.is_bare && arrival.acknowledged == 0) {
    is_tail_out_ = false;
  }
}

void Recovery::change_phase(Arrival& arrival) {
  const bool is_all_needless = may_undo_ && has_resent_ && undo_bytes_ == 0;
  if (is_all_needless) {
    undo(arrival.now);
  } else if (phase_ == Phase::kTimeout) {
    doubt_timeout(arrival);
  }
  if (phase_ != Phase::kOpen && !flight_.acknowledged().is_before(recovery_point_)) {
    leave_recovery(arrival.now);
  }
  if (phase_ == Phase::kOpen && may_undo_ && flight_.acknowledged().is_behind(undo_end_)) {
    may_undo_ = false;
  }
  if (is_lossless() && (arrival.lost != 0 || (phase_ == Phase::kOpen && arrival.has_ece))) {
    enter_recovery(arrival.now, arrival.in_flight_before, arrival.lost, !arrival.has_ece);
  }
  reduce(arrival.delivered, arrival.acknowledged != 0 && arrival.lost == 0);
}

// How much may fly after an ACK in recovery. `is_safe`: it moved SND.UNA, and no further loss was
// found.
void Recovery::reduce(std::uint32_t newly_delivered, bool is_safe) {
  if (phase_ != Phase::kRecovery && phase_ != Phase::kMarked) {
    return;
  }
  const std::uint32_t target = congestion_.recovery_window();
  reduced_window_ = target != 0
                        ? reduction_.window(in_flight(), newly_delivered, target, mss_, is_safe)
                        : reduction_.clocked_window(in_flight(), newly_delivered, mss_, is_safe);
}

// RFC 5682, 2.1 and 3.1.
void Recovery::doubt_timeout(const Arrival& arrival) {
  if (doubt_ == Doubt::kNone) {
    return;
  }
  const bool is_all = !flight_.acknowledged().is_before(recovery_point_);
  const bool is_first = doubt_ == Doubt::kFirst;
  // Something arrived that wasn't resent. Without SACK it may have been there all along when the
  // first ACK comes.
  if (arrival.delivered_original && arrival.acknowledged + flight_.sacked() != 0 && !is_all &&
      (!is_first || peer_sends_sack_)) {
    undo(arrival.now);
    return;
  }
  const bool has_new = arrival.limits.written.is_behind(flight_.sent()) &&
                       arrival.limits.window_edge.is_behind(flight_.sent());
  doubt_ =
      is_first && arrival.acknowledged != 0 && !is_all && has_new ? Doubt::kSecond : Doubt::kNone;
}

void Recovery::enter_recovery(Nanoseconds now, std::uint32_t in_flight, std::uint32_t lost,
                              bool may_undo) {
  const bool was_marked = phase_ == Phase::kMarked;
  warm_up(now);
  recovery_point_ = flight_.sent();
  if (lost != 0) {
    phase_ = Phase::kRecovery;
    free_until_ = recovery_point_;  // bursts don't pass any more
  } else {
    phase_ = Phase::kMarked;
  }
  undo_begin_ = flight_.acknowledged();
  undo_bytes_ = 0;
  may_undo_ = may_undo && !was_marked;
  has_resent_ = has_partial_ack_ = false;
  resent_to_ = undo_begin_;
  is_tail_due_ = is_tail_out_ = false;
  if (!was_marked) {  // RFC 3168, 6.1.2: one reduction a window of data
    owe_cwr();
    reduction_.begin(flight_.bytes());
    congestion_.on_loss(now, in_flight, lost);
  }
}

void Recovery::leave_recovery(Nanoseconds now) {
  if (phase_ == Phase::kMarked) {
    recovery_point_ = flight_.acknowledged() + ~std::uint32_t{0};  // nothing was resent
  } else {
    presumed_ = 0;
    undo_end_ = flight_.sent();  // D-SACKs may still come for a round trip
    rack_.on_recovered();
  }
  phase_ = Phase::kOpen;
  doubt_ = Doubt::kNone;
  congestion_.on_recovered(now);
}

// RFC 4015: what caused the loss or the timeout was reordering or delay.
void Recovery::undo(Nanoseconds now) {
  congestion_.undo(now);
  if (phase_ == Phase::kTimeout) {
    flight_.find_all();
  }
  if (phase_ != Phase::kOpen) {
    phase_ = Phase::kOpen;
    rack_.on_recovered();
  }
  doubt_ = Doubt::kNone;
  presumed_ = 0;
  may_undo_ = false;
  owes_cwr_ = is_cwr_awaited_ = false;
}

void Recovery::tell_congestion(const Arrival& arrival) {
  const std::uint32_t lost = arrival.lost + late_losses_;
  if (!is_warm_ || (arrival.delivered == 0 && lost == 0 && !arrival.has_ece)) {
    return;
  }
  if (arrival.lost != 0) {
    tell_losses(arrival.now);
  }
  late_losses_ = 0;
  congestion_.on_ack({.now = arrival.now,
                      .delivered = delivery_.delivered(),
                      .newly_delivered = arrival.delivered,
                      .acknowledged = arrival.growth,
                      .newly_lost = lost,
                      .in_flight = in_flight(),
                      .rtt = arrival.shortest_trip,
                      .rate = delivery_.sample(arrival.newest, round_trip_.least()),
                      .is_window_limited = arrival.was_window_full,
                      .in_recovery = phase_ != Phase::kOpen,
                      .is_congestion_marked = arrival.has_ece});
}

void Recovery::tell_losses(Nanoseconds now) {
  for (FlightRange* range = flight_.first(); range != nullptr; range = range->next) {
    if (range->is_news && range->state == FlightRange::State::kLost) {
      delivery_.on_lost(range->bytes());
      congestion_.on_range_lost({.now = now,
                                 .delivered = delivery_.delivered(),
                                 .bytes = range->bytes(),
                                 .lost = delivery_.lost_since(range->snapshot),
                                 .sent_in_flight = range->snapshot.in_flight,
                                 .is_app_limited = range->is_app_limited});
    }
    range->is_news = false;
  }
}

// Congestion control is fed from now on. What it wasn't told before counts as idleness.
void Recovery::warm_up(Nanoseconds now) {
  if (is_warm_) {
    return;
  }
  is_warm_ = true;
  if (has_been_warm_) {
    congestion_.on_send(now, 0, true);
    delivery_.mark_app_limited(0);
  } else {
    has_been_warm_ = true;
    congestion_.begin(now, mss_, round_trip_.least(), peer_sends_sack_);
  }
}

// Nothing is in flight. If nothing waits either, and congestion control has nothing more to hear
// of what was in flight (a reduction's end, or that it was needless), it isn't fed until there is
// more than an initial window to send again, or a loss.
void Recovery::rest(const Arrival& arrival) {
  if (arrival.acknowledged != 0) {
    is_tail_due_ = false;
    arm(Timer::kNone, kNever);
  }
  if (is_warm_ && arrival.limits.written == flight_.sent() && phase_ == Phase::kOpen &&
      !may_undo_ && !owes_cwr_ && !is_cwr_awaited_) {
    is_warm_ = was_full_ = false;
    delivery_.rest();
  }
}

// Whether the short ways of on_ack and note_sent do.
void Recovery::cool_down() {
  is_calm_ = !is_warm_ && peer_sends_sack_ && phase_ == Phase::kOpen && !is_tail_due_ &&
             !is_tail_out_ && !is_probe_due_ && !is_small_due_ && tries_ == 0 && doublings_ == 0;
}

}  // namespace mote::netstack
