// How the machine ends: drains the server, says goodbye, and then goes off, resets or halts.
//
// The machine is a template parameter, so that tests on the host run this in virtual time.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/connection/drain.hpp"
#include "kernel/console/console.hpp"
#include "kernel/platform/power.hpp"
#include "kernel/time/clock.hpp"

namespace mote {

enum class PowerAction : std::uint8_t { kOff, kReset, kHalt };

// The machine that is to end.
template <typename M>
concept EndingMachine = requires(M machine, PowerAction action) {
  // The button's requests since the last call.
  { machine.asked() } -> std::same_as<PowerRequest>;

  // Accepts nothing new, and returns what is left. Called again and again.
  { machine.drain() } -> std::same_as<http::Undrained>;

  // Resets the connections that are left.
  machine.cut_off();

  // Whether the last segments have left.
  { machine.has_sent() } -> std::same_as<bool>;

  // Ends the machine. Returns only in a test.
  machine.perform(action);
};

template <EndingMachine Machine>
class Shutdown {
 public:
  static constexpr Nanoseconds kLookInterval = milliseconds(250);  // for the button
  static constexpr Nanoseconds kDrainInterval = milliseconds(10);
  // For the last segments to leave; at least, because one may have to wait for an ARP reply.
  static constexpr Nanoseconds kFarewell = milliseconds(1000);
  static constexpr Nanoseconds kLeastFarewell = milliseconds(50);
  static constexpr Nanoseconds kHalfOpen = milliseconds(100);  // for connections just begun

  // `machine` must outlive this. Responses in delivery get `drain_time` to end.
  Shutdown(Machine& machine, Nanoseconds drain_time) : machine_(machine), drain_time_(drain_time) {}

  // Begins to end the machine at the next look. If it is ending already, changes only what it ends
  // in. `why` is for the console and must live on.
  void request(PowerAction action, std::string_view why) {
    action_ = action;
    if (state_ == State::kRunning) {
      state_ = State::kAsked;
      why_ = why;
    }
  }

  // Looks at the button, and does what is due. Returns how long until the next look.
  [[nodiscard]] Nanoseconds look(Nanoseconds now) {
    heed(machine_.asked());
    if (state_ == State::kAsked) {
      begin(now);
    }
    if (state_ == State::kDraining) {
      drain(now);
    }
    if (state_ == State::kLeaving && (now >= until_ || (now >= least_ && machine_.has_sent()))) {
      state_ = State::kOver;
      machine_.perform(action_);
    }
    return state_ == State::kRunning ? kLookInterval : kDrainInterval;
  }

 private:
  enum class State : std::uint8_t { kRunning, kAsked, kDraining, kLeaving, kOver };

  // A second press ends the wait.
  void heed(PowerRequest asked) {
    if (asked == PowerRequest::kNone) {
      return;
    }
    is_impatient_ = state_ == State::kDraining;
    const bool off = asked == PowerRequest::kOff;
    request(off ? PowerAction::kOff : PowerAction::kReset,
            off ? "button pressed" : "Ctrl+Alt+Del pressed");
  }

  void begin(Nanoseconds now) {
    const std::size_t count = machine_.drain().responses;
    const console::Fact fact;
    console::line("power: ", why_, ", ", count, responses(count), " in delivery");
    state_ = State::kDraining;
    until_ = now + drain_time_;
    least_ = std::min(until_, now + kHalfOpen);
  }

  void drain(Nanoseconds now) {
    const http::Undrained left = machine_.drain();
    const Nanoseconds end = left.connections > 0 ? until_ : least_;
    if (now < end && !is_impatient_) {
      return;
    }
    if (left.responses > 0) {
      console::line("power: ", left.responses, responses(left.responses), " cut off");
    }
    machine_.cut_off();
    state_ = State::kLeaving;
    until_ = now + kFarewell;
    least_ = now + kLeastFarewell;
  }

  static std::string_view responses(std::size_t count) {
    return count == 1 ? " response" : " responses";
  }

  Machine& machine_;
  Nanoseconds drain_time_;
  Nanoseconds until_{};  // the state's end
  Nanoseconds least_{};  // its earliest one
  std::string_view why_;
  PowerAction action_ = PowerAction::kOff;
  State state_ = State::kRunning;
  bool is_impatient_ = false;
};

}  // namespace mote
