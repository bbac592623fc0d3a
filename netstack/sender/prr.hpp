// Proportional rate reduction: how much is sent in recovery (RFC 6937).
#pragma once

#include <algorithm>
#include <cstdint>

namespace mote::netstack {

// By each ACK, as much is sent as brings what is in flight to the new window evenly over one round
// trip; and when less than that is in flight, hardly more than the ACK delivered.
class ProportionalReduction {
 public:
  void begin(std::uint32_t in_flight) {
    began_with_ = std::max(in_flight, 1U);
    delivered_ = sent_ = 0;
  }

  void on_sent(std::uint32_t bytes) { sent_ += bytes; }

  // How many bytes may be in flight after an ACK. `target`: ssthresh. `is_safe`: it moved SND.UNA
  // and no further loss was found, so one segment more than was delivered may be sent (slow start
  // reduction bound; otherwise conservative reduction bound).
  [[nodiscard]] std::uint32_t window(std::uint32_t in_flight, std::uint32_t newly_delivered,
                                     std::uint32_t target, std::uint32_t mss, bool is_safe) {
    delivered_ += newly_delivered;
    std::uint64_t count = 0;
    if (in_flight > target) {
      const std::uint64_t due = (delivered_ * target + began_with_ - 1) / began_with_;
      count = due > sent_ ? due - sent_ : 0;
    } else {
      const std::uint64_t owed = delivered_ > sent_ ? delivered_ - sent_ : 0;
      const std::uint64_t bound =
          is_safe ? std::max<std::uint64_t>(owed, newly_delivered) + mss : owed;
      count = std::min<std::uint64_t>(target - in_flight, bound);
    }
    // The first resend is sent at once.
    if (sent_ == 0) {
      count = std::max<std::uint64_t>(count, mss);
    }
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(in_flight + count, ~0U));
  }

  // Likewise for a control that doesn't reduce its window: one segment is sent for each that was
  // delivered, and two after a safe ACK, so that resends don't overflow a short queue again.
  [[nodiscard]] std::uint32_t clocked_window(std::uint32_t in_flight, std::uint32_t newly_delivered,
                                             std::uint32_t mss, bool is_safe) const {
    const std::uint32_t count = newly_delivered + (is_safe ? mss : 0);
    return in_flight + (sent_ == 0 ? std::max(count, mss) : count);
  }

 private:
  std::uint64_t delivered_ = 0;   // prr_delivered
  std::uint64_t sent_ = 0;        // prr_out
  std::uint32_t began_with_ = 1;  // RecoverFS
};

}  // namespace mote::netstack
