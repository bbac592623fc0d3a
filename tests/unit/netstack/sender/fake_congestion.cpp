// Takes the place of congestion.cpp.
#include "tests/unit/netstack/sender/fake_congestion.hpp"

#include <algorithm>

namespace mote::fake {

Congested congested;

}  // namespace mote::fake

namespace mote::netstack {

using fake::congested;

void Congestion::begin(Nanoseconds, std::uint32_t mss, Nanoseconds, bool) {
  ++congested.begins;
  congested.mss = mss;
}

void Congestion::set_mss(std::uint32_t mss) { congested.mss = mss; }

void Congestion::on_send(Nanoseconds, std::uint32_t, bool) { ++congested.sends; }

void Congestion::on_ack(const AckEvent& event) {
  congested.acks.push_back(event);
  if (congested.window_before != 0) {
    congested.window = std::min(congested.window + event.acknowledged, congested.window_before);
  }
}

void Congestion::on_loss(Nanoseconds, std::uint32_t, std::uint32_t lost) {
  ++congested.losses;
  congested.lost += lost;
}

void Congestion::on_range_lost(const LostRange& range) { congested.ranges.push_back(range); }

void Congestion::on_recovered(Nanoseconds) { ++congested.recoveries; }

void Congestion::on_timeout(Nanoseconds, std::uint32_t) {
  ++congested.timeouts;
  if (congested.shrinks_on_timeout) {
    congested.window_before = std::max(congested.window, congested.window_before);
    congested.window = congested.mss;
  }
}

void Congestion::undo(Nanoseconds) {
  ++congested.undone;
  if (congested.window_before != 0) {
    congested.window = congested.window_before;
  }
}

std::uint32_t Congestion::window() const { return congested.window; }
std::uint32_t Congestion::recovery_window() const { return congested.recovery_window; }
std::uint64_t Congestion::pacing_rate() const { return congested.pacing_rate; }

}  // namespace mote::netstack
