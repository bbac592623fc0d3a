// How a PCI function raises its interrupt: by MSI-X, by MSI, or by its pin (PCI Local Bus 3.0, 6.8
// and 2.2.6).
#pragma once

#include <cstdint>

#include "kernel/interrupts/interrupts.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::pci {

// Has `function` raise its interrupt by `message`: with MSI-X the one of its table's first entry,
// the others staying masked; with MSI its only one. Its pin stays quiet. False: it can't. Not for a
// device in use, and after `enable_bus_master`: a message is a write to memory.
[[nodiscard]] bool use_msi_x(const Function& function, const interrupts::Message& message);
[[nodiscard]] bool use_msi(const Function& function, const interrupts::Message& message);

// Lets the function use its pin, which firmware has wired to one of the 8259As' lines and said so
// (6.2.4). It is shared, and stays raised until the device has been told. False: not so.
[[nodiscard]] bool use_pin(const Function& function);

}  // namespace mote::pci
