// Waits for work: polls, or dozes.
#include "firmware/idle.hpp"

#include <algorithm>
#include <string_view>

#include "firmware/agent_ports.hpp"
#include "firmware/nics.hpp"
#include "kernel/console/console.hpp"
#include "kernel/cpu/barriers.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/interrupts/interrupts.hpp"

namespace mote::idle {
namespace {

// The CPU halts only after this long without work. A doze costs a few exits and the latency of
// waking; a client on the same host that asks, waits and asks again is quicker than this.
constexpr Nanoseconds kQuietSpell = microseconds(500);

// The longest doze with a NIC that can't end it.
constexpr Nanoseconds kShortDoze = milliseconds(1);

constinit bool dozes_at_all = false;
constinit bool short_dozes = false;
constinit unsigned late_in_a_row = 0;
constinit unsigned for_nothing_in_a_row = 0;
constinit Counts counts{};

// Waits until one of the words changes, or the time stamp counter has advanced by `ticks` (or gone
// back, if the machine was moved). Returns whether a word changed.
[[gnu::section(".text.idle"), gnu::noinline]] bool spin(const WatchedWord* first,
                                                        const WatchedWord* last,
                                                        std::uint64_t ticks) {
  const std::uint64_t start = cpu::time_stamp();
  do {
    for (const WatchedWord* word = first; word != last; ++word) {
      if (word->has_changed()) {
        return true;
      }
    }
    cpu::pause();
  } while (cpu::time_stamp() - start < ticks);
  return false;
}

Woken spin_until(const Watch& watch, Nanoseconds now, Nanoseconds until) {
  const auto words = watch.words();
  const bool found = spin(words.data(), words.data() + words.size(), clock::ticks_in(until - now));
  return found ? Woken::kByWork : Woken::kByTime;
}

// Without reliable interrupts a doze must be short.
void give_up(std::string_view why) {
  if (!short_dozes) {
    short_dozes = true;
    console::line("idle: ", why, ", so a doze lasts 1 ms at most");
  }
}

// Learns from a doze's end whether interrupts can be relied on. If they don't arrive, requests wait
// for the timer. If a line never rests, because a device without a driver shares it, it ends each
// doze at once.
void judge(bool by_device, bool work) {
  constexpr unsigned kMostLate = 8;
  constexpr unsigned kMostForNothing = 100;
  const bool late = work && !by_device && nics::can_wake();
  counts.late += late ? 1 : 0;
  late_in_a_row = late ? late_in_a_row + 1 : work ? 0 : late_in_a_row;
  for_nothing_in_a_row = by_device && !work ? for_nothing_in_a_row + 1 : 0;
  if (late_in_a_row == kMostLate) {
    give_up("NICs' interrupts don't arrive");
  } else if (for_nothing_in_a_row == kMostForNothing) {
    interrupts::close_lines();
    give_up("an interrupt line never rests");
  }
}

void disarm() {
  nics::disarm();
  agent_ports::disarm();
}

// A device writes its word, then reads whether we want an interrupt; we write that we do, then read
// the word. With a full fence between our two (and the device's own between its two), at least one
// side sees the other's write: work from before arming is seen here, work from after it raises an
// interrupt. While interrupts are off that one stays pending, and ends the halt at once.
[[nodiscard]] Woken doze_until(const Watch& watch, Nanoseconds until) {
  nics::arm();
  agent_ports::arm();
  full_fence();
  const Nanoseconds now = clock::now();
  if (watch.has_changed() || now >= until) {
    disarm();
    return watch.has_changed() ? Woken::kByWork : Woken::kByTime;
  }
  ++counts.dozes;
  const bool woken = interrupts::doze(clock::ticks_in(until - now));
  const bool work = watch.has_changed();
  const bool by_device = woken || (work && interrupts::device_waits());  // it came with the timer's
  disarm();
  interrupts::acknowledge();
  judge(by_device, work);
  if (work) {
    return Woken::kByWork;
  }
  return by_device ? Woken::kBySomething : Woken::kByTime;
}

}  // namespace

void initialize(IdlePolicy policy) {
  if (policy == IdlePolicy::kDoze) {
    dozes_at_all = interrupts::start();
    const console::Fact fact(dozes_at_all);
    console::line(dozes_at_all ? "idle: dozes" : "idle: no working local APIC, so it polls");
  }
}

Woken wait(const Watch& watch, Nanoseconds until, Nanoseconds last_work) {
  const Nanoseconds now = clock::now();
  if (now >= until) {
    return Woken::kByTime;
  }
  if (!dozes_at_all) {
    return spin_until(watch, now, until);
  }
  const Nanoseconds quiet = last_work + kQuietSpell;
  if (now < quiet) {
    const Woken woken = spin_until(watch, now, std::min(until, quiet));
    if (woken == Woken::kByWork || until <= quiet) {
      return woken;
    }
  }
  const bool whole = !short_dozes && nics::can_wake();
  return doze_until(watch, whole ? until : std::min(until, clock::now() + kShortDoze));
}

const Counts& counted() { return counts; }

}  // namespace mote::idle
