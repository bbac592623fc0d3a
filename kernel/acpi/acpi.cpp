// Finding ACPI's root pointer, and keeping what the tables say.
#include "kernel/acpi/acpi.hpp"

#include "kernel/acpi/aml.hpp"
#include "kernel/memory/firmware_memory.hpp"

namespace mote::acpi {
namespace {

// Where firmware leaves the root pointer if it has no better way (ACPI 6.5, 5.2.5.1): the BIOS's
// read-only area, and the extended BIOS data area, which ends at 640 KiB. The word that says where
// the latter begins lies in page 0, so we search all the room it may take.
constexpr PhysicalAddress kBiosArea{0xE0000};
constexpr std::size_t kBiosAreaBytes = 0x20000;
constexpr PhysicalAddress kExtendedDataArea{0x80000};
constexpr std::size_t kExtendedDataAreaBytes = 0x20000;

struct Facts {
  std::optional<PhysicalAddress> rsdp;
  std::optional<IoPort> pm_timer;
  std::optional<ResetRegister> reset_register;
  FixedHardware fixed_hardware;
  std::optional<Register> sleep_control;
  CmosClock cmos_clock;
};
[[gnu::section(".bss.sealed")]] constinit Facts facts{};

std::optional<PhysicalAddress> find_rsdp(const BootInfo& info) {
  if (rsdp_bytes(firmware_memory({info.rsdp}, kRsdpBytes)) != 0) {
    return PhysicalAddress{info.rsdp};
  }
  if (const auto found = search_rsdp(firmware_memory, kBiosArea, kBiosAreaBytes)) {
    return found;
  }
  return search_rsdp(firmware_memory, kExtendedDataArea, kExtendedDataAreaBytes);
}

Bytes find(Signature signature, std::size_t skip = 0) {
  return facts.rsdp ? find_table(firmware_memory, *facts.rsdp, signature, skip) : Bytes{};
}

Bytes dsdt() { return read_table(firmware_memory, dsdt_of(find(kFadt))); }

// Calls `sink(table)` for the DSDT and each SSDT, as long as it returns true.
template <typename Sink>
void each_aml_table(Sink sink) {
  std::size_t ssdts = 0;
  Bytes table = dsdt();
  while (!table.empty() && sink(table)) {
    table = find(kSsdt, ssdts++);
  }
}

}  // namespace

void initialize(const BootInfo& info) {
  facts.rsdp = find_rsdp(info);
  const Bytes fadt = find(kFadt);
  facts.pm_timer = pm_timer_of(fadt);
  facts.reset_register = reset_register_of(fadt);
  facts.fixed_hardware = fixed_hardware_of(fadt);
  facts.sleep_control = sleep_control_of(fadt);
  facts.cmos_clock = cmos_clock_of(fadt);
}

std::optional<IoPort> pm_timer() { return facts.pm_timer; }
std::optional<ResetRegister> reset_register() { return facts.reset_register; }
const FixedHardware& fixed_hardware() { return facts.fixed_hardware; }
std::optional<Register> sleep_control() { return facts.sleep_control; }
CmosClock cmos_clock() { return facts.cmos_clock; }

std::optional<Ecam> ecam() {
  const std::optional<Ecam> told = ecam_of(find(kMcfg));
  return told ? told : ecam_by_cba(dsdt());
}

IoApicPlace io_apic(std::uint32_t interrupt) {
  constexpr IoApicPlace kUsual{.address = 0xFEC0'0000, .first_interrupt = 0};  // Intel 82093AA, 3.0
  return io_apic_of(find(kMadt), interrupt).value_or(kUsual);
}

std::size_t device_windows(std::string_view hid, std::span<MmioWindow> windows) {
  std::size_t count = 0;
  each_aml_table([&](Bytes table) {
    each_device_window(table, hid, [&](const MmioWindow& window) {
      if (count < windows.size()) {
        windows[count] = window;
      }
      ++count;
    });
    return true;
  });
  return count;
}

std::optional<SleepTypes> power_off_types() {
  std::optional<SleepTypes> types;
  each_aml_table([&](Bytes table) {
    types = power_off_types_of(table);
    return !types;
  });
  return types;
}

std::optional<PowerEvent> power_event() {
  std::optional<PowerEvent> event;
  each_aml_table([&](Bytes table) {
    event = power_event_of(table);
    return !event;
  });
  return event;
}

std::optional<IoPort> hotplug_port() { return hotplug_port_of(dsdt()); }

std::size_t hotplug_buses(std::span<HotplugBus> buses) {
  std::size_t count = 0;
  HotplugWalk(dsdt()).run([&](const HotplugBus& bus) {
    if (count < buses.size()) {
      buses[count++] = bus;
    }
  });
  return count;
}

}  // namespace mote::acpi
