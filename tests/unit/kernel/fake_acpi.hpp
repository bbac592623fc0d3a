// ACPI for unit tests: returns what the test sets.
#pragma once

#include <optional>
#include <vector>

#include "kernel/acpi/acpi.hpp"

namespace mote::acpi {

struct Told {
  std::optional<IoPort> pm_timer;
  std::optional<ResetRegister> reset_register;
  FixedHardware fixed_hardware;
  std::optional<Register> sleep_control;
  std::optional<SleepTypes> power_off_types;
  std::optional<PowerEvent> power_event;
  CmosClock cmos_clock;
  std::optional<Ecam> ecam;
  IoApicPlace io_apic{.address = 0xFEC0'0000, .first_interrupt = 0};
  std::vector<MmioWindow> windows;
  std::optional<IoPort> hotplug_port;
  std::vector<HotplugBus> hotplug_buses;
};
Told& told();

}  // namespace mote::acpi
