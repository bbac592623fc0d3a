// A bound on BBR's window where it shares a queue that overflows: the window that CUBIC would have.
//
// Beyond the draft, whose flows take several shares beside CUBIC's: there a lost segment costs a
// flow of CUBIC 30 % for many seconds, and one of BBR nothing until it probes again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "netstack/sender/congestion/bbr_constants.hpp"
#include "netstack/sender/congestion/cubic_curve.hpp"

namespace mote::netstack {

class Coexistence {
 public:
  static constexpr std::uint32_t kUnbounded = ~std::uint32_t{0};

  [[nodiscard]] bool is_bounded() const { return window_ != kUnbounded; }
  [[nodiscard]] std::uint32_t window() const { return window_; }

  // A segment was lost to a full queue, once in a round trip at most. `least` is what the path
  // holds without a queue at the rate that it delivers: who is alone there gives up no bandwidth.
  void on_overflow(bbr::Ticks now, std::uint32_t cwnd, std::uint32_t least, std::uint32_t mss) {
    before_ = window_;
    const std::uint32_t before = is_bounded() ? window_ : cwnd;
    curve_.reduce(before);
    const auto share = static_cast<std::uint32_t>(std::uint64_t{before} * cubic::kBeta / 100);
    window_ = std::max(share, std::min(before, least));
    if (window_ < curve_.w_max) {
      curve_.begin(window_, mss);
    } else {
      curve_.begin_at_middle(window_);
    }
    epoch_ = now;
    rounds_ = 0;
  }

  // The loss was spurious.
  void undo() { window_ = std::max(window_, before_); }

  // Once in a round trip: RFC 9438, 4.2 to 4.5, while a queue stands, and faster where there is
  // room; 5.8: no more than twice what is used.
  void on_round(bbr::Ticks now, std::uint32_t rtt, std::uint32_t in_flight, std::uint32_t mss,
                bool is_queue_standing) {
    if (!is_bounded()) {
      return;
    }
    if (now - epoch_ > bbr::kCoexistence) {
      window_ = kUnbounded;
      return;
    }
    ++rounds_;
    const std::uint64_t ahead = ((std::uint64_t{now - epoch_} << 20) + rtt) / 1'000'000;
    const std::uint64_t curve =
        std::min<std::uint64_t>(curve_.at(ahead, mss), std::uint64_t{window_} + window_ / 2);
    const std::uint64_t reno = curve_.at(0, mss) + std::uint64_t{rounds_} * mss *
                                                       cubic::kAlphaDividend / cubic::kAlphaDivisor;
    const std::uint64_t room = is_queue_standing ? 0 : std::uint64_t{window_} + window_ / kRoom;
    const std::uint64_t most =
        std::min(std::max({curve, reno, room}), std::uint64_t{2} * in_flight);
    window_ = static_cast<std::uint32_t>(std::max<std::uint64_t>(window_, most));
  }

 private:
  static constexpr std::uint32_t kRoom = 16;  // one in so many, a round trip

  std::uint32_t window_ = kUnbounded;
  std::uint32_t before_ = 0;  // before the last overflow
  CubicCurve curve_;
  bbr::Ticks epoch_ = 0;  // when it was reduced
  std::uint32_t rounds_ = 0;
};

}  // namespace mote::netstack
