// What the firmware's ACPI tables say that this machine needs to know.
#pragma once

#include <optional>

#include "kernel/acpi_tables.hpp"
#include "kernel/boot_info.hpp"

namespace mote::acpi {

// Finds and reads the tables, once. Without ACPI everything below is nothing.
void initialize(const BootInfo& info);

// The power management timer: a 32-bit port, at least 24 bits counting at 3.579545 MHz.
[[nodiscard]] std::optional<IoPort> pm_timer();

// The 8-bit register that resets the machine, and what to write there. One in PCI configuration
// space is not given here.
[[nodiscard]] std::optional<ResetRegister> reset_register();

// PCI Express configuration space of segment group 0. Not mapped yet. Searched for in the tables
// at each call.
[[nodiscard]] std::optional<Ecam> ecam();

}  // namespace mote::acpi
