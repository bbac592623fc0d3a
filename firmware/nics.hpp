// The machine's NICs: finds them, brings up each by its driver, and runs their turns.
#pragma once

#include <optional>

#include "firmware/settings/settings.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/pci/config.hpp"
#include "kernel/time/clock.hpp"

namespace mote::nics {

// Attaches the NICs that a driver supports, of the PCI functions and the MMIO windows found so far.
// A NIC that fails or isn't supported is named on the console; the others go on. Call once;
// `settings` must outlive the NICs. While there is no NIC, `look_around` looks again each second.
void bring_up(const Settings& settings);

// The index of the interface chosen, if it exists.
[[nodiscard]] std::optional<unsigned> find(const InterfaceChoice& choice);

// One turn of each, in order. Returns whether there was any work.
bool turn();

// Takes back sent frames from all of them.
void reclaim();

// Adds the words that change when a turn has work to do.
void watch(Watch& watch);

// For a doze (see NetDevice). `can_wake`: whether all of them can.
[[nodiscard]] bool can_wake();
void arm();
void disarm();

// The occasional checks, rare because each may cost an exit to the hypervisor. Takes in NICs that
// were plugged in, and lets go those that leave. Returns whether any came or went. Calls `let_go`
// for any device that leaves, for other drivers; then its host takes it.
bool look_around(Nanoseconds now, void (*let_go)(pci::Address device));

// Whether at least one has a link and an address.
[[nodiscard]] bool any_usable();

}  // namespace mote::nics
