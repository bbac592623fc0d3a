// How fast the network delivers: draft-ietf-ccwg-bbr-06, 4.1.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernel/time/clock.hpp"
#include "netstack/sender/congestion/events.hpp"
#include "netstack/sender/flight.hpp"

namespace mote::netstack {

class Delivery {
 public:
  // The range that was sent last among those that an ACK delivers.
  struct Newest {
    Nanoseconds sent_at{};
    Sequence end;
    DeliverySnapshot snapshot;
    bool is_known = false;
    bool is_app_limited = false;
  };

  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }

  // 4.1.2.2: before `bytes` are sent while `in_flight` are in flight.
  DeliverySnapshot on_send_alone(Nanoseconds now, std::uint32_t bytes) {
    first_sent_at_ = delivered_at_ = now;
    return {.delivered = static_cast<std::uint32_t>(delivered_), .lost = lost_, .in_flight = bytes};
  }
  [[nodiscard]] DeliverySnapshot on_send(Nanoseconds now, std::uint32_t in_flight,
                                         std::uint32_t bytes) {
    if (in_flight == 0) {
      return on_send_alone(now, bytes);
    }
    return {.delivered = static_cast<std::uint32_t>(delivered_),
            .lost = lost_,
            .in_flight = in_flight + bytes,
            .delivered_age = microseconds_between(delivered_at_, now),
            .first_sent_age = microseconds_between(first_sent_at_, now)};
  }

  void on_delivered(Nanoseconds now, std::uint32_t bytes) {
    delivered_ += bytes;
    delivered_at_ = now;
    if (is_app_limited_ && delivered_ > app_limited_until_) {
      is_app_limited_ = false;
    }
  }
  void on_lost(std::uint32_t bytes) { lost_ += bytes; }
  [[nodiscard]] std::uint32_t lost_since(const DeliverySnapshot& then) const {
    return lost_ - then.lost;
  }

  // 4.1.2.4: nothing is left to send, though there is room for more in flight.
  void mark_app_limited(std::uint32_t in_flight) {
    is_app_limited_ = true;
    app_limited_until_ = delivered_ + in_flight;
  }
  // The same while nothing is in flight, until mark_app_limited is called.
  void rest() {
    is_app_limited_ = true;
    app_limited_until_ = ~std::uint64_t{0};
  }
  [[nodiscard]] bool is_app_limited() const { return is_app_limited_; }

  // 4.1.2.3, UpdateRateSample: a range is delivered that ends here.
  static void consider(Newest& newest, const FlightRange& range, Sequence end) {
    const bool is_newer = !newest.is_known || range.sent_at > newest.sent_at ||
                          (range.sent_at == newest.sent_at && end.is_behind(newest.end));
    if (is_newer && !range.is_mixed) {
      newest = {.sent_at = range.sent_at,
                .end = end,
                .snapshot = range.snapshot,
                .is_known = true,
                .is_app_limited = range.is_app_limited};
    }
  }

  // 4.1.2.3, GenerateRateSample: after all that the ACK delivers.
  [[nodiscard]] RateSample sample(const Newest& newest, Nanoseconds least_rtt) {
    RateSample sample;
    if (!newest.is_known) {
      return sample;
    }
    const DeliverySnapshot& then = newest.snapshot;
    const std::uint64_t delivered_then =
        delivered_ - (static_cast<std::uint32_t>(delivered_) - then.delivered);
    const Nanoseconds sending = microseconds(then.first_sent_age);
    const Nanoseconds first_delivery = newest.sent_at - microseconds(then.delivered_age);
    const Nanoseconds acknowledging =
        delivered_at_ > first_delivery ? delivered_at_ - first_delivery : Nanoseconds{};
    first_sent_at_ = newest.sent_at;
    sample.prior_delivered = delivered_then;
    sample.delivered = static_cast<std::uint32_t>(delivered_ - delivered_then);
    sample.lost = lost_ - then.lost;
    sample.sent_in_flight = then.in_flight;
    sample.is_app_limited = newest.is_app_limited;
    sample.interval = std::max(sending, acknowledging);
    // Shorter than any round trip: ACKs came in a bunch, or measured is what was resent needlessly.
    if (sample.interval >= least_rtt && sample.interval.value != 0) {
      sample.bytes_per_second =
          std::uint64_t{sample.delivered} * 1'000'000'000 / sample.interval.value;
    }
    return sample;
  }

 private:
  static std::uint32_t microseconds_between(Nanoseconds from, Nanoseconds to) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>((to - from).value / 1000, ~std::uint32_t{0}));
  }

  std::uint64_t delivered_ = 0;          // C.delivered
  std::uint64_t app_limited_until_ = 0;  // C.app_limited
  Nanoseconds delivered_at_{};           // C.delivered_time
  Nanoseconds first_sent_at_{};          // C.first_send_time
  std::uint32_t lost_ = 0;               // C.lost
  bool is_app_limited_ = false;
};

}  // namespace mote::netstack
