// CUBIC (RFC 9438): the window grows along a cubic curve that lies flat where the last loss was.
//
// In bytes and integers; times of the curve in milliseconds. Slow start is left by HyStart++
// (RFC 9406). What an idle or half-used window may still be believed for is RFC 7661's rule.
#pragma once

#include <cstdint>

#include "kernel/time/clock.hpp"
#include "netstack/sender/congestion/cubic_curve.hpp"
#include "netstack/sender/congestion/events.hpp"
#include "netstack/sender/congestion/hystart.hpp"

namespace mote::netstack {

class Cubic {
 public:
  // What each of these means: congestion.hpp.
  void begin(Nanoseconds now, std::uint32_t mss, Nanoseconds rtt);
  void set_mss(std::uint32_t mss);
  void on_send(Nanoseconds now, std::uint32_t in_flight);
  void on_ack(const AckEvent& event);
  void on_loss(Nanoseconds now, std::uint32_t in_flight, std::uint32_t lost);
  void on_timeout(Nanoseconds now, std::uint32_t in_flight);
  void undo();

  [[nodiscard]] std::uint32_t window() const { return cwnd_; }
  [[nodiscard]] std::uint32_t recovery_window() const { return shape_.ssthresh; }
  [[nodiscard]] std::uint64_t pacing_rate() const;

  [[nodiscard]] bool is_in_slow_start() const { return cwnd_ < shape_.ssthresh; }

 private:
  // The curve, and what else a congestion event changes (RFC 9438, 4.1.2 and 4.9).
  struct Shape {
    Nanoseconds epoch{};  // t_epoch: when congestion avoidance began; zero: not yet
    std::uint32_t ssthresh = ~std::uint32_t{0};
    std::uint32_t cwnd_prior = 0;  // before the last reduction
    CubicCurve curve;
    std::uint32_t w_est = 0;  // the window that Reno would have
  };

  void begin_epoch(Nanoseconds now);
  void slow_start(const AckEvent& event);
  void avoid_congestion(const AckEvent& event);
  [[nodiscard]] std::uint32_t target(Nanoseconds now) const;
  void grow_w_est(std::uint32_t acknowledged);
  void reduce(Nanoseconds now, std::uint32_t in_flight, std::uint32_t percent);
  void note_round_trip(Nanoseconds rtt);
  void note_use(const AckEvent& event);
  [[nodiscard]] bool is_validated(Nanoseconds now) const;
  [[nodiscard]] Nanoseconds sampling_period() const;
  void exclude_idleness(Nanoseconds now, bool is_limited);
  [[nodiscard]] std::uint32_t bounded(std::uint64_t window) const;

  Shape shape_;
  Shape undo_shape_;
  HyStart hystart_;
  Nanoseconds last_ack_{};        // or the last sending after idleness
  Nanoseconds validated_{};       // when the window was last seen in use
  Nanoseconds pipe_ack_stamp_{};  // when pipe_ack_ was measured
  std::uint32_t pipe_ack_ = 0;    // RFC 7661, 4.2: the most acknowledged in a round trip lately
  std::uint32_t cwnd_ = 0;
  std::uint32_t undo_cwnd_ = 0;    // zero: nothing to undo
  std::uint32_t growth_rest_ = 0;  // of the last division by the window
  std::uint32_t w_est_rest_ = 0;
  std::uint32_t srtt_ = 0;  // in nanoseconds; zero: none yet
  std::uint16_t mss_ = 1;
  bool is_after_timeout_ = false;  // RFC 9438, 4.8: the next curve begins at its middle
  bool has_delivered_ = false;     // pacing begins with the first ACK
};

}  // namespace mote::netstack
