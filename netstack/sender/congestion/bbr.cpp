// BBR's events, and its control of window and rate (draft-ietf-ccwg-bbr-06, 5.2 and 5.6).
#include "netstack/sender/congestion/bbr.hpp"

#include <algorithm>

#include "netstack/limits.hpp"
#include "netstack/sender/congestion/bbr_constants.hpp"
#include "netstack/sender/congestion/windows.hpp"

namespace mote::netstack {

namespace {

constexpr std::uint32_t gain_of(const std::array<std::uint16_t, 7>& gains, Bbr::State state) {
  return gains[static_cast<std::size_t>(state)];
}

}  // namespace

// 5.2.1: OnInit. All that isn't set here is zero, false, or the first of its kind.
void Bbr::begin(Nanoseconds now, std::uint32_t mss, Nanoseconds rtt, bool has_selective_acks) {
  *this = Bbr{};
  mss_ = bounded_mss(mss);
  cwnd_ = initial_window(mss_);
  has_selective_acks_ = has_selective_acks;
  min_rtt_ = probe_rtt_min_delay_ = round_rtt_ = kInfinite;
  min_rtt_stamp_ = probe_rtt_min_stamp_ = bbr::ticks(now);
  inflight_longterm_ = undo_inflight_longterm_ = kInfinite;
  probe_up_acked_per_inc_ = kInfinite;
  extra_acked_interval_start_ = now;
  const auto seed = static_cast<std::uint32_t>(now.value ^ (now.value >> 32) ^ (rtt.value << 7));
  random_ = seed == 0 ? 1 : seed;
  reset_short_term_model();
  if (rtt.value != 0) {
    min_rtt_ = probe_rtt_min_delay_ =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(rtt.value, kInfinite - 1));
    init_pacing_rate(rtt);
  }
}

void Bbr::set_mss(std::uint32_t mss) {
  mss_ = bounded_mss(mss);
  cwnd_ = std::max<std::uint32_t>(cwnd_, mss_);
}

// 5.4.1: HandleRestartFromIdle.
void Bbr::on_send(Nanoseconds now, std::uint32_t in_flight, bool is_app_limited) {
  if (in_flight != 0 || !is_app_limited) {
    return;
  }
  idle_restart_ = true;
  extra_acked_interval_start_ = now;
  extra_acked_delivered_ = 0;
  if (is_in_probe_bw()) {
    set_pacing_rate(bw(), bbr::kPacingMargin);
  } else if (state_ == State::kProbeRtt) {
    check_probe_rtt_done(now);
  }
}

// 5.2.3: UpdateOnACK.
void Bbr::on_ack(const AckEvent& event) {
  if (event.is_congestion_marked) {  // 3.7: as a loss, and as too many where that ends a probe
    is_mark_in_round_ = state_ == State::kStartup;
    note_loss(event.delivered);
    if (is_bw_probe_sample_) {
      handle_inflight_too_high(event.now, event.rate.sent_in_flight, event.rate.is_app_limited);
    }
  }
  if (event.newly_delivered == 0) {
    return;
  }
  has_delivered_ = true;
  delivered_ = event.delivered;
  if (pacing_rate_.units == 0) {
    init_pacing_rate(event.rtt);
  }
  const Sample sample{
      event, Bandwidth::from(event.rate.bytes_per_second),
      event.rate.is_app_limited || event.rate.prior_delivered < probe_rtt_app_limited_};
  update_latest_delivery_signals(sample);
  update_congestion_signals(sample);
  update_ack_aggregation(event);
  check_full_bw_reached(sample);
  if (!is_in_probe_bw()) {
    check_startup_done(sample);
    check_drain_done(event);
  }
  update_probe_bw_cycle_phase(sample);
  update_min_rtt(event);
  update_queue(event);
  check_probe_rtt(event);
  advance_latest_delivery_signals(sample);
  const Bandwidth bandwidth = bw();
  set_pacing_rate(bandwidth, gain_of(bbr::kPacingGain, state_));
  set_cwnd(event, bandwidth);
}

// 5.6.4.4: OnEnterFastRecovery.
void Bbr::on_loss(Nanoseconds now) {
  note_overflow(now);
  save_cwnd();
  if (!is_state_saved_) {
    save_state_upon_loss();
  }
  is_state_saved_ = false;
  in_recovery_ = true;
}

void Bbr::on_recovered() {
  in_recovery_ = false;
  is_state_saved_ = false;
  restore_cwnd();
  bound_cwnd_for_model();
}

// 5.6.4.4: OnEnterRTO. Nothing counts as in flight any more.
void Bbr::on_timeout(Nanoseconds now) {
  on_loss(now);
  note_loss(delivered_);
  cwnd_ = mss_;
}

// --- Rate ---

// 5.6.2: InitPacingRate, as soon as a round trip is known.
void Bbr::init_pacing_rate(Nanoseconds rtt) {
  if (rtt.value == 0) {
    return;
  }
  const std::uint64_t nominal = initial_window(mss_) * std::uint64_t{1'000'000'000} / rtt.value;
  pacing_rate_ = Bandwidth::from(nominal).percent(bbr::kStartupPacingGain);
}

// 5.6.2: SetPacingRateWithGain.
void Bbr::set_pacing_rate(Bandwidth bandwidth, std::uint32_t gain) {
  const Bandwidth rate = bandwidth.percent(gain);
  if (full_bw_reached_ || rate > pacing_rate_) {
    pacing_rate_ = rate;
  }
}

// Not slower than the least window in a second: losses without samples may have brought
// bw_shortterm near nothing.
std::uint64_t Bbr::pacing_rate() const {
  if (!has_delivered_ || pacing_rate_.units == 0) {
    return 0;
  }
  return std::max<std::uint64_t>(pacing_rate_.bytes_per_second(), min_pipe_cwnd());
}

// --- Window ---

// 5.6.4.2: QuantizationBudget, with 5.6.3's SetSendQuantum and 5.5.8.1's UpdateOffloadBudget.
std::uint64_t Bbr::quantization_budget(std::uint64_t inflight_cap) const {
  if (inflight_cap < 3 * bbr::kLargestQuantum) {  // else it holds three of the largest
    const std::uint64_t quantum = std::max<std::uint64_t>(
        std::min<std::uint64_t>(pacing_rate_.bytes_per_second() / 1'000, bbr::kLargestQuantum),
        2ULL * mss_);
    inflight_cap = std::max<std::uint64_t>({inflight_cap, 3 * quantum, min_pipe_cwnd()});
  }
  return state_ == State::kProbeBwUp ? inflight_cap + 2ULL * mss_ : inflight_cap;
}

// 5.6.1. Flows of BBR that share a queue hold it up with what their windows have beyond the
// bandwidth-delay product, each in proportion to its share, so shares stay as they are. With less
// of that, what a probe adds counts for more, and they become alike. Where a queue overflows, this
// would be too little beside CUBIC, and `coexistence_` makes them alike.
std::uint32_t Bbr::cwnd_gain() const {
  const bool is_shared = is_queue_standing_ && !coexistence_.is_bounded() &&
                         (state_ == State::kProbeBwDown || state_ == State::kProbeBwCruise);
  return is_shared ? bbr::kSharedCwndGain : gain_of(bbr::kCwndGain, state_);
}

// 5.6.4.6: SetCwnd.
void Bbr::set_cwnd(const AckEvent& event, Bandwidth bandwidth) {
  const std::uint64_t gained = bdp(bandwidth) * cwnd_gain() / 100;
  const std::uint64_t max_inflight =
      quantization_budget(gained + std::max(extra_acked_[0], extra_acked_[1]));
  std::uint64_t cwnd = cwnd_;
  if (full_bw_reached_) {
    cwnd = std::min(cwnd + event.newly_delivered, max_inflight);
  } else if (cwnd < max_inflight || event.delivered < initial_window(mss_)) {
    cwnd += event.newly_delivered;
  }
  cwnd_ = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(cwnd, min_pipe_cwnd(), limits::kLargestSendWindow));
  if (state_ == State::kProbeRtt) {
    cwnd_ = std::min(cwnd_, probe_rtt_cwnd());  // 5.6.4.5
  }
  bound_cwnd_for_model();
}

// 5.6.4.7.
void Bbr::bound_cwnd_for_model() {
  std::uint32_t cap = kInfinite;
  if (state_ == State::kProbeRtt || state_ == State::kProbeBwCruise) {
    cap = inflight_with_headroom();
  } else if (is_in_probe_bw()) {
    cap = inflight_longterm_;
  }
  cap = std::max(std::min({cap, inflight_shortterm_, coexistence_.window()}), min_pipe_cwnd());
  cwnd_ = std::min(cwnd_, cap);
}

// 5.3.3.9.
std::uint32_t Bbr::inflight_with_headroom() const {
  if (inflight_longterm_ == kInfinite) {
    return kInfinite;
  }
  const auto share =
      static_cast<std::uint32_t>(std::uint64_t{inflight_longterm_} * bbr::kHeadroom / 100);
  const std::uint32_t headroom = std::max<std::uint32_t>(share, mss_);
  return std::max(inflight_longterm_ - std::min(headroom, inflight_longterm_), min_pipe_cwnd());
}

// 5.6.4.5.
std::uint32_t Bbr::probe_rtt_cwnd() const {
  const std::uint64_t share = bdp(bw()) * gain_of(bbr::kCwndGain, State::kProbeRtt) / 100;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(share, min_pipe_cwnd(), limits::kLargestSendWindow));
}

// 5.6.4.4.
void Bbr::save_cwnd() {
  const bool is_modulated = in_recovery_ || state_ == State::kProbeRtt;
  prior_cwnd_ = is_modulated ? std::max(prior_cwnd_, cwnd_) : cwnd_;
}

void Bbr::restore_cwnd() { cwnd_ = std::max(cwnd_, prior_cwnd_); }

}  // namespace mote::netstack
