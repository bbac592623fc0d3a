// Tests of the list of PCI functions: the scan's result, places for BARs that have none, the
// command register, and the bridges above.
#include "kernel/pci/pci.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <span>

#include "kernel/limits.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::pci {
namespace {

constexpr std::uint64_t kRamEnd = 0x4000'0000;
constexpr std::array kRam = {MemoryRange{0, kRamEnd, MemoryRange::kUsableRam, 0}};
constexpr MemoryMap kMap{std::span(kRam)};

TEST_CASE("a scan keeps each function's identity") {
  PciMachine pc;
  Device& device = pc.space.add(kHere, 0x0200'0103);
  device.put<std::uint32_t>(kSubsystemVendor, 0x0001'1AF4);
  pc.space.add_bridge({0, 4, 0}, 1).put<std::uint32_t>(kSubsystemVendor, 0xFFFF'FFFF);
  scan(kMap);
  REQUIRE(functions().size() == 3);
  const Function nic = functions()[1];
  CHECK((nic.vendor == 0x1AF4 && nic.device_id == 0x1041));
  CHECK((nic.subsystem_vendor == 0x1AF4 && nic.subsystem_id == 1));
  CHECK((nic.class_code == Function::kClassNetwork && nic.subclass == 0));
  CHECK((nic.interface == 1 && nic.revision == 3));
  CHECK(functions()[2].subsystem_id == 0);  // a bridge has another register there
}

TEST_CASE("only as many functions are kept as there is room for, and a rescan begins anew") {
  PciMachine pc;
  for (std::uint8_t device = 1; device < 32; ++device) {
    pc.space.add({0, device, 0}).put<std::uint8_t>(kHeaderType, kHeaderMultifunction);
    for (std::uint8_t function = 1; function < 8; ++function) {
      pc.space.add({0, device, function});
    }
  }
  scan(kMap);
  CHECK(functions().size() == limits::kPciFunctions);
  for (std::uint8_t device = 1; device < 32; ++device) {
    pc.space.remove({0, device, 0});
  }
  rescan();
  CHECK(functions().size() == 1);
}

TEST_CASE("a machine without PCI has no functions") {
  PciMachine pc;
  pc.has_ports = false;
  scan(kMap);
  CHECK(functions().empty());
}

TEST_CASE("BARs without a place get one below the configuration window, each another one") {
  PciMachine pc;
  acpi::told().ecam = acpi::Ecam{.base = 0xE000'0000, .first_bus = 0, .last_bus = 255};
  PciMachine::put_bar(pc.space.add({0, 1, 0}), 0, 0, 0x4000);
  PciMachine::put_bar(pc.space.at({0, 1, 0}), 1, 0, 0x1000);
  PciMachine::put_bar(pc.space.add({0, 2, 0}), 0, 0xDFFF'0000, 0x1'0000);  // in the way
  Device& bridge = pc.space.add_bridge({0, 3, 0}, 1);  // and so is the range that it passes on
  bridge.put<std::uint16_t>(kMemoryBase, 0xDFE0);
  bridge.put<std::uint16_t>(kMemoryLimit, 0xDFE0);
  scan(kMap);
  const Function device = PciMachine::function({0, 1, 0});
  CHECK(device.bar(0).address == 0xDFDF'C000);
  CHECK(device.bar(1).address == 0xDFDF'B000);
  CHECK(device.bar(0).address == 0xDFDF'C000);  // the place is its own now
  CHECK(PciMachine::function({0, 2, 0}).bar(0).address == 0xDFFF'0000);
}

TEST_CASE("without a memory map, or with RAM up to the window, there are no places to give") {
  PciMachine pc;
  PciMachine::put_bar(pc.space.add(kHere), 0, 0, 0x4000);
  scan(MemoryMap(std::span<const MemoryRange>()));
  CHECK_FALSE(PciMachine::function(kHere).bar(0));
  acpi::told().ecam = acpi::Ecam{.base = kRamEnd / 2, .first_bus = 0, .last_bus = 255};
  scan(kMap);
  CHECK_FALSE(PciMachine::function(kHere).bar(0));
}

TEST_CASE("a device behind a bridge gets its place from what that bridge passes on") {
  PciMachine pc;
  Device& bridge = pc.space.add_bridge({0, 2, 0}, 1);
  bridge.put<std::uint16_t>(kMemoryBase, 0xFE80);
  bridge.put<std::uint16_t>(kMemoryLimit, 0xFE90);
  PciMachine::put_bar(pc.space.add({1, 0, 0}), 0, 0, 0x4000);
  PciMachine::put_bar(pc.space.add({1, 1, 0}), 0, 0xFE9F'0000, 0x1'0000);
  PciMachine::put_bar(pc.space.add({2, 0, 0}), 0, 0, 0x4000);  // behind no bridge
  scan(kMap);
  CHECK(PciMachine::function({1, 0, 0}).bar(0).address == 0xFE9E'C000);
  PciMachine::put_bar(pc.space.at({1, 0, 0}), 1, 0, 0x40'0000);
  CHECK_FALSE(PciMachine::function({1, 0, 0}).bar(1));  // larger than the range passed on
}

TEST_CASE("bus mastering is allowed in the function and the bridges above it, and taken back") {
  PciMachine pc;
  pc.space.add_bridge({0, 2, 0}, 1).put<std::uint8_t>(kSubordinateBus, 4);
  pc.space.add_bridge({1, 0, 0}, 3).put<std::uint8_t>(kSubordinateBus, 3);
  pc.space.add_bridge({1, 1, 0}, 2).put<std::uint8_t>(kSubordinateBus, 2);
  pc.space.add({3, 0, 0}).put<std::uint16_t>(kCommand, 0x0100);  // SERR# enable stays
  scan(kMap);
  const Function device = PciMachine::function({3, 0, 0});
  device.enable_bus_master();
  CHECK(pc.space.at({3, 0, 0}).get<std::uint16_t>(kCommand) == 0x0507);
  CHECK(pc.space.at({0, 2, 0}).get<std::uint16_t>(kCommand) == 0x0007);
  CHECK(pc.space.at({1, 0, 0}).get<std::uint16_t>(kCommand) == 0x0007);
  CHECK(pc.space.at({1, 1, 0}).get<std::uint16_t>(kCommand) == 0);
  device.disable_bus_master();
  CHECK(pc.space.at({3, 0, 0}).get<std::uint16_t>(kCommand) == 0x0503);
}

TEST_CASE("an address is printed as lspci does") {
  console::written().clear();
  print_to(Address{0, 31, 7});
  CHECK(console::written() == "00:1f.7");
}

}  // namespace
}  // namespace mote::pci
