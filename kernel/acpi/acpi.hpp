// The facts that Mote takes from the firmware's ACPI tables.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/acpi/aml_power.hpp"
#include "kernel/acpi/hotplug.hpp"
#include "kernel/acpi/power_tables.hpp"
#include "kernel/acpi/tables.hpp"
#include "kernel/boot_info.hpp"
#include "kernel/memory/mmio_window.hpp"

namespace mote::acpi {

// Finds and reads the tables. Call once, before the rest. Without ACPI, the functions below return
// nothing unless they say otherwise.
void initialize(const BootInfo& info);

// The power management timer: a 32-bit port, at least 24 bits counting at 3.579545 MHz.
[[nodiscard]] std::optional<IoPort> pm_timer();

// The 8-bit register that resets the machine, and the value to write. A register in PCI
// configuration space isn't supported.
[[nodiscard]] std::optional<ResetRegister> reset_register();

// The power button's and the sleep registers of fixed hardware, and the sleep control register of a
// hardware-reduced machine. At most one of them exists.
[[nodiscard]] const FixedHardware& fixed_hardware();
[[nodiscard]] std::optional<Register> sleep_control();

// The values that switch the machine off when written to them. Each call searches the tables.
[[nodiscard]] std::optional<SleepTypes> power_off_types();

// Where a press of the power button shows on a hardware-reduced machine. Not mapped yet. Each call
// searches the tables.
[[nodiscard]] std::optional<PowerEvent> power_event();

// The CMOS clock according to the tables; without ACPI there is one.
[[nodiscard]] CmosClock cmos_clock();

// PCI Express configuration space of segment group 0. Not mapped yet. Each call searches the
// tables.
[[nodiscard]] std::optional<Ecam> ecam();

// The I/O APIC that has interrupt `interrupt`, though it may have too few inputs for it. Not mapped
// yet. Where no table names one, the address that PCs have always used.
[[nodiscard]] IoApicPlace io_apic(std::uint32_t interrupt);

// Stores the memory windows of the devices with hardware identifier `hid` in DSDT and SSDTs, as
// many as fit in `windows`, and returns how many there are. Windows are as the tables give them,
// unchecked; kernel/acpi/aml.hpp says which AML is understood. Each call searches the tables.
[[nodiscard]] std::size_t device_windows(std::string_view hid, std::span<MmioWindow> windows);

// QEMU's registers for plugging PCI devices, if it handles that by ACPI, and the buses that they
// know: stores as many as fit in `buses`, and returns how many those are. Each call searches the
// DSDT.
[[nodiscard]] std::optional<IoPort> hotplug_port();
[[nodiscard]] std::size_t hotplug_buses(std::span<HotplugBus> buses);

}  // namespace mote::acpi
