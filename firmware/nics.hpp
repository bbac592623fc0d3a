// The machine's NICs: each found, brought up by the driver that knows it, and turned round.
#pragma once

#include <optional>

#include "firmware/settings.hpp"
#include "kernel/boot_info.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/time/clock.hpp"

namespace mote::nics {

// Looks for NICs on PCI and in the windows that ACPI and the command line name, and attaches what
// there is a driver for. What doesn't work or isn't known is named on the console, and the others
// go on. Once; `settings` must stay. While there is none, `look_around` looks again each second.
void bring_up(const BootInfo& info, MemoryMap memory, const Settings& settings);

// The index of the interface that is meant, if it is there.
[[nodiscard]] std::optional<unsigned> find(const InterfaceChoice& choice);

// One turn of each, in their order. Says whether there was anything to do.
bool turn();

// Takes back what they have sent.
void reclaim();

// Adds what shows that there is something to do in a turn.
void watch(Watch& watch);

// For a doze (see NetDevice): `can_wake` only if all of them can.
[[nodiscard]] bool can_wake();
void arm();
void disarm();

// What is looked at now and then, because a look may cost an exit to the hypervisor.
void look_around(Nanoseconds now);

// Whether one of them has a link and an address.
[[nodiscard]] bool any_usable();

}  // namespace mote::nics
