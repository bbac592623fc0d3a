// The limit of a turn: a panic that says where the run loop stands still.
//
// The local APIC's timer is set a few seconds ahead, and set anew each second, so it never runs out
// while the loop turns: nothing interrupts it. The host can make it run out, too: by pausing the
// machine, or by letting its counter jump. So the first time is only a warning. The second counts,
// if the loop has made no turn since.
#pragma once

#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote {

class TurnLimit {
 public:
  // How far ahead the timer is set, and how often. A turn that is found at fault has lasted for
  // twice the first less the second, and a look: 5.75 s at least.
  static constexpr Nanoseconds kAhead = milliseconds(3'500);
  static constexpr Nanoseconds kInterval = milliseconds(1'000);

  // The timer has run out, after this many turns. Whether one is at fault.
  constexpr bool has_run_out(std::uint64_t turns) {
    const bool is_over = warned_ && turns == turns_then_;
    warned_ = true;
    turns_then_ = turns;
    return is_over;
  }

  // Whether to set the timer now.
  constexpr bool is_due(Nanoseconds now) {
    if (now < next_) {
      return false;
    }
    next_ = now + kInterval;
    return true;
  }

 private:
  Nanoseconds next_{};
  std::uint64_t turns_then_ = 0;
  bool warned_ = false;
};

namespace turn_limit {

// Begins to watch the loop that counts its turns here. Without a local APIC, says so. Once.
void start(const std::uint64_t& turns);

// Sets the timer anew, if that is due. Once started, call this from the loop.
void look(Nanoseconds now);

}  // namespace turn_limit
}  // namespace mote
