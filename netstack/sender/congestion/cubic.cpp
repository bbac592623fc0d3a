// CUBIC's curve, its use of the window, and what a loss does to them.
#include "netstack/sender/congestion/cubic.hpp"

#include <algorithm>

#include "netstack/limits.hpp"
#include "netstack/sender/congestion/windows.hpp"

namespace mote::netstack {

namespace {

constexpr std::uint32_t kBetaEcn = 85;  // hundredths (RFC 8511, 3.1)
constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

// RFC 7661, 4.4.3: how long a window that isn't used is believed.
constexpr std::uint64_t kNonValidatedNs = 300 * kNsPerSecond;

constexpr std::uint64_t since(Nanoseconds now, Nanoseconds then) {
  return now > then ? (now - then).value : 0;
}

}  // namespace

void Cubic::begin(Nanoseconds now, std::uint32_t mss, Nanoseconds rtt) {
  *this = Cubic{};
  set_mss(mss);
  cwnd_ = initial_window(mss_);
  last_ack_ = validated_ = pipe_ack_stamp_ = now;
  note_round_trip(rtt);
}

void Cubic::set_mss(std::uint32_t mss) {
  mss_ = bounded_mss(mss);
  if (cwnd_ != 0) {
    cwnd_ = std::max<std::uint32_t>(cwnd_, mss_);
  }
}

std::uint32_t Cubic::bounded(std::uint64_t window) const {
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(window, 2 * mss_, limits::kLargestSendWindow));
}

// RFC 6298, 2.
void Cubic::note_round_trip(Nanoseconds rtt) {
  if (rtt.value == 0) {
    return;
  }
  const auto sample = static_cast<std::uint32_t>(std::min<std::uint64_t>(rtt.value, ~0U));
  srtt_ = srtt_ == 0 ? sample : srtt_ - srtt_ / 8 + sample / 8;
  srtt_ = std::max<std::uint32_t>(srtt_, 1);
}

// As Linux paces beneath it: twice the window in a round trip while it doubles, so that sending
// isn't what slows it, and a fifth more than the window later.
std::uint64_t Cubic::pacing_rate() const {
  if (srtt_ == 0 || !has_delivered_) {
    return 0;
  }
  const std::uint64_t fifths = cwnd_ < shape_.ssthresh / 2 ? 10 : 6;
  return std::max<std::uint64_t>(cwnd_ * fifths * (kNsPerSecond / 5) / srtt_, 1);
}

// --- Growth ---

void Cubic::on_ack(const AckEvent& event) {
  note_round_trip(event.rtt);
  if (event.newly_delivered == 0) {
    return;
  }
  has_delivered_ = true;
  note_use(event);
  if (event.acknowledged == 0) {
    return;  // RFC 3042, 2: no growth by what arrived beyond a hole
  }
  if (is_in_slow_start()) {
    slow_start(event);
  } else if (!event.in_recovery) {
    avoid_congestion(event);
  }
}

// RFC 5681, 3.1; HyStart++ in the first slow start only (RFC 9406, 4.3). Paced, so one ACK may open
// the window by all that it acknowledges.
void Cubic::slow_start(const AckEvent& event) {
  std::uint32_t more = event.acknowledged;
  const bool is_first = shape_.ssthresh == ~std::uint32_t{0};
  if (is_first) {
    const HyStart::Phase phase = hystart_.on_ack(event);
    if (phase == HyStart::Phase::kDone) {
      shape_.ssthresh = cwnd_;
      return;
    }
    if (phase == HyStart::Phase::kConservative) {
      more /= HyStart::kConservativeDivisor;
    }
  }
  const std::uint64_t used = std::uint64_t{event.in_flight} + event.newly_delivered;
  if (!event.is_window_limited && 2 * used <= cwnd_) {
    return;
  }
  const std::uint64_t grown = std::uint64_t{cwnd_} + more;
  cwnd_ = static_cast<std::uint32_t>(
      std::min<std::uint64_t>({grown, shape_.ssthresh, limits::kLargestSendWindow}));
}

// RFC 9438, 4.2: from where the window is, to the middle of the curve at w_max.
void Cubic::begin_epoch(Nanoseconds now) {
  shape_.epoch = now.value == 0 ? Nanoseconds{1} : now;
  if (is_after_timeout_ || cwnd_ >= shape_.curve.w_max) {
    shape_.curve.begin_at_middle(cwnd_);
  } else {
    shape_.curve.begin(cwnd_, mss_);
  }
  shape_.w_est = cwnd_;
  is_after_timeout_ = false;
  growth_rest_ = w_est_rest_ = 0;
}

// RFC 9438, 4.2: where the curve will be in a round trip, but no more than half as much again.
std::uint32_t Cubic::target(Nanoseconds now) const {
  const std::uint64_t ahead = since(now, shape_.epoch) + srtt_;
  return std::clamp(shape_.curve.at(ahead / kNsPerMs, mss_), cwnd_, cwnd_ + cwnd_ / 2);
}

// RFC 9438, 4.3: as fast as Reno, which has reduced its window by half, on average.
void Cubic::grow_w_est(std::uint32_t acknowledged) {
  const bool is_beyond = shape_.w_est >= shape_.cwnd_prior;
  const std::uint64_t step = std::uint64_t{acknowledged} * mss_ *
                                 (is_beyond ? cubic::kAlphaDivisor : cubic::kAlphaDividend) +
                             w_est_rest_;
  const std::uint64_t divisor = std::uint64_t{cwnd_} * cubic::kAlphaDivisor;
  w_est_rest_ = static_cast<std::uint32_t>(step % divisor);
  shape_.w_est = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(shape_.w_est + step / divisor, limits::kLargestSendWindow));
}

void Cubic::avoid_congestion(const AckEvent& event) {
  if (shape_.epoch.value == 0) {
    begin_epoch(event.now);
  }
  if (!event.is_window_limited) {
    return;  // RFC 9438, 5.8
  }
  grow_w_est(event.acknowledged);
  const std::uint64_t elapsed = since(event.now, shape_.epoch) / kNsPerMs;
  if (shape_.curve.at(elapsed, mss_) < shape_.w_est) {  // Reno-friendly region
    cwnd_ = bounded(std::max(cwnd_, shape_.w_est));
    return;
  }
  const std::uint64_t step =
      std::uint64_t{target(event.now) - cwnd_} * event.acknowledged + growth_rest_;
  growth_rest_ = static_cast<std::uint32_t>(step % cwnd_);
  cwnd_ = bounded(cwnd_ + step / cwnd_);
}

// --- Use of the window ---

Nanoseconds Cubic::sampling_period() const {
  return {std::max<std::uint64_t>(3 * std::uint64_t{srtt_}, kNsPerSecond)};
}

// RFC 7661, 4.3: a window is validated while half of it is used.
bool Cubic::is_validated(Nanoseconds now) const {
  return since(now, validated_) <= sampling_period().value;
}

void Cubic::note_use(const AckEvent& event) {
  exclude_idleness(event.now, event.is_window_limited);
  if (event.rate.delivered >= pipe_ack_ ||
      since(event.now, pipe_ack_stamp_) > sampling_period().value) {
    pipe_ack_ = event.rate.delivered;
    pipe_ack_stamp_ = event.now;
  }
  if (event.is_window_limited || pipe_ack_ >= cwnd_ / 2) {
    validated_ = event.now;
  }
}

// RFC 9438, 5.8: the curve's time stands still while the window isn't what limits sending. A gap
// between ACKs of more than two round trips was such a time, whether it was told or not: this isn't
// called for short responses.
void Cubic::exclude_idleness(Nanoseconds now, bool is_limited) {
  const std::uint64_t gap = since(now, last_ack_);
  const std::uint64_t counted = is_limited ? std::min<std::uint64_t>(gap, 2ULL * srtt_) : 0;
  if (shape_.epoch.value != 0) {
    shape_.epoch.value += gap - counted;
  }
  last_ack_ = std::max(last_ack_, now);
}

// RFC 7661, 4.4.3. What is left is paced, so no burst follows idleness.
void Cubic::on_send(Nanoseconds now, std::uint32_t in_flight) {
  if (in_flight != 0) {
    return;
  }
  exclude_idleness(now, false);
  const std::uint32_t initial = initial_window(mss_);
  while (since(now, validated_) >= kNonValidatedNs) {
    if (cwnd_ <= initial) {
      validated_ = now;
      return;
    }
    shape_.ssthresh = std::max(shape_.ssthresh, cwnd_ / 4 * 3);
    cwnd_ = std::max(cwnd_ / 2, initial);
    validated_.value += kNonValidatedNs;
  }
}

// --- Congestion ---

// RFC 9438, 4.6 and 4.7.
void Cubic::reduce(Nanoseconds now, std::uint32_t in_flight, std::uint32_t percent) {
  undo_shape_ = shape_;
  undo_cwnd_ = cwnd_;
  // RFC 7661, 4.4.1: a window that wasn't used says nothing about the path.
  const std::uint32_t flight =
      is_validated(now) ? cwnd_ : std::min(cwnd_, std::max(pipe_ack_, in_flight));
  shape_.ssthresh = bounded(std::uint64_t{flight} * percent / 100);
  shape_.cwnd_prior = cwnd_;
  shape_.curve.reduce(cwnd_);
  shape_.epoch = Nanoseconds{};
}

void Cubic::on_loss(Nanoseconds now, std::uint32_t in_flight, std::uint32_t lost) {
  const std::uint64_t flight = std::min<std::uint64_t>(std::uint64_t{in_flight} + lost, cwnd_);
  reduce(now, static_cast<std::uint32_t>(flight), lost == 0 ? kBetaEcn : cubic::kBeta);
  cwnd_ = shape_.ssthresh;
}

// RFC 9438, 4.8, and RFC 5681, 3.1: the loss window is one segment.
void Cubic::on_timeout(Nanoseconds now, std::uint32_t in_flight) {
  reduce(now, in_flight, cubic::kBeta);
  cwnd_ = mss_;
  is_after_timeout_ = true;
}

// RFC 9438, 4.9: as if the last congestion event hadn't been.
void Cubic::undo() {
  if (undo_cwnd_ == 0) {
    return;
  }
  cwnd_ = std::max(cwnd_, undo_cwnd_);
  shape_ = undo_shape_;
  undo_cwnd_ = 0;
  is_after_timeout_ = false;
}

}  // namespace mote::netstack
