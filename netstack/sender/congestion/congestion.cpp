// The branch on the algorithm.
#include "netstack/sender/congestion/congestion.hpp"

namespace mote::netstack {

namespace {
constinit CongestionControl chosen = CongestionControl::kCubic;
}  // namespace

void choose_congestion_control(CongestionControl algorithm) { chosen = algorithm; }
CongestionControl congestion_control() { return chosen; }

void Congestion::begin(Nanoseconds now, std::uint32_t mss, Nanoseconds rtt,
                       bool has_selective_acks) {
  if (chosen == CongestionControl::kBbr) {
    *this = Congestion{Bbr{}};
    bbr_.begin(now, mss, rtt, has_selective_acks);
  } else {
    *this = Congestion{Cubic{}};
    cubic_.begin(now, mss, rtt);
  }
}

void Congestion::set_mss(std::uint32_t mss) {
  if (algorithm_ == CongestionControl::kBbr) {
    bbr_.set_mss(mss);
  } else {
    cubic_.set_mss(mss);
  }
}

void Congestion::on_send(Nanoseconds now, std::uint32_t in_flight, bool is_app_limited) {
  if (algorithm_ == CongestionControl::kBbr) {
    bbr_.on_send(now, in_flight, is_app_limited);
  } else {
    cubic_.on_send(now, in_flight);
  }
}

void Congestion::on_ack(const AckEvent& event) {
  if (algorithm_ == CongestionControl::kBbr) {
    bbr_.on_ack(event);
  } else {
    cubic_.on_ack(event);
  }
}

void Congestion::on_loss(Nanoseconds now, std::uint32_t in_flight, std::uint32_t lost) {
  if (algorithm_ == CongestionControl::kBbr) {
    bbr_.on_loss(now);
  } else {
    cubic_.on_loss(now, in_flight, lost);
  }
}

// CUBIC's window is at its ssthresh already; it grows again when ACKs say `in_recovery` no more.
void Congestion::on_recovered(Nanoseconds /*now*/) {
  if (algorithm_ == CongestionControl::kBbr) {
    bbr_.on_recovered();
  }
}

// CUBIC answers once for a whole recovery.
void Congestion::on_range_lost(const LostRange& range) {
  if (algorithm_ == CongestionControl::kBbr) {
    bbr_.on_range_lost(range);
  }
}

void Congestion::on_timeout(Nanoseconds now, std::uint32_t in_flight) {
  if (algorithm_ == CongestionControl::kBbr) {
    bbr_.on_timeout(now);
  } else {
    cubic_.on_timeout(now, in_flight);
  }
}

void Congestion::undo(Nanoseconds /*now*/) {
  if (algorithm_ == CongestionControl::kBbr) {
    bbr_.undo();
  } else {
    cubic_.undo();
  }
}

std::uint32_t Congestion::window() const {
  return algorithm_ == CongestionControl::kBbr ? bbr_.window() : cubic_.window();
}

std::uint32_t Congestion::recovery_window() const {
  return algorithm_ == CongestionControl::kBbr ? 0 : cubic_.recovery_window();
}

std::uint64_t Congestion::pacing_rate() const {
  return algorithm_ == CongestionControl::kBbr ? bbr_.pacing_rate() : cubic_.pacing_rate();
}

}  // namespace mote::netstack
