// The run loop: runs the NICs' turns, and timers and checks when due, and waits between turns.
//
// The machine is a template parameter, so that tests on the host cover the loop's deadlines.
#pragma once

#include <algorithm>
#include <concepts>

#include "firmware/idle.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/loop_counters.hpp"
#include "kernel/time/clock.hpp"

namespace mote {

// The machine that a run loop drives.
template <typename M>
concept RunnableMachine = requires(M machine, Watch& watch, Nanoseconds time) {
  { machine.now() } -> std::same_as<Nanoseconds>;

  // The occasional checks, rare because each may cost an exit to the hypervisor. Returns how long
  // until the next ones.
  { machine.look_around(time) } -> std::same_as<Nanoseconds>;

  // Takes back sent frames, then runs the network stack's timers that are due.
  machine.run_timers();

  // When the next of those timers is due. It may become earlier during a turn, but not between
  // turns.
  { machine.next_timer() } -> std::same_as<Nanoseconds>;

  // Sends what is due now: senders' departures. Cheap, because it is called in every turn. First of
  // all in it, since it tells the senders the turn's time: what lwIP's timers let them send before
  // would count as sent in the last turn.
  machine.run_departures(time);

  // One turn of every NIC. Returns whether there was any work.
  { machine.turn_nics() } -> std::same_as<bool>;

  // Sends log lines as far as the serial port takes them; returns whether some are left.
  { machine.send_log() } -> std::same_as<bool>;

  // Whether an interface can be reached; once it can, `announce` is called, once.
  { machine.is_reachable() } -> std::same_as<bool>;
  machine.announce();

  // Adds the words that change when there is work.
  machine.watch(watch);

  // Waits for that, or until a time (idle::wait).
  { machine.wait(watch, time, time) } -> std::same_as<idle::Woken>;
  { machine.idle_counts() } -> std::same_as<idle::Counts>;
};

template <RunnableMachine Machine>
class RunLoop {
 public:
  static constexpr Nanoseconds kTimerGrain = milliseconds(1);   // lwIP's
  static constexpr Nanoseconds kLogInterval = milliseconds(1);  // a FIFO takes longer to drain

  // Both must outlive the loop.
  RunLoop(Machine& machine, LoopCounters& counters) : machine_(machine), counters_(counters) {}

  // Does what is due, runs one turn, and waits for the next.
  void turn() {
    const Nanoseconds now = machine_.now();
    machine_.run_departures(now);
    do_what_is_due(now);
    const bool busy = machine_.turn_nics();
    ++counters_.turns;
    counters_.busy_turns += busy ? 1 : 0;
    const bool logs = machine_.send_log();
    if (!announced_ && machine_.is_reachable()) {
      announced_ = true;
      machine_.announce();
    }
    last_work_ = busy ? now : last_work_;
    Watch watch;
    machine_.watch(watch);
    if (watch.has_changed()) {
      next_timer_ = std::min(next_timer_, now + kTimerGrain);  // the turn may have set timers
      return;
    }
    wait(watch, now, logs);
  }

 private:
  void do_what_is_due(Nanoseconds now) {
    if (now >= next_look_) {
      next_look_ = now + machine_.look_around(now);
    }
    if (now >= next_timer_) {
      machine_.run_timers();
      next_timer_ = now + kTimerGrain;
    }
  }

  void wait(const Watch& watch, Nanoseconds now, bool logs) {
    next_timer_ = machine_.next_timer();
    const Nanoseconds next_log = logs ? now + kLogInterval : next_look_;
    const Nanoseconds until = std::min({next_timer_, next_look_, next_log});
    if (machine_.wait(watch, until, last_work_) == idle::Woken::kBySomething) {
      next_look_ = {};
    }
    const idle::Counts counts = machine_.idle_counts();
    counters_.dozes = counts.dozes;
    counters_.late_wakes = counts.late;
  }

  Machine& machine_;
  LoopCounters& counters_;
  Nanoseconds next_look_{};
  Nanoseconds next_timer_{};
  Nanoseconds last_work_{};  // when a turn last had something to do
  bool announced_ = false;
};

}  // namespace mote
