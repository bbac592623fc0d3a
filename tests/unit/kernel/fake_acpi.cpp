// ACPI for unit tests: returns what the test sets.
#include "tests/unit/kernel/fake_acpi.hpp"

#include <algorithm>

namespace mote::acpi {

Told& told() {
  static Told facts;
  return facts;
}

std::optional<IoPort> pm_timer() { return told().pm_timer; }
std::optional<ResetRegister> reset_register() { return told().reset_register; }
const FixedHardware& fixed_hardware() { return told().fixed_hardware; }
std::optional<Register> sleep_control() { return told().sleep_control; }
std::optional<SleepTypes> power_off_types() { return told().power_off_types; }
std::optional<PowerEvent> power_event() { return told().power_event; }
CmosClock cmos_clock() { return told().cmos_clock; }
std::optional<Ecam> ecam() { return told().ecam; }
IoApicPlace io_apic(std::uint32_t) { return told().io_apic; }

std::size_t device_windows(std::string_view hid, std::span<MmioWindow> windows) {
  if (hid != "LNRO0005") {
    return 0;
  }
  const std::size_t count = std::min(told().windows.size(), windows.size());
  std::copy_n(told().windows.begin(), count, windows.begin());
  return told().windows.size();
}

std::optional<IoPort> hotplug_port() { return told().hotplug_port; }

std::size_t hotplug_buses(std::span<HotplugBus> buses) {
  const std::size_t count = std::min(told().hotplug_buses.size(), buses.size());
  std::copy_n(told().hotplug_buses.begin(), count, buses.begin());
  return count;
}

}  // namespace mote::acpi
