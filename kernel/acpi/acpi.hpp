// What the firmware's ACPI tables say that this machine needs to know.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/acpi/tables.hpp"
#include "kernel/boot_info.hpp"
#include "kernel/memory/mmio_window.hpp"

namespace mote::acpi {

// Finds and reads the tables, once. Without ACPI everything below is nothing.
void initialize(const BootInfo& info);

// The power management timer: a 32-bit port, at least 24 bits counting at 3.579545 MHz.
[[nodiscard]] std::optional<IoPort> pm_timer();

// The 8-bit register that resets the machine, and what to write there. One in PCI configuration
// space is not given here.
[[nodiscard]] std::optional<ResetRegister> reset_register();

// What the tables say of the CMOS clock; without ACPI, that it is there.
[[nodiscard]] CmosClock cmos_clock();

// PCI Express configuration space of segment group 0. Not mapped yet. Searched for in the tables
// at each call.
[[nodiscard]] std::optional<Ecam> ecam();

// The I/O APIC that has interrupt `interrupt`; it may have fewer inputs than that takes. Not mapped
// yet. Where no table tells of any, the one that PCs always had.
[[nodiscard]] IoApicPlace io_apic(std::uint32_t interrupt);

// The memory windows of the devices with hardware identifier `hid` in DSDT and SSDTs, as many as
// `windows` can take; returns how many there are. What the tables say is not yet proven: kernel/
// acpi_aml.hpp says what is understood. Searched for at each call.
[[nodiscard]] std::size_t device_windows(std::string_view hid, std::span<MmioWindow> windows);

}  // namespace mote::acpi
