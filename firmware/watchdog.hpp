// The watchdog timer, if the machine has one: resets the machine when the run loop stands still.
//
// Its time is the hypervisor's, which doesn't count while the machine is paused (QEMU: virtual
// time), so stopping and continuing a machine, or saving it, sets nothing off.
#pragma once

#include "kernel/time/clock.hpp"

namespace mote::watchdog {

// Looks for a timer on PCI. Returns whether one says that it ended the last run. Once, after the
// scan.
[[nodiscard]] bool find();

// Starts it, if there is one, and says so. Once, when boot is done and the loop is about to begin.
void start(Nanoseconds now);

// Feeds it, once in limits::kWatchdogFeedMs.
void look(Nanoseconds now);

// Stops it, for a machine that is to stand still from here on.
void stop();

}  // namespace mote::watchdog
