// BBR's model of the path (draft-ietf-ccwg-bbr-06, 5.5).
#include <algorithm>

#include "netstack/limits.hpp"
#include "netstack/sender/congestion/bbr.hpp"
#include "netstack/sender/congestion/bbr_constants.hpp"
#include "netstack/sender/congestion/windows.hpp"

namespace mote::netstack {

// --- Rounds and bandwidth ---

// 5.5.1.
void Bbr::update_round(const AckEvent& event) {
  round_start_ = event.rate.prior_delivered >= next_round_delivered_;
  if (!round_start_) {
    return;
  }
  start_round();
  if (rounds_since_probe_up_ < 0xFF) {
    ++rounds_since_probe_up_;
  }
  if (rounds_in_drain_ < 0xFF) {
    ++rounds_in_drain_;
  }
  if (extra_acked_rounds_ < 0xFF) {
    ++extra_acked_rounds_;
  }
}

// 5.5.2.
Bandwidth Bbr::max_bandwidth() const { return std::max(max_bw_filter_[0], max_bw_filter_[1]); }

// 5.5.10.3: BoundBWForModel.
Bandwidth Bbr::bw() const { return std::min(max_bandwidth(), bw_shortterm_); }

// 5.5.5.
void Bbr::update_max_bw(const Sample& sample) {
  update_round(sample.event);
  if (sample.delivery_rate.units == 0) {
    return;
  }
  if (sample.is_app_limited && sample.delivery_rate < max_bandwidth()) {
    return;
  }
  max_bw_filter_[1] = std::max(max_bw_filter_[1], sample.delivery_rate);
}

// 5.6.4.2: BBR.bdp; far more than any window at most, so that gains fit.
std::uint64_t Bbr::bdp(Bandwidth bandwidth) const {
  if (min_rtt_ == kInfinite) {
    return initial_window(mss_);
  }
  return std::min<std::uint64_t>(bandwidth.bytes_in(min_rtt_),
                                 std::uint64_t{4} * limits::kLargestSendWindow);
}

// 5.3.3.8.3.
std::uint32_t Bbr::target_inflight() const {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(bdp(bw()), cwnd_));
}

// --- Round trip ---

// 5.3.4.3.
void Bbr::update_min_rtt(const AckEvent& event) {
  const bbr::Ticks now = bbr::ticks(event.now);
  probe_rtt_expired_ = now - probe_rtt_min_stamp_ > bbr::kProbeRttInterval;
  if (event.rtt.value != 0) {
    const auto rtt =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(event.rtt.value, kInfinite - 1));
    if (rtt < probe_rtt_min_delay_ || probe_rtt_expired_) {
      probe_rtt_min_delay_ = rtt;
      probe_rtt_min_stamp_ = now;
    }
  }
  const bool is_min_rtt_expired = now - min_rtt_stamp_ > bbr::kMinRttFilter;
  if (probe_rtt_min_delay_ < min_rtt_ || is_min_rtt_expired) {
    min_rtt_ = probe_rtt_min_delay_;
    min_rtt_stamp_ = probe_rtt_min_stamp_;
  }
}

// --- Queues that others fill (docs/tcp.md, Fairness) ---

bool Bbr::is_queued(std::uint32_t rtt) const {
  return rtt > min_rtt_ + std::uint64_t{min_rtt_} / bbr::kStandingQueue;
}

// The least round trip of a round tells of a queue that stands; single ones tell of bursts, and of
// hosts that were busy.
void Bbr::update_queue(const AckEvent& event) {
  if (round_start_) {
    if (round_rtt_ != kInfinite) {
      is_queue_standing_ = is_queued(round_rtt_);
      coexistence_.on_round(bbr::ticks(event.now), round_rtt_,
                            event.in_flight + event.newly_lost + event.newly_delivered, mss_,
                            is_queue_standing_);
    }
    round_rtt_ = kInfinite;
  }
  if (event.rtt.value != 0) {
    round_rtt_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(event.rtt.value, round_rtt_));
  }
}

// A loss with a queue that stands is taken for an overflow.
void Bbr::note_overflow(Nanoseconds now) {
  if (full_bw_reached_ && is_queue_standing_ && is_queued(round_rtt_)) {
    coexistence_.on_overflow(bbr::ticks(now), cwnd_, static_cast<std::uint32_t>(bdp(bw_latest_)),
                             mss_);
  }
}

// Few losses without a queue aren't congestion: the path has room. The draft's bounds would sink by
// as much as is lost, in each round until the next probe.
bool Bbr::is_loss_random(const RateSample& rate) const {
  return !is_queue_standing_ && !is_inflight_too_high(rate.lost, rate.sent_in_flight);
}

// --- Aggregation of ACKs ---

// 5.5.9. What is expected is told for up to 4.29 s; no burst of ACKs lasts longer.
void Bbr::update_ack_aggregation(const AckEvent& event) {
  const std::uint64_t interval =
      event.now > extra_acked_interval_start_ ? (event.now - extra_acked_interval_start_).value : 0;
  std::uint64_t expected =
      bw().bytes_in(static_cast<std::uint32_t>(std::min<std::uint64_t>(interval, kInfinite)));
  if (extra_acked_delivered_ <= expected || interval > kInfinite) {
    extra_acked_delivered_ = 0;
    extra_acked_interval_start_ = event.now;
    expected = 0;
  }
  const std::uint64_t delivered = std::uint64_t{extra_acked_delivered_} + event.newly_delivered;
  extra_acked_delivered_ =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(delivered, kInfinite));
  const std::uint64_t extra =
      extra_acked_delivered_ - std::min<std::uint64_t>(expected, extra_acked_delivered_);
  note_extra_acked(static_cast<std::uint32_t>(std::min<std::uint64_t>(extra, cwnd_)));
}

// The windowed maximum, in two halves of the window; one round in Startup.
void Bbr::note_extra_acked(std::uint32_t extra) {
  const unsigned half = full_bw_reached_ ? bbr::kExtraAckedRounds / 2 : 1;
  if (round_start_ && extra_acked_rounds_ >= half) {
    extra_acked_rounds_ = 0;
    extra_acked_[1] = full_bw_reached_ ? extra_acked_[0] : 0;
    extra_acked_[0] = 0;
  }
  extra_acked_[0] = std::max(extra_acked_[0], extra);
}

// --- Congestion signals (5.5.10.3) ---

void Bbr::update_latest_delivery_signals(const Sample& sample) {
  bw_latest_ = std::max(bw_latest_, sample.delivery_rate);
  inflight_latest_ = std::max(inflight_latest_, sample.event.rate.delivered);
  loss_round_start_ = sample.event.rate.prior_delivered >= loss_round_delivered_;
  if (loss_round_start_) {
    loss_round_delivered_ = delivered_;
  }
}

void Bbr::advance_latest_delivery_signals(const Sample& sample) {
  if (!loss_round_start_) {
    return;
  }
  bw_latest_ = sample.delivery_rate;
  inflight_latest_ = sample.event.rate.delivered;
}

void Bbr::update_congestion_signals(const Sample& sample) {
  update_max_bw(sample);
  if (!loss_round_start_) {
    return;
  }
  adapt_lower_bounds_from_congestion(sample.event.rate);
  is_loss_in_round_ = false;
}

void Bbr::adapt_lower_bounds_from_congestion(const RateSample& rate) {
  if (!is_loss_in_round_ || is_probing_bw() || is_loss_random(rate)) {
    return;
  }
  if (bw_shortterm_ == Bandwidth::infinite()) {
    bw_shortterm_ = max_bandwidth();
  }
  if (inflight_shortterm_ == kInfinite) {
    inflight_shortterm_ = cwnd_;
  }
  bw_shortterm_ = std::max(bw_latest_, bw_shortterm_.percent(bbr::kBeta));
  const std::uint64_t less = std::uint64_t{inflight_shortterm_} * bbr::kBeta / 100;
  inflight_shortterm_ = std::max(inflight_latest_, static_cast<std::uint32_t>(less));
}

void Bbr::reset_congestion_signals() {
  is_loss_in_round_ = false;
  bw_latest_ = Bandwidth{};
  inflight_latest_ = 0;
}

void Bbr::reset_short_term_model() {
  bw_shortterm_ = Bandwidth::infinite();
  inflight_shortterm_ = kInfinite;
}

// --- Loss (5.5.10.2) ---

bool Bbr::is_inflight_too_high(std::uint32_t lost, std::uint32_t tx_in_flight) const {
  if (lost != 0 && !has_selective_acks_) {
    return true;
  }
  return std::uint64_t{lost} * bbr::kLossThreshold > tx_in_flight;
}

void Bbr::note_loss(std::uint64_t delivered) {
  if (is_loss_in_round_) {
    return;
  }
  loss_round_delivered_ = std::max(loss_round_delivered_, delivered);
  // An episode that began keeps what was before it (5.5.11.1).
  if (!in_recovery_) {
    save_cwnd();
    save_state_upon_loss();
    is_state_saved_ = true;
  }
  is_loss_in_round_ = true;
}

// HandleLostPacket, with InflightAtLoss: at which prefix of the range losses became too many.
void Bbr::on_range_lost(const LostRange& range) {
  note_loss(range.delivered);
  if (losses_in_round_ < bbr::kStartupFullLosses) {
    ++losses_in_round_;
  }
  if (!is_bw_probe_sample_ || !is_inflight_too_high(range.lost, range.sent_in_flight)) {
    return;
  }
  const std::uint64_t inflight_prev =
      range.sent_in_flight - std::min(range.bytes, range.sent_in_flight);
  const std::uint64_t lost_prev =
      std::uint64_t{range.lost - std::min(range.bytes, range.lost)} * bbr::kLossThreshold;
  const std::uint64_t lost_prefix =
      inflight_prev > lost_prev ? (inflight_prev - lost_prev) / (bbr::kLossThreshold - 1) : 0;
  handle_inflight_too_high(range.now, static_cast<std::uint32_t>(inflight_prev + lost_prefix),
                           range.is_app_limited);
}

void Bbr::handle_inflight_too_high(Nanoseconds now, std::uint32_t tx_in_flight,
                                   bool is_app_limited) {
  prev_probe_too_high_ = true;
  is_bw_probe_sample_ = false;
  if (!is_app_limited) {
    const std::uint64_t least = std::uint64_t{target_inflight()} * bbr::kBeta / 100;
    inflight_longterm_ =
        std::max({tx_in_flight, static_cast<std::uint32_t>(least), min_pipe_cwnd()});
  }
  if (state_ == State::kProbeBwUp) {
    undo_state_ = UndoState::kProbeBwUp;
    start_probe_bw_down(now);
  }
}

// --- Undo (5.5.11) ---

void Bbr::save_state_upon_loss() {
  undo_state_ = UndoState::kNone;
  undo_bw_shortterm_ = bw_shortterm_;
  undo_inflight_shortterm_ = inflight_shortterm_;
  undo_inflight_longterm_ = inflight_longterm_;
}

// HandleSpuriousLossDetection.
void Bbr::undo() {
  in_recovery_ = false;
  is_state_saved_ = false;
  restore_cwnd();
  is_loss_in_round_ = false;
  coexistence_.undo();
  reset_full_bw();
  bw_shortterm_ = std::max(bw_shortterm_, undo_bw_shortterm_);
  inflight_shortterm_ = std::max(inflight_shortterm_, undo_inflight_shortterm_);
  inflight_longterm_ = std::max(inflight_longterm_, undo_inflight_longterm_);
  const UndoState undone = undo_state_;
  undo_state_ = UndoState::kNone;
  if (undone == UndoState::kStartup && state_ != State::kStartup) {
    full_bw_reached_ = false;
    if (state_ != State::kProbeRtt) {
      state_ = State::kStartup;
    }
  } else if (undone == UndoState::kProbeBwUp && state_ != State::kProbeBwUp) {
    if (state_ != State::kProbeRtt) {
      start_probe_bw_refill();
    }
  }
}

}  // namespace mote::netstack
