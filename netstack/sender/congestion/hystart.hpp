// HyStart++ (RFC 9406): leaves slow start when delay grows, before anything is lost.
#pragma once

#include <cstdint>

#include "netstack/sender/congestion/events.hpp"

namespace mote::netstack {

class HyStart {
 public:
  enum class Phase : std::uint8_t {
    kSlowStart,
    kConservative,  // CSS: the window grows slower, until it's known whether the delay stays
    kDone,          // congestion avoidance begins
  };

  // How much slower the window grows in kConservative (RFC 9406, 4.3: CSS_GROWTH_DIVISOR).
  static constexpr std::uint32_t kConservativeDivisor = 4;

  // An ACK in slow start; tells the phase from now on.
  Phase on_ack(const AckEvent& event);

  [[nodiscard]] Phase phase() const { return phase_; }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  void begin_round(const AckEvent& event);
  void look_at_delay();

  std::uint64_t round_end_ = 0;           // windowEnd: bytes delivered in all when it ends
  std::uint32_t last_min_rtt_ = kNone;    // lastRoundMinRTT, in nanoseconds
  std::uint32_t round_min_rtt_ = kNone;   // currentRoundMinRTT
  std::uint32_t baseline_rtt_ = kNone;    // cssBaselineMinRtt
  std::uint8_t samples_ = 0;              // rttSampleCount, up to the number needed
  std::uint8_t conservative_rounds_ = 0;  // rounds in CSS
  Phase phase_ = Phase::kSlowStart;
};

}  // namespace mote::netstack
