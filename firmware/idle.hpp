// The idle path: what the run loop does between two turns.
#pragma once

#include "kernel/clock.hpp"
#include "kernel/watch.hpp"

namespace mote::idle {

// Waits until one of the words changes or `until` is there, whichever comes first. Reads memory
// only, so that it costs no exit to the hypervisor.
//
// What spins lies in the section .text.idle, from __idle_start to __idle_end (boot/kernel.ld), and
// calls nothing outside: whoever counts instructions can tell waiting from work by the address.
void wait(const Watch& watch, Nanoseconds until);

}  // namespace mote::idle
