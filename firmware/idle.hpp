// The idle path: what the run loop does between two turns.
#pragma once

#include "firmware/settings.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/time/clock.hpp"

namespace mote::idle {

// What ended a wait.
enum class Woken : std::uint8_t {
  kByWork,  // one of the words has changed
  kByTime,
  kBySomething,  // an interrupt that no word explains: a link may have changed
};

// Gets ready to wait as `policy` says. Once, before the NICs are brought up. Where it can't doze
// the machine polls, and says so on the console.
void initialize(IdlePolicy policy);

// Waits until one of the words changes or `until` is there, whichever comes first.
//
// Polling reads memory only, so that it costs no exit to the hypervisor. What spins lies in the
// section .text.idle, from __idle_start to __idle_end (boot/kernel.ld), and calls nothing outside:
// whoever counts instructions can tell waiting from work by the address.
//
// A machine that dozes polls until nothing has come for kQuietSpell, counted from `last_work`; then
// the NICs are asked for interrupts, and the CPU is halted.
[[nodiscard]] Woken wait(const Watch& watch, Nanoseconds until, Nanoseconds last_work);

struct Counts {
  std::uint64_t dozes = 0;  // how often the CPU was halted
  std::uint64_t late = 0;   // dozes that the timer alone ended, though a NIC had something to do
};
[[nodiscard]] const Counts& counted();

}  // namespace mote::idle
