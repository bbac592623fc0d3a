// BBR's state machine (draft-ietf-ccwg-bbr-06, 5.3).
#include <algorithm>

#include "netstack/limits.hpp"
#include "netstack/sender/congestion/bbr.hpp"
#include "netstack/sender/congestion/bbr_constants.hpp"

namespace mote::netstack {

bool Bbr::is_in_probe_bw() const {
  return state_ >= State::kProbeBwDown && state_ <= State::kProbeBwUp;
}

bool Bbr::is_probing_bw() const {
  return state_ == State::kStartup || state_ == State::kProbeBwRefill ||
         state_ == State::kProbeBwUp;
}

// Xorshift: no secret, only a spread of probes (5.3.3.8.2).
std::uint32_t Bbr::random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

// --- Startup and Drain (5.3.1, 5.3.2) ---

void Bbr::reset_full_bw() {
  full_bw_ = Bandwidth{};
  full_bw_count_ = 0;
  full_bw_now_ = false;
}

void Bbr::check_full_bw_reached(const Sample& sample) {
  if (full_bw_now_ || !round_start_ || sample.is_app_limited) {
    return;
  }
  if (sample.delivery_rate >= full_bw_.percent(bbr::kFullBwGrowth)) {
    reset_full_bw();
    full_bw_ = sample.delivery_rate;
    return;
  }
  ++full_bw_count_;
  full_bw_now_ = full_bw_count_ >= bbr::kFullBwRounds;
  if (full_bw_now_) {
    full_bw_reached_ = true;
  }
}

// 5.3.1.3: a mark ends Startup as a round of losses does.
void Bbr::check_startup_done(const Sample& sample) {
  if (state_ != State::kStartup) {
    return;
  }
  if (loss_round_start_) {
    const RateSample& rate = sample.event.rate;
    const bool is_lossy = in_recovery_ &&
                          (losses_in_round_ >= bbr::kStartupFullLosses || !has_selective_acks_) &&
                          is_inflight_too_high(rate.lost, rate.sent_in_flight);
    if (is_lossy || is_mark_in_round_) {
      undo_state_ = UndoState::kStartup;
      full_bw_reached_ = true;
      inflight_longterm_ = static_cast<std::uint32_t>(
          std::max<std::uint64_t>({bdp(bw()), inflight_latest_, min_pipe_cwnd()}));
    }
    losses_in_round_ = 0;
    is_mark_in_round_ = false;
  }
  if (full_bw_reached_) {
    enter_drain();
  }
}

void Bbr::enter_drain() {
  state_ = State::kDrain;
  rounds_in_drain_ = 0;
}

void Bbr::check_drain_done(const AckEvent& event) {
  if (state_ != State::kDrain) {
    return;
  }
  if (event.in_flight <= quantization_budget(bdp(bw())) || rounds_in_drain_ > bbr::kDrainRounds) {
    start_probe_bw_down(event.now);
  }
}

// --- ProbeBW (5.3.3) ---

void Bbr::start_probe_bw_down(Nanoseconds now) {
  reset_congestion_signals();
  probe_up_acked_per_inc_ = kInfinite;
  pick_probe_wait();
  cycle_stamp_ = bbr::ticks(now);
  ack_phase_ = AckPhase::kProbeStopping;
  start_round();
  state_ = State::kProbeBwDown;
}

void Bbr::start_probe_bw_refill() {
  reset_short_term_model();
  bw_probe_up_rounds_ = 0;
  bw_probe_up_acked_ = 0;
  prev_probe_precautionary_ = false;
  ack_phase_ = AckPhase::kRefilling;
  start_round();
  state_ = State::kProbeBwRefill;
}

void Bbr::start_probe_bw_up(const Sample& sample) {
  ack_phase_ = AckPhase::kProbeStarting;
  start_round();
  reset_full_bw();
  full_bw_ = sample.delivery_rate;
  state_ = State::kProbeBwUp;
  raise_inflight_longterm_slope();
}

void Bbr::update_probe_bw_cycle_phase(const Sample& sample) {
  if (!full_bw_reached_) {
    return;
  }
  if (adapt_long_term_model(sample)) {
    return;
  }
  switch (state_) {
    case State::kProbeBwDown:
      if (is_time_to_probe_bw(sample.event.now)) {
        start_probe_bw_refill();
      } else if (is_time_to_cruise(sample.event)) {
        state_ = State::kProbeBwCruise;
      }
      return;
    case State::kProbeBwCruise:
      if (is_time_to_probe_bw(sample.event.now)) {
        start_probe_bw_refill();
      }
      return;
    case State::kProbeBwRefill:
      if (round_start_) {
        is_bw_probe_sample_ = true;
        start_probe_bw_up(sample);
      }
      return;
    case State::kProbeBwUp:
      if (is_time_to_go_down(sample)) {
        prev_probe_too_high_ = false;
        start_probe_bw_down(sample.event.now);
      }
      return;
    case State::kStartup:
    case State::kDrain:
    case State::kProbeRtt:
      return;
  }
}

// 5.3.3.9; true: it decided a transition.
bool Bbr::adapt_long_term_model(const Sample& sample) {
  if (round_start_ && ack_phase_ == AckPhase::kProbeStarting) {
    ack_phase_ = AckPhase::kProbeFeedback;
  }
  if (round_start_ && ack_phase_ == AckPhase::kProbeStopping) {
    is_bw_probe_sample_ = false;
    ack_phase_ = AckPhase::kInit;
    if (is_in_probe_bw()) {
      if (!sample.is_app_limited) {
        advance_max_bw_filter();
      }
      if (prev_probe_precautionary_ && !prev_probe_too_high_) {
        start_probe_bw_refill();
        return true;
      }
    }
  }
  const RateSample& rate = sample.event.rate;
  if (inflight_longterm_ == kInfinite || is_inflight_too_high(rate.lost, rate.sent_in_flight)) {
    return false;
  }
  inflight_longterm_ = std::max(inflight_longterm_, rate.sent_in_flight);
  if (state_ == State::kProbeBwUp) {
    probe_inflight_longterm_upward(sample.event);
  }
  return false;
}

// 5.5.6. A cycle without a sample leaves the last one's.
void Bbr::advance_max_bw_filter() {
  if (max_bw_filter_[1].units == 0) {
    return;
  }
  max_bw_filter_[0] = max_bw_filter_[1];
  max_bw_filter_[1] = Bandwidth{};
}

// 5.3.3.8.3: PickProbeWait.
void Bbr::pick_probe_wait() {
  rounds_since_probe_up_ = static_cast<std::uint8_t>(random() & 1);
  bw_probe_wait_ = static_cast<std::uint16_t>(bbr::kLeastProbeWait +
                                              (random() >> 8) % (bbr::kProbeWaitSpread + 1));
}

// 5.3.3.8.3, with IsRenoCoexistenceProbeTime: a window counts in segments there, and rounds only
// become more when one begins.
bool Bbr::is_time_to_probe_bw(Nanoseconds now) const {
  if (bbr::ticks(now) - cycle_stamp_ > bw_probe_wait_) {
    return true;
  }
  if (!round_start_) {
    return false;
  }
  const std::uint32_t reno_bytes = std::min(target_inflight(), bbr::kRenoRounds * mss_);
  return std::uint32_t{rounds_since_probe_up_} * mss_ >= reno_bytes;
}

bool Bbr::is_time_to_cruise(const AckEvent& event) const {
  return event.in_flight <= inflight_with_headroom() &&
         event.in_flight <= quantization_budget(bdp(max_bandwidth()));
}

bool Bbr::is_time_to_go_down(const Sample& sample) {
  if (prev_probe_too_high_ && sample.event.in_flight >= inflight_longterm_) {
    prev_probe_precautionary_ = true;
    return true;
  }
  if (sample.event.is_window_limited && cwnd_ >= inflight_longterm_) {
    reset_full_bw();
    full_bw_ = sample.delivery_rate;
    return false;
  }
  return full_bw_now_;
}

void Bbr::raise_inflight_longterm_slope() {
  probe_up_acked_per_inc_ = std::max<std::uint32_t>(cwnd_ >> bw_probe_up_rounds_, mss_);
  bw_probe_up_rounds_ = std::min<std::uint8_t>(bw_probe_up_rounds_ + 1, 30);
}

void Bbr::probe_inflight_longterm_upward(const AckEvent& event) {
  if (!event.is_window_limited || cwnd_ < inflight_longterm_) {
    return;
  }
  const std::uint64_t acknowledged = std::uint64_t{bw_probe_up_acked_} + event.newly_delivered;
  const std::uint64_t delta = acknowledged / probe_up_acked_per_inc_;
  bw_probe_up_acked_ = static_cast<std::uint32_t>(acknowledged % probe_up_acked_per_inc_);
  inflight_longterm_ = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(inflight_longterm_ + delta * mss_, kInfinite - 1));
  if (round_start_) {
    raise_inflight_longterm_slope();
  }
}

// --- ProbeRTT (5.3.4) ---

// A sample of a flight that ProbeRTT would allow is as good as ProbeRTT's, and as good as a restart
// from idle: this isn't called for short responses, so the first ACK of a long one may come with
// all estimates expired.
void Bbr::check_probe_rtt(const AckEvent& event) {
  if (state_ != State::kProbeRtt && probe_rtt_expired_ && !idle_restart_ &&
      event.rate.sent_in_flight > probe_rtt_cwnd()) {
    save_cwnd();
    state_ = State::kProbeRtt;
    has_probe_rtt_stamp_ = false;
    ack_phase_ = AckPhase::kProbeStopping;
    start_round();
  }
  if (state_ == State::kProbeRtt) {
    handle_probe_rtt(event);
  }
  if (event.rate.delivered > 0) {
    idle_restart_ = false;
  }
}

void Bbr::handle_probe_rtt(const AckEvent& event) {
  probe_rtt_app_limited_ = delivered_ + event.in_flight;  // MarkConnectionAppLimited
  if (!has_probe_rtt_stamp_) {
    if (event.in_flight > probe_rtt_cwnd()) {
      return;
    }
    probe_rtt_done_stamp_ = bbr::ticks(event.now) + bbr::kProbeRttDuration;
    has_probe_rtt_stamp_ = true;
    probe_rtt_round_done_ = false;
    start_round();
    return;
  }
  if (round_start_) {
    probe_rtt_round_done_ = true;
  }
  if (probe_rtt_round_done_) {
    check_probe_rtt_done(event.now);
  }
}

void Bbr::check_probe_rtt_done(Nanoseconds now) {
  const bbr::Ticks late = bbr::ticks(now) - probe_rtt_done_stamp_;
  if (!has_probe_rtt_stamp_ || static_cast<std::int32_t>(late) <= 0) {
    return;
  }
  probe_rtt_min_stamp_ = bbr::ticks(now);
  restore_cwnd();
  exit_probe_rtt(now);
}

// The first loss round afterwards lasts until a sample comes that ProbeRTT didn't hold back; what
// it did would become the path's bandwidth, for a whole cycle (beyond the draft: at 3 % of random
// loss, 100 Mbit/s, 80 ms and a shallow queue it is worth 36 % of the line instead of 30 %).
void Bbr::exit_probe_rtt(Nanoseconds now) {
  reset_short_term_model();
  loss_round_delivered_ = std::max(loss_round_delivered_, probe_rtt_app_limited_);
  if (full_bw_reached_) {
    start_probe_bw_down(now);
    state_ = State::kProbeBwCruise;
  } else {
    state_ = State::kStartup;
  }
}

}  // namespace mote::netstack
