// Choosing how a PCI function raises its interrupt: by MSI-X, MSI, or its pin (PCI Local Bus 3.0,
// 6.8 and 2.2.6).
#pragma once

#include <cstdint>

#include "kernel/interrupts/interrupts.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::pci {

// Makes `function` raise its interrupt by `message`: with MSI-X, that of its table's first entry,
// the others staying masked; with MSI, its only one. Its pin stays quiet. False: it can't. Call
// before the device is in use and after `enable_bus_master`, since a message is a write to memory.
[[nodiscard]] bool use_msi_x(const Function& function, const interrupts::Message& message);
[[nodiscard]] bool use_msi(const Function& function, const interrupts::Message& message);

// Lets the function use its pin, which firmware has wired to a line of the 8259As, as the register
// says (6.2.4). The line is shared, and stays raised until the device has been told. False: there
// is no pin, or interrupts::use_line refuses the line.
[[nodiscard]] bool use_pin(const Function& function);

}  // namespace mote::pci
