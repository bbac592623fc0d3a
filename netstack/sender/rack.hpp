// Loss detection by time: RACK (RFC 8985, 6).
//
// A segment is lost when one that was sent later has arrived, and as much time passed since it was
// sent as a round trip and the reordering window.
#pragma once

#include <cstdint>

#include "kernel/time/clock.hpp"
#include "netstack/sender/flight.hpp"
#include "netstack/sender/rtt.hpp"
#include "netstack/sender/sequence.hpp"

namespace mote::netstack {

class Rack {
 public:
  struct Found {
    std::uint32_t lost = 0;  // bytes
    Nanoseconds wait{};      // until more may be lost; zero: nothing to wait for
    std::uint32_t seen = 0;  // ranges looked at
  };

  void begin(Sequence first);

  // Short ways, which a connection may have taken for more than 2 GiB, leave numbers behind. Those
  // that aren't in flight begin anew.
  void catch_up(Sequence acknowledged, Sequence sent) {
    const auto is_in_flight = [&](Sequence number) {
      return number - acknowledged <= sent - acknowledged;
    };
    if (!is_in_flight(highest_)) {
      highest_ = delivered_to_ = acknowledged;
    }
    is_in_round_ = is_in_round_ && is_in_flight(round_end_);
  }

  // A range is delivered that ends here (6.2, steps 2 and 3).
  void on_delivered(Nanoseconds now, const FlightRange& range, Sequence end, const RoundTrip& rtt);

  // An ACK with its SACKs has been gone through.
  void on_ack(Sequence acknowledged) {
    highest_ = later(highest_, later(delivered_to_, acknowledged));
    delivered_to_ = highest_;
  }

  // The peer reported data that it had twice: perhaps it was reordered, not lost (step 4).
  void on_duplicate(Sequence acknowledged, Sequence sent);

  // Recovery ends, or a timeout's.
  void on_recovered();

  // The reordering window. `is_sure`: in recovery, or DupThresh segments arrived behind a hole.
  [[nodiscard]] Nanoseconds window(const RoundTrip& rtt, bool is_sure) const;

  // Marks as lost what is so by now (step 5).
  Found detect(Nanoseconds now, Flight& flight, const RoundTrip& rtt, bool is_sure) const;

  [[nodiscard]] bool has_seen_reordering() const { return has_seen_reordering_; }

 private:
  // Recoveries for which a wider window holds.
  static constexpr std::uint8_t kPersist = 16;

  [[nodiscard]] bool is_sent_after(const FlightRange& range) const {
    return sent_at_ > range.sent_at || (sent_at_ == range.sent_at && end_.is_behind(range.end));
  }

  Nanoseconds sent_at_{};      // RACK.xmit_ts
  Nanoseconds rtt_{};          // RACK.rtt
  Sequence end_;               // RACK.end_seq
  Sequence highest_;           // RACK.fack
  Sequence delivered_to_;      // what it becomes with this ACK
  Sequence round_end_;         // RACK.dsack_round
  std::uint8_t quarters_ = 1;  // RACK.reo_wnd_mult
  std::uint8_t persist_ = 0;   // RACK.reo_wnd_persist
  bool has_seen_reordering_ = false;
  bool is_in_round_ = false;
};

}  // namespace mote::netstack
