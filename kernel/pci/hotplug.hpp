// Devices that are plugged in and unplugged while the machine runs. Nothing interrupts: whoever
// wants to know polls.
//
// Two ways are understood. PCI Express has a slot's registers in its port (PCI Express 5.0, 7.5.3
// and 6.7). QEMU has registers of its own for buses that it handles by ACPI (QEMU
// docs/specs/acpi_pci_hotplug): all those of its pc and, unless told otherwise, of its q35.
#pragma once

#include <optional>

#include "kernel/pci/config.hpp"

namespace mote::pci::hotplug {

struct Event {
  Address device;       // its function doesn't matter
  bool leaves = false;  // it has to go, or has gone; otherwise it came
};

// Reads what has happened at each slot. The first call looks for the slots, among the functions
// found by then (kernel/pci/pci.hpp). Costs a few exits for each.
void poll();

// The next event of those that have been read, if there is one. Only a device that isn't listed yet
// can come (pci::add), but any may be asked to leave.
[[nodiscard]] std::optional<Event> take();

// Lets go a device that leaves: the host may take it now. Nothing may access it any more. Removes
// it from the list of functions.
void release(Address device);

}  // namespace mote::pci::hotplug
