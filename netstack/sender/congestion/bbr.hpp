// BBR (draft-ietf-ccwg-bbr-06; its sections are cited by number): a model of the path, made of the
// highest bandwidth and the lowest round trip that were measured lately, says how fast to send and
// how much may be in flight.
//
// In integers: bytes, gains in hundredths, round trips in nanoseconds up to 4.29 s, and the clock
// of cycles in ticks of 2^20 ns. Names are the draft's.
#pragma once

#include <array>
#include <cstdint>

#include "kernel/time/clock.hpp"
#include "netstack/sender/congestion/bandwidth.hpp"
#include "netstack/sender/congestion/coexistence.hpp"
#include "netstack/sender/congestion/events.hpp"

namespace mote::netstack {

class Bbr {
 public:
  enum class State : std::uint8_t {
    kStartup,
    kDrain,
    kProbeBwDown,
    kProbeBwCruise,
    kProbeBwRefill,
    kProbeBwUp,
    kProbeRtt,
  };

  // What each of these means: congestion.hpp.
  void begin(Nanoseconds now, std::uint32_t mss, Nanoseconds rtt, bool has_selective_acks);
  void set_mss(std::uint32_t mss);
  void on_send(Nanoseconds now, std::uint32_t in_flight, bool is_app_limited);
  void on_ack(const AckEvent& event);
  void on_range_lost(const LostRange& range);
  void on_loss(Nanoseconds now);
  void on_recovered();
  void on_timeout(Nanoseconds now);
  void undo();

  [[nodiscard]] std::uint32_t window() const { return cwnd_; }
  [[nodiscard]] std::uint64_t pacing_rate() const;

  // For tests and whoever looks.
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Bandwidth max_bandwidth() const;
  [[nodiscard]] Nanoseconds min_rtt() const { return {min_rtt_}; }
  [[nodiscard]] std::uint32_t inflight_longterm() const { return inflight_longterm_; }
  [[nodiscard]] Bandwidth bw_shortterm() const { return bw_shortterm_; }
  [[nodiscard]] const Coexistence& coexistence() const { return coexistence_; }

 private:
  static constexpr std::uint32_t kInfinite = ~std::uint32_t{0};

  // 2.14: what ACKs tell about, with respect to probing for bandwidth.
  enum class AckPhase : std::uint8_t {
    kInit,
    kRefilling,
    kProbeStarting,
    kProbeFeedback,
    kProbeStopping,
  };
  // 2.15: the state that a loss ended.
  enum class UndoState : std::uint8_t { kNone, kStartup, kProbeBwUp };

  // An ACK, and what the model makes of its rate sample.
  struct Sample {
    const AckEvent& event;
    Bandwidth delivery_rate;
    bool is_app_limited;
  };

  // bbr.cpp: events, and control of window and rate (5.6).
  void set_pacing_rate(Bandwidth bandwidth, std::uint32_t gain);
  void init_pacing_rate(Nanoseconds rtt);
  void set_cwnd(const AckEvent& event, Bandwidth bandwidth);
  void bound_cwnd_for_model();
  void save_cwnd();
  void restore_cwnd();
  [[nodiscard]] std::uint32_t min_pipe_cwnd() const { return 4U * mss_; }
  [[nodiscard]] std::uint32_t probe_rtt_cwnd() const;
  [[nodiscard]] std::uint32_t inflight_with_headroom() const;
  [[nodiscard]] std::uint64_t quantization_budget(std::uint64_t inflight_cap) const;

  // bbr_model.cpp: the model of the path (5.5).
  void update_latest_delivery_signals(const Sample& sample);
  void advance_latest_delivery_signals(const Sample& sample);
  void update_congestion_signals(const Sample& sample);
  void update_max_bw(const Sample& sample);
  void update_round(const AckEvent& event);
  void start_round() { next_round_delivered_ = delivered_; }
  void update_ack_aggregation(const AckEvent& event);
  void note_extra_acked(std::uint32_t extra);
  void update_min_rtt(const AckEvent& event);
  void update_queue(const AckEvent& event);
  void note_overflow(Nanoseconds now);
  [[nodiscard]] bool is_queued(std::uint32_t rtt) const;
  [[nodiscard]] std::uint32_t cwnd_gain() const;
  [[nodiscard]] bool is_loss_random(const RateSample& rate) const;
  void reset_congestion_signals();
  void reset_short_term_model();
  void reset_full_bw();
  void note_loss(std::uint64_t delivered);
  void save_state_upon_loss();
  void adapt_lower_bounds_from_congestion(const RateSample& rate);
  void handle_inflight_too_high(Nanoseconds now, std::uint32_t tx_in_flight, bool is_app_limited);
  [[nodiscard]] bool is_inflight_too_high(std::uint32_t lost, std::uint32_t tx_in_flight) const;
  [[nodiscard]] Bandwidth bw() const;
  [[nodiscard]] std::uint64_t bdp(Bandwidth bandwidth) const;
  [[nodiscard]] std::uint32_t target_inflight() const;

  // bbr_states.cpp: the state machine (5.3).
  void check_full_bw_reached(const Sample& sample);
  void check_startup_done(const Sample& sample);
  void enter_drain();
  void check_drain_done(const AckEvent& event);
  void update_probe_bw_cycle_phase(const Sample& sample);
  [[nodiscard]] bool adapt_long_term_model(const Sample& sample);
  void advance_max_bw_filter();
  void start_probe_bw_down(Nanoseconds now);
  void start_probe_bw_refill();
  void start_probe_bw_up(const Sample& sample);
  [[nodiscard]] bool is_time_to_probe_bw(Nanoseconds now) const;
  [[nodiscard]] bool is_time_to_cruise(const AckEvent& event) const;
  [[nodiscard]] bool is_time_to_go_down(const Sample& sample);
  void raise_inflight_longterm_slope();
  void probe_inflight_longterm_upward(const AckEvent& event);
  void pick_probe_wait();
  void check_probe_rtt(const AckEvent& event);
  void handle_probe_rtt(const AckEvent& event);
  void check_probe_rtt_done(Nanoseconds now);
  void exit_probe_rtt(Nanoseconds now);
  [[nodiscard]] bool is_in_probe_bw() const;
  [[nodiscard]] bool is_probing_bw() const;
  [[nodiscard]] std::uint32_t random();

  std::uint64_t delivered_;  // C.delivered, at the last ACK
  std::uint64_t next_round_delivered_;
  std::uint64_t loss_round_delivered_;
  std::uint64_t probe_rtt_app_limited_;  // C.app_limited, as ProbeRTT marks it
  Nanoseconds extra_acked_interval_start_;

  std::array<Bandwidth, 2> max_bw_filter_;  // of the previous cycle, and of this
  Bandwidth bw_shortterm_;
  Bandwidth bw_latest_;
  Bandwidth full_bw_;
  Bandwidth undo_bw_shortterm_;
  Bandwidth pacing_rate_;

  std::uint32_t min_rtt_;
  std::uint32_t probe_rtt_min_delay_;
  std::uint32_t min_rtt_stamp_;
  std::uint32_t probe_rtt_min_stamp_;
  std::uint32_t probe_rtt_done_stamp_;
  std::uint32_t cycle_stamp_;

  std::uint32_t cwnd_;
  std::uint32_t prior_cwnd_;
  std::uint32_t inflight_longterm_;
  std::uint32_t inflight_shortterm_;
  std::uint32_t inflight_latest_;
  std::uint32_t undo_inflight_shortterm_;
  std::uint32_t undo_inflight_longterm_;
  std::uint32_t bw_probe_up_acked_;
  std::uint32_t probe_up_acked_per_inc_;
  std::uint32_t extra_acked_delivered_;
  std::array<std::uint32_t, 2> extra_acked_;  // of the last rounds, and of those before

  Coexistence coexistence_;
  std::uint32_t round_rtt_;  // the least of this round

  std::uint32_t random_;
  std::uint16_t mss_;
  std::uint16_t bw_probe_wait_;  // ticks

  State state_;
  AckPhase ack_phase_;
  UndoState undo_state_;
  std::uint8_t full_bw_count_;
  std::uint8_t bw_probe_up_rounds_;
  std::uint8_t rounds_since_probe_up_;
  std::uint8_t rounds_in_drain_;
  std::uint8_t extra_acked_rounds_;
  std::uint8_t losses_in_round_;  // ranges, up to the number that ends Startup

  bool full_bw_reached_ : 1;
  bool full_bw_now_ : 1;
  bool round_start_ : 1;
  bool loss_round_start_ : 1;
  bool is_loss_in_round_ : 1;
  bool is_mark_in_round_ : 1;  // ECE
  bool is_bw_probe_sample_ : 1;
  bool prev_probe_too_high_ : 1;
  bool prev_probe_precautionary_ : 1;
  bool idle_restart_ : 1;
  bool probe_rtt_expired_ : 1;
  bool has_probe_rtt_stamp_ : 1;  // probe_rtt_done_stamp isn't zero
  bool probe_rtt_round_done_ : 1;
  bool in_recovery_ : 1;
  bool is_state_saved_ : 1;  // for this loss, before recovery began
  bool has_selective_acks_ : 1;
  bool is_queue_standing_ : 1;  // through all of the last round
  bool has_delivered_ : 1;      // pacing begins with the first ACK
};

}  // namespace mote::netstack
