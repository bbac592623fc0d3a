// Tests of polling slots: QEMU's registers, PCI Express slots, and what is told of either.
#include "kernel/pci/hotplug.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::pci {
namespace {

constexpr std::uint16_t kRegisters = 0xAE00;
constexpr Address kPort{0, 4, 0};
constexpr std::uint8_t kCapability = 0x40;
constexpr std::uint16_t kControl = kCapability + 0x18;
constexpr std::uint16_t kStatus = kCapability + 0x1A;

// Slots are looked for once, so there is one machine: a bus of QEMU's, and a slot; another slot got
// no bus of its own from the firmware.
struct Pc : PciMachine {
  Pc() {
    acpi::told().hotplug_port = IoPort{kRegisters};
    acpi::told().hotplug_buses = {{.selector = 7, .bridges = {0x5'0000}, .depth = 1},
                                  {.selector = 8, .bridges = {0x9'0000}, .depth = 1}};
    ports[kRegisters] = ports[kRegisters + 4] = 0;
    space.add_bridge({0, 5, 0}, 2);
    space.add({2, 3, 0});
    add_slot(kPort, 1);
    add_slot({0, 6, 0}, 0);
    scan(MemoryMap(std::span<const MemoryRange>()));
  }
  void add_slot(Address address, std::uint8_t bus) {
    Device& port = space.add_bridge(address, bus);
    put_capability(port, kCapability, 0x10);
    port.put<std::uint16_t>(kCapability + 2, 1 << 8 | 0x42);
    port.put<std::uint32_t>(kCapability + 0x14, 1 << 1 | 1 << 6);
    port.put<std::uint16_t>(kControl, 1 << 10 | 3 << 8);
  }
  void set_status(std::uint16_t value) { space.at(kPort).put<std::uint16_t>(kStatus, value); }
  [[nodiscard]] std::uint16_t control() { return space.at(kPort).get<std::uint16_t>(kControl); }
  // The events of a look, as text.
  static std::string look() {
    hotplug::poll();
    std::string all;
    while (const auto event = hotplug::take()) {
      all += std::to_string(event->device.bus) + ":" + std::to_string(event->device.device) +
             (event->leaves ? " leaves, " : " came, ");
    }
    return all;
  }
};

Pc& pc() {
  static Pc machine;
  return machine;
}

TEST_CASE("a bit in QEMU's registers tells what came and what has to go") {
  CHECK(pc().look().empty());
  CHECK(pc().ports[kRegisters + 0x10] == 7);  // the bus was selected; no bridge leads to the other
  pc().ports[kRegisters] = 1 << 9 | 1 << 3;   // the latter is known
  pc().space.add({2, 9, 0});
  CHECK(pc().look() == "2:9 came, ");
  CHECK(add({2, 9, 0}).size() == 1);
  CHECK(add({2, 9, 0}).empty());
  pc().ports[kRegisters] = 0;
  pc().ports[kRegisters + 4] = 1 << 9;
  CHECK(pc().look() == "2:9 leaves, ");
  hotplug::release({2, 9, 0});
  CHECK(pc().ports[kRegisters + 8] == 1 << 9);
  CHECK(functions().size() == 5);
  pc().ports[kRegisters] = pc().ports[kRegisters + 4] = ~0U;  // nothing answers
  CHECK(pc().look().empty());
  pc().ports[kRegisters] = pc().ports[kRegisters + 4] = 0;
}

TEST_CASE("only a device that says so has more than one function") {
  constexpr Address kDevice{2, 9, 0};
  constexpr Address kSecond{2, 9, 1};
  Device& device = pc().space.add(kDevice);
  pc().space.add(kSecond);  // it may answer for each number (PCI 3.0, 3.2.2.3.4)
  CHECK(add(kDevice).size() == 1);
  remove(kDevice);
  device.put<std::uint8_t>(kHeaderType, kHeaderMultifunction);
  CHECK(add(kDevice).size() == 2);
  CHECK(functions().back().address == kSecond);
  remove(kDevice);
  pc().space.remove(kDevice);
  CHECK(add(kDevice).empty());
  pc().space.remove(kSecond);
}

TEST_CASE("a slot is powered up, and its device is told of once it answers") {
  constexpr Address kDevice{1, 0, 0};
  pc().set_status(1 << 0 | 1 << 3 | 1 << 6);
  CHECK(pc().look().empty());
  CHECK(pc().control() == 1 << 8);
  CHECK(pc().space.at(kPort).get<std::uint16_t>(kStatus) == (1 << 0 | 1 << 3));  // written: cleared
  pc().set_status(1 << 4 | 1 << 6);
  CHECK(pc().look().empty());
  pc().space.add(kDevice);
  pc().set_status(1 << 6);
  CHECK(pc().look() == "1:0 came, ");
  CHECK(pc().look() == "1:0 came, ");  // not taken in yet
  CHECK(add(kDevice).size() == 1);
  CHECK(pc().look().empty());
  pc().set_status(1 << 0 | 1 << 6);
  CHECK(pc().look() == "1:0 leaves, ");
  hotplug::release(kDevice);
  CHECK(pc().control() == (1 << 10 | 3 << 8));
  pc().space.remove(kDevice);
  pc().set_status(1 << 3);
  CHECK(pc().look().empty());
  CHECK(pc().control() == (1 << 10 | 3 << 8));
}

TEST_CASE("a device that was pulled out leaves, too") {
  pc().space.add({1, 0, 0});
  CHECK(add({1, 0, 0}).size() == 1);
  pc().set_status(1 << 3);
  CHECK(pc().look() == "1:0 leaves, ");
  pc().space.remove({1, 0, 0});
  hotplug::release({1, 0, 0});
  pc().space.remove(kPort);
  CHECK(pc().look().empty());
}

}  // namespace
}  // namespace mote::pci
