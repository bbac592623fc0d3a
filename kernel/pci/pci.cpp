// The list of the machine's PCI functions.
#include "kernel/pci/pci.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "kernel/acpi/acpi.hpp"
#include "kernel/console/console.hpp"
#include "kernel/limits.hpp"
#include "kernel/pci/access.hpp"
#include "kernel/pci/scan.hpp"
#include "kernel/pci/window.hpp"

namespace mote::pci {
namespace {

constinit MachineSpace space{};
constinit std::array<Function, limits::kPciFunctions> found{};
constinit std::size_t found_count = 0;
// Set up when a BAR without a place is first asked for, which never happens on most machines.
constinit std::optional<Window> window{};
constinit MemoryMap memory_map{std::span<const MemoryRange>()};

Function describe(Address address) {
  const std::uint32_t identity = space.read32(address, kVendor);
  const std::uint32_t classes = space.read32(address, kClass);
  Function function;
  function.address = address;
  function.vendor = static_cast<std::uint16_t>(identity);
  function.device_id = static_cast<std::uint16_t>(identity >> 16);
  function.class_code = static_cast<std::uint8_t>(classes >> 24);
  function.subclass = static_cast<std::uint8_t>(classes >> 16);
  function.interface = static_cast<std::uint8_t>(classes >> 8);
  function.revision = static_cast<std::uint8_t>(classes);
  function.header_type = space.read8(address, kHeaderType);
  if ((function.header_type & kHeaderKindMask) == kHeaderDevice) {
    const std::uint32_t subsystem = space.read32(address, kSubsystemVendor);
    function.subsystem_vendor = static_cast<std::uint16_t>(subsystem);
    function.subsystem_id = static_cast<std::uint16_t>(subsystem >> 16);
  }
  return function;
}

bool is_bridge(const Function& function) {
  return (function.header_type & kHeaderKindMask) == kHeaderBridge;
}

// Leaves out the ranges of base addresses on `bus` and behind it, and those that bridges there pass
// on. Nothing is sized, because devices may be in use: what is above a range's beginning is given
// up anyway.
void avoid_taken(Window& window, std::uint8_t bus) {
  for (const Function& function : functions()) {
    if (function.address.bus < bus) {
      continue;
    }
    for (unsigned i = 0; i < bar_count(function.header_type); ++i) {
      window.avoid(read_place(space, function.address, i));
    }
    if (is_bridge(function)) {
      window.avoid(bridge_memory(space, function.address));
    }
  }
}

// Device memory lies between the machine's RAM and its configuration window. QEMU's microvm, the
// only machine seen whose firmware assigns no places, ends the host bridge's window where the
// configuration window begins. So we assign places from there downwards.
Window make_window() {
  constexpr std::uint64_t kInterruptControllers = 0xFEC0'0000;
  if (!memory_map.known()) {
    return {};
  }
  const std::optional<acpi::Ecam> ecam = acpi::ecam();
  const std::uint64_t begin = memory_map.end_below_4_gib();
  const std::uint64_t end =
      ecam && ecam->base < kInterruptControllers ? ecam->base : kInterruptControllers;
  Window window(begin, begin < end ? end : begin);
  avoid_taken(window, 0);
  return window;
}

// The addresses that the bridge to `bus` passes on, minus those in use behind it. SeaBIOS leaves
// 2 MiB free behind a bridge into which something can be plugged.
Window make_window_behind_bridge(std::uint8_t bus) {
  for (const Function& bridge : functions()) {
    if (is_bridge(bridge) && bridge.read8(kSecondaryBus) == bus) {
      const Bar passed = bridge_memory(space, bridge.address);
      Window window(passed.address, passed.address + passed.bytes);
      avoid_taken(window, bus);
      return window;
    }
  }
  return {};
}

// Lists a function that isn't yet. False: there is no room for another one.
bool list(Address address) {
  const bool is_listed =
      std::ranges::find(functions(), address, &Function::address) != functions().end();
  if (!is_listed && found_count < found.size()) {
    found[found_count++] = describe(address);
  }
  return found_count < found.size();
}

void set_command(const Function& function, std::uint16_t bits) {
  function.write16(kCommand, static_cast<std::uint16_t>(function.read16(kCommand) | bits));
}

}  // namespace

std::uint8_t Function::read8(std::uint16_t offset) const { return space.read8(address, offset); }
std::uint16_t Function::read16(std::uint16_t offset) const { return space.read16(address, offset); }
std::uint32_t Function::read32(std::uint16_t offset) const { return space.read32(address, offset); }

void Function::write8(std::uint16_t offset, std::uint8_t value) const {
  space.write8(address, offset, value);
}
void Function::write16(std::uint16_t offset, std::uint16_t value) const {
  space.write16(address, offset, value);
}
void Function::write32(std::uint16_t offset, std::uint32_t value) const {
  space.write32(address, offset, value);
}

Bar Function::bar(unsigned index) const {
  Bar bar = read_bar(space, address, index);
  if (bar.address != 0 || bar.bytes == 0 || bar.is_io) {
    return bar;
  }
  if (address.bus == 0 && !window) {
    window = make_window();
  }
  Window behind = address.bus == 0 ? Window() : make_window_behind_bridge(address.bus);
  Window& room = address.bus == 0 ? *window : behind;
  if (const std::optional<std::uint64_t> place = room.take(bar.bytes)) {
    bar.address = *place;
    place_bar(space, address, index, bar);
  }
  return bar;
}

CapabilityList Function::capabilities() const { return list_capabilities(space, address); }

void Function::enable_bus_master() const {
  constexpr std::uint16_t kPass = kCommandIo | kCommandMemory | kCommandBusMaster;
  set_command(*this, kPass | kCommandNoInterrupt);
  for (const Function& other : functions()) {
    if (is_bridge(other) && other.read8(kSecondaryBus) <= address.bus &&
        address.bus <= other.read8(kSubordinateBus)) {
      set_command(other, kPass);
    }
  }
}

void Function::disable_bus_master() const {
  write16(kCommand, static_cast<std::uint16_t>(read16(kCommand) & ~kCommandBusMaster));
}

void scan(MemoryMap memory) {
  memory_map = memory;
  space.initialize();
  rescan();
}

void rescan() {
  found_count = 0;
  window.reset();
  if (space.way() == MachineSpace::Way::kNone) {
    return;
  }
  Scanner(space, list).scan();
}

std::span<const Function> functions() { return std::span(found).first(found_count); }

std::span<const Function> add(Address device) {
  const std::size_t before = found_count;
  window.reset();
  Scanner(space, list).scan_device({device.bus, device.device, 0});
  return functions().subspan(before);
}

void remove(Address device) {
  const auto is_its = [&](const Function& function) {
    return function.address.bus == device.bus && function.address.device == device.device;
  };
  const auto rest = std::ranges::remove_if(std::span(found).first(found_count), is_its);
  found_count -= rest.size();
}

void print_to(Address address) {
  using console::Hex;
  console::print(Hex{address.bus, 2}, ':', Hex{address.device, 2}, '.', Hex{address.function});
}

}  // namespace mote::pci
