// The idle path: how the run loop waits between two turns.
#pragma once

#include "firmware/settings/settings.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/time/clock.hpp"

namespace mote::idle {

// The reason why a wait ended.
enum class Woken : std::uint8_t {
  kByWork,  // one of the words has changed
  kByTime,
  kBySomething,  // an interrupt that no word explains: a link may have changed
};

// Prepares for waiting as `policy` says. Once, before NICs are brought up. If dozing is impossible,
// the machine polls, and says so on the console.
void initialize(IdlePolicy policy);

// Waits until one of the words changes or the time is `until`, whichever comes first.
//
// Polling only reads memory, so it costs no exit to the hypervisor. The spinning code lies in the
// section .text.idle, from __idle_start to __idle_end (boot/kernel.ld), and calls nothing outside:
// a count of instructions can tell waiting from work by the address.
//
// A machine that dozes first polls until kQuietSpell has passed since `last_work`; then it asks the
// NICs for interrupts and halts the CPU.
[[nodiscard]] Woken wait(const Watch& watch, Nanoseconds until, Nanoseconds last_work);

struct Counts {
  std::uint64_t dozes = 0;  // times that the CPU was halted
  std::uint64_t late = 0;   // dozes that only the timer ended, though a NIC had work
};
[[nodiscard]] const Counts& counted();

}  // namespace mote::idle
