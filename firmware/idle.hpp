// The idle path: what the run loop does between two turns.
#pragma once

#include "kernel/clock.hpp"

namespace mote::idle {

// Waits until a NIC has something to do or `until` is there, whichever comes first. Watches memory
// only, so that it costs no exit to the hypervisor.
//
// What spins lies in the section .text.idle, from __idle_start to __idle_end (boot/kernel.ld), and
// calls nothing outside: whoever counts instructions can tell waiting from work by the address.
void wait(Nanoseconds until);

}  // namespace mote::idle
