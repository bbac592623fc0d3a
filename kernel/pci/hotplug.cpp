// Polling the slots, and letting devices go.
#include "kernel/pci/hotplug.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "kernel/acpi/acpi.hpp"
#include "kernel/cpu/port_io.hpp"
#include "kernel/limits.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::pci::hotplug {
namespace {

// QEMU's registers, all of 32 bits, for the bus that was selected. A bit for each device number.
namespace acpi_register {
constexpr std::uint16_t kUp = 0x00;    // devices that came; zero after it was read
constexpr std::uint16_t kDown = 0x04;  // devices that have to go, until ejected
constexpr std::uint16_t kEject = 0x08;
constexpr std::uint16_t kSelect = 0x10;
constexpr std::uint16_t kBytes = 0x14;
}  // namespace acpi_register

// The PCI Express capability (7.5.3), by offset.
namespace express {
constexpr std::uint8_t kId = 0x10;
constexpr std::uint16_t kFlags = 0x02;
constexpr std::uint16_t kHasSlot = 1 << 8;
constexpr std::uint16_t kSlotCapabilities = 0x14;
constexpr std::uint32_t kPowerController = 1 << 1;
constexpr std::uint32_t kHotPlug = 1 << 6;
constexpr std::uint16_t kSlotControl = 0x18;
constexpr std::uint16_t kPowerIndicator = 3 << 8;
constexpr std::uint16_t kIndicatorOn = 1 << 8;
constexpr std::uint16_t kIndicatorOff = 3 << 8;
constexpr std::uint16_t kPowerOff = 1 << 10;
constexpr std::uint16_t kSlotStatus = 0x1A;
constexpr std::uint16_t kButton = 1 << 0;
constexpr std::uint16_t kPresenceChanged = 1 << 3;
constexpr std::uint16_t kPresent = 1 << 6;
// Those that stay until they are written: besides these two, faults, the latch, completed commands
// and the link.
constexpr std::uint16_t kEvents = kButton | kPresenceChanged | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8;
}  // namespace express

// A bus with a slot, or several.
struct Bus {
  std::uint8_t number = 0;
  bool is_express = false;
  std::uint32_t selector = 0;  // of QEMU's registers
  Address port{};              // PCI Express: that of the slot, and where its capability lies
  std::uint16_t capability = 0;
  bool is_new = true;         // not polled yet
  std::uint32_t arrived = 0;  // a bit for each device number
  std::uint32_t leaving = 0;
};

constinit std::array<Bus, limits::kHotplugBuses> buses{};
constinit std::size_t bus_count = 0;
constinit std::optional<IoPort> registers{};
constinit bool is_searched = false;

std::span<Bus> all() { return std::span(buses).first(bus_count); }

Function at(Address address) {
  Function function;
  function.address = address;
  return function;
}

bool is_known(Address device) {
  return std::ranges::any_of(functions(), [&](const Function& function) {
    return function.address.bus == device.bus && function.address.device == device.device;
  });
}

void add_bus(const Bus& bus) {
  const bool is_listed = std::ranges::find(all(), bus.number, &Bus::number) != all().end();
  if (!is_listed && bus_count < buses.size()) {
    buses[bus_count++] = bus;
  }
}

// The number of the bus behind bridges; firmware gives each its own, and 0 means that it gave none.
std::optional<std::uint8_t> follow(const acpi::HotplugBus& way) {
  std::uint8_t bus = 0;
  for (const std::uint32_t bridge : std::span(way.bridges).first(way.depth)) {
    const Address address{bus, static_cast<std::uint8_t>(bridge >> 16 & 31),
                          static_cast<std::uint8_t>(bridge & 7)};
    const auto found = std::ranges::find(functions(), address, &Function::address);
    if (found == functions().end() || (found->header_type & kHeaderKindMask) != kHeaderBridge) {
      return std::nullopt;
    }
    bus = found->read8(kSecondaryBus);
    if (bus == 0) {
      return std::nullopt;
    }
  }
  return bus;
}

void find_acpi_buses() {
  registers = acpi::hotplug_port();
  if (!registers || registers->value > 0xFFFF - acpi_register::kBytes) {
    registers.reset();
    return;
  }
  std::array<acpi::HotplugBus, limits::kHotplugBuses> ways;
  for (const acpi::HotplugBus& way : std::span(ways).first(acpi::hotplug_buses(ways))) {
    if (const auto number = follow(way)) {
      add_bus({.number = *number, .selector = way.selector});
    }
  }
}

void find_express_slots() {
  for (const Function& port : functions()) {
    const bool is_bridge = (port.header_type & kHeaderKindMask) == kHeaderBridge;
    const std::uint8_t bus = is_bridge ? port.read8(kSecondaryBus) : std::uint8_t{0};
    if (bus <= port.address.bus) {  // or firmware gave it none
      continue;
    }
    for (const Capability capability : port.capabilities()) {
      const std::uint16_t place = capability.offset;
      const auto has = [&](std::uint16_t offset, std::uint32_t bits) {
        return (port.read32(static_cast<std::uint16_t>((place + offset) & ~3)) & bits) != 0;
      };
      if (capability.id == express::kId && place <= 0x100 - express::kSlotStatus - 2 &&
          has(express::kFlags, std::uint32_t{express::kHasSlot} << 16) &&
          has(express::kSlotCapabilities, express::kHotPlug)) {
        add_bus({.number = bus, .is_express = true, .port = port.address, .capability = place});
      }
    }
  }
}

// ACPI's come first: QEMU may tell of a slot in both ways, and then means this one.
void find_slots() {
  is_searched = true;
  find_acpi_buses();
  find_express_slots();
}

std::uint16_t offset(const Bus& bus, std::uint16_t field) {
  return static_cast<std::uint16_t>(bus.capability + field);
}

void set_power(const Bus& bus, bool on) {
  const Function port = at(bus.port);
  const std::uint16_t where = offset(bus, express::kSlotControl);
  const auto kept = static_cast<std::uint16_t>(port.read16(where) &
                                               ~(express::kPowerOff | express::kPowerIndicator));
  port.write16(
      where, static_cast<std::uint16_t>(kept | (on ? express::kIndicatorOn
                                                   : express::kIndicatorOff | express::kPowerOff)));
}

// 6.7.1.5: the button is pressed to have a device in an empty slot powered up, and another one
// powered down. The five seconds in which a second press may call it off are for people: a
// hypervisor doesn't need them.
void poll_express(Bus& bus) {
  const Function port = at(bus.port);
  const std::uint32_t both = port.read32(offset(bus, express::kSlotControl));
  if (both == ~std::uint32_t{0}) {
    return;  // the port itself is gone
  }
  const auto status = static_cast<std::uint16_t>(both >> 16);
  if ((status & express::kEvents) != 0) {
    port.write16(offset(bus, express::kSlotStatus), status & express::kEvents);
  }
  const Address device{bus.number, 0, 0};
  const bool is_present = (status & express::kPresent) != 0;
  const bool is_asked = (status & (express::kButton | express::kPresenceChanged)) != 0;
  if (is_known(device)) {
    bus.leaving = !is_present || (status & express::kButton) != 0 ? 1 : bus.leaving;
  } else if (is_present && (is_asked || bus.is_new) && (both & express::kPowerOff) != 0 &&
             (port.read32(offset(bus, express::kSlotCapabilities)) & express::kPowerController) !=
                 0) {
    set_power(bus, true);  // the next look finds the device
  } else if (is_present && at(device).read16(kVendor) != kNoVendor) {
    bus.arrived = 1;
  }
  bus.is_new = false;
}

void poll_acpi(Bus& bus) {
  port::out32(*registers + acpi_register::kSelect, bus.selector);
  const auto bits = [](std::uint16_t which) {
    const std::uint32_t value = port::in32(*registers + which);
    return value == ~std::uint32_t{0} ? 0 : value;  // nothing answers
  };
  bus.arrived |= bits(acpi_register::kUp);
  bus.leaving |= bits(acpi_register::kDown);
}

std::optional<Address> take_first(const Bus& bus, std::uint32_t& bits) {
  if (bits == 0) {
    return std::nullopt;
  }
  const auto device = static_cast<std::uint8_t>(std::countr_zero(bits));
  bits &= bits - 1;
  return Address{bus.number, device, 0};
}

}  // namespace

void poll() {
  if (!is_searched) {
    find_slots();
  }
  for (Bus& bus : all()) {
    if (bus.is_express) {
      poll_express(bus);
    } else {
      poll_acpi(bus);
    }
  }
}

std::optional<Event> take() {
  for (Bus& bus : all()) {
    if (const auto device = take_first(bus, bus.leaving)) {
      return Event{.device = *device, .leaves = true};
    }
    while (const auto device = take_first(bus, bus.arrived)) {
      if (!is_known(*device)) {
        return Event{.device = *device};
      }
    }
  }
  return std::nullopt;
}

void release(Address device) {
  remove(device);
  const auto bus = std::ranges::find(all(), device.bus, &Bus::number);
  if (bus == all().end()) {
    return;
  }
  if (bus->is_express) {
    set_power(*bus, false);
  } else {
    port::out32(*registers + acpi_register::kSelect, bus->selector);
    port::out32(*registers + acpi_register::kEject, std::uint32_t{1} << device.device);
  }
}

}  // namespace mote::pci::hotplug
