// Timeouts and probes.
#include "netstack/sender/recovery.hpp"

namespace mote::netstack {

// 7.2: when a probe may find out about the tail of the flight.
bool Recovery::may_probe_tail() const {
  return peer_sends_sack_ && is_lossless() && !is_tail_out_ && doublings_ == 0 &&
         flight_.sacked() == 0 && flight_.lost() == 0;
}

// Sets the timer for what is in flight.
void Recovery::arm(Nanoseconds now) {
  if (flight_.is_empty()) {
    arm(Timer::kNone, kNever);
    return;
  }
  const Nanoseconds timeout = round_trip_.timeout(doublings_);
  if (may_probe_tail()) {
    arm(Timer::kTail, now + std::min(timeout, tail_patience(flight_.bytes() <= mss_)));
  } else {
    arm(Timer::kTimeout, now + timeout);
  }
}

bool Recovery::is_given_up(Nanoseconds now) const {
  return tries_ > kMostTries || (tries_ > 1 && now - quiet_since_ >= kPatience);
}

bool Recovery::on_deadline(Nanoseconds now) {
  pace_.let_pass(now);
  if (now < timer_at_) {
    return true;
  }
  switch (timer_) {
    case Timer::kNone:
      return true;
    case Timer::kReorder: {
      std::uint32_t lost = 0;
      const std::uint32_t before = in_flight();
      arm(Timer::kNone, kNever);
      detect_by_time(now, lost);
      if (lost != 0) {
        late_losses_ += lost;
        if (is_lossless()) {
          enter_recovery(now, before, lost, true);
        }
        tell_losses(now);
        reduce(0, false);
      }
      if (timer_ == Timer::kNone) {
        arm(now);
      }
      break;
    }
    case Timer::kTail:
      is_tail_due_ = !flight_.is_empty();
      arm(Timer::kTimeout, now + round_trip_.timeout());
      break;
    case Timer::kTimeout:
      return on_timeout(now);
    case Timer::kPersist:
      if (tries_++ == 0) {
        quiet_since_ = now;
      }
      doublings_ += doublings_ < 255 ? 1 : 0;
      is_probe_due_ = true;
      arm(Timer::kPersist, now + round_trip_.timeout(doublings_));
      break;
    case Timer::kSmall:
      is_small_due_ = true;
      arm(Timer::kNone, kNever);
      break;
  }
  cool_down();
  return !is_given_up(now);
}

// RFC 6298, 5.4 to 5.7; RFC 5681, 3.1; RFC 6675, 5.1.
bool Recovery::on_timeout(Nanoseconds now) {
  if (flight_.is_empty()) {
    arm(Timer::kNone, kNever);
    return true;
  }
  if (tries_++ == 0) {
    quiet_since_ = now;
  }
  doublings_ += doublings_ < 255 ? 1 : 0;
  const std::uint32_t before = in_flight();
  const bool is_again = phase_ == Phase::kTimeout;
  warm_up(now);
  is_tail_due_ = is_tail_out_ = false;
  presumed_ = 0;
  duplicates_ = 0;
  is_probing_holes_ = false;
  resent_to_ = flight_.acknowledged();
  // RFC 2018, 8: the peer may have dropped what it had. It is believed once more (RFC 6675, 5.1).
  if (tries_ > 1) {
    flight_.forget_sacks();
  }
  delivery_.on_lost(flight_.lose_all());
  if (tries_ > 1) {
    flight_.join_lost();
  }
  if (!is_again) {
    undo_begin_ = flight_.acknowledged();
    undo_bytes_ = 0;
    may_undo_ = true;
    has_resent_ = false;
  }
  doubt_ = is_again ? Doubt::kNone : Doubt::kFirst;
  phase_ = Phase::kTimeout;
  recovery_point_ = flight_.sent();
  // RFC 5681, 3.1: once, however often the same data is resent.
  if (tries_ == 1) {
    owe_cwr();
    congestion_.on_timeout(now, before);
  }
  arm(Timer::kTimeout, now + round_trip_.timeout(doublings_));
  cool_down();
  return !is_given_up(now);
}

}  // namespace mote::netstack
