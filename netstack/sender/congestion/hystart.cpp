// HyStart++: a round's least round trip, compared with the last one's.
#include "netstack/sender/congestion/hystart.hpp"

#include <algorithm>

namespace mote::netstack {

namespace {

// RFC 9406, 4.3.
constexpr std::uint32_t kLeastThreshold = 4'000'000;     // MIN_RTT_THRESH: 4 ms
constexpr std::uint32_t kLargestThreshold = 16'000'000;  // MAX_RTT_THRESH: 16 ms
constexpr std::uint32_t kThresholdDivisor = 8;           // MIN_RTT_DIVISOR
constexpr std::uint8_t kSamples = 8;                     // N_RTT_SAMPLE
constexpr std::uint8_t kConservativeRounds = 5;          // CSS_ROUNDS

}  // namespace

// RFC 9406, 4.2. A round ends when all that was in flight at its beginning is delivered.
void HyStart::begin_round(const AckEvent& event) {
  round_end_ = event.delivered + event.in_flight;
  last_min_rtt_ = round_min_rtt_;
  round_min_rtt_ = kNone;
  samples_ = 0;
  if (phase_ == Phase::kConservative && ++conservative_rounds_ >= kConservativeRounds) {
    phase_ = Phase::kDone;
  }
}

void HyStart::look_at_delay() {
  if (samples_ < kSamples) {
    return;
  }
  if (phase_ == Phase::kConservative) {
    if (round_min_rtt_ < baseline_rtt_) {  // the delay was a moment's: slow start goes on
      baseline_rtt_ = kNone;
      phase_ = Phase::kSlowStart;
    }
    return;
  }
  if (last_min_rtt_ == kNone) {
    return;
  }
  const std::uint32_t threshold =
      std::clamp(last_min_rtt_ / kThresholdDivisor, kLeastThreshold, kLargestThreshold);
  if (round_min_rtt_ >= std::uint64_t{last_min_rtt_} + threshold) {
    baseline_rtt_ = round_min_rtt_;
    conservative_rounds_ = 0;
    phase_ = Phase::kConservative;
  }
}

HyStart::Phase HyStart::on_ack(const AckEvent& event) {
  if (phase_ == Phase::kDone) {
    return phase_;
  }
  if (event.delivered > round_end_) {
    begin_round(event);
  }
  if (event.rtt.value != 0 && phase_ != Phase::kDone) {
    const auto rtt =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(event.rtt.value, kNone - 1));
    round_min_rtt_ = std::min(round_min_rtt_, rtt);
    if (samples_ < kSamples) {
      ++samples_;
    }
    look_at_delay();
  }
  return phase_;
}

}  // namespace mote::netstack
