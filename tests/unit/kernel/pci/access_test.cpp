// Tests of both ways into configuration space: the ports, and the memory window that ACPI gives.
#include "kernel/pci/access.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::pci {
namespace {

TEST_CASE("by ports: a register is selected by bus, device, function and doubleword") {
  PciMachine pc;
  Device& device = pc.space.add({5, 31, 7});
  device.put<std::uint32_t>(0x3C, 0x4433'2211);
  MachineSpace space;
  space.initialize();
  REQUIRE(space.way() == MachineSpace::Way::kPorts);
  CHECK(space.read32({5, 31, 7}, 0x3C) == 0x4433'2211);
  CHECK(space.read16({5, 31, 7}, 0x3E) == 0x4433);
  CHECK(space.read8({5, 31, 7}, 0x3D) == 0x22);
  CHECK(space.read32({5, 31, 6}, 0x3C) == 0xFFFF'FFFF);
  space.write16({5, 31, 7}, 0x3E, 0xBEEF);
  space.write32({5, 31, 7}, 0x40, 0x0102'0304);
  CHECK(device.get<std::uint32_t>(0x3C) == 0xBEEF'2211);  // its neighbour is not written
  CHECK(device.get<std::uint32_t>(0x40) == 0x0102'0304);
  space.write8({5, 31, 7}, 0x42, 0xFF);
  CHECK(device.get<std::uint32_t>(0x40) == 0x01FF'0304);
  CHECK(pc.writes.empty());
}

TEST_CASE("by ports there are 256 bytes: anything beyond reads as ones, and is not written") {
  PciMachine pc;
  MachineSpace space;
  space.initialize();
  CHECK(space.read32({0, 0, 0}, 0x100) == 0xFFFF'FFFF);
  space.write32({0, 0, 0}, 0x100, 1);
  space.write16({0, 0, 0}, 0x100, 1);
  CHECK(pc.configured.empty());
}

constexpr acpi::Ecam kEcam{.base = 0xB000'0000, .first_bus = 2, .last_bus = 3};

// A machine without ports, or without a bridge behind them; and its memory window.
void give_window(PciMachine& pc) {
  pc.has_ports = false;
  acpi::told().ecam = kEcam;
  pc.windows = {{0xB020'0000, 0xB040'0000}};
}

TEST_CASE("without ports the window is used: 4 KiB for each function of the buses in it") {
  PciMachine pc;
  give_window(pc);
  MachineSpace space;
  space.initialize();
  REQUIRE(space.way() == MachineSpace::Way::kEcam);
  REQUIRE(paging::fake().mapped.size() == 1);
  CHECK(paging::fake().mapped[0].begin == 0xB020'0000);
  CHECK(paging::fake().mapped[0].end == 0xB040'0000);
  // PCI Express 3.0, table 7-1: bus in bits 27:20, device 19:15, function 14:12.
  pc.memory[0xB03F'FFFC] = 0x8765'4321;
  CHECK(space.read32({3, 31, 7}, 0xFFC) == 0x8765'4321);
  CHECK(space.read16({3, 31, 7}, 0xFFE) == 0x8765);
  space.write32({2, 1, 0}, 0x10, 0xABCD);
  space.write16({2, 1, 0}, 0x06, 0x1234);
  CHECK(pc.writes[pc.writes.size() - 2] == FakeMachine::write32(0xB020'8010, 0xABCD));
  CHECK(pc.writes.back() == FakeMachine::write16(0xB020'8006, 0x1234));
  space.write8({2, 1, 0}, 0x68, 0x12);
  CHECK(pc.writes.back() == FakeMachine::write8(0xB020'8068, 0x12));
}

TEST_CASE("nothing outside the window is read or written") {
  PciMachine pc;
  give_window(pc);
  MachineSpace space;
  space.initialize();
  pc.writes.clear();
  for (const Address away : {Address{1, 31, 7}, Address{4, 0, 0}}) {
    CHECK(space.read32(away, 0) == 0xFFFF'FFFF);
    space.write32(away, 0, 1);
    space.write16(away, 0, 1);
    space.write8(away, 0, 1);
  }
  CHECK(space.read32({2, 0, 0}, 4096) == 0xFFFF'FFFF);
  space.write32({2, 0, 0}, 4096, 1);
  CHECK(pc.writes.empty());
}

TEST_CASE("ports that read back what was written to them are believed only where a bridge is") {
  PciMachine pc;
  pc.space.remove({0, 0, 0});
  MachineSpace space;
  space.initialize();
  CHECK(space.way() == MachineSpace::Way::kNone);
  CHECK(space.read32({0, 0, 0}, 0) == 0xFFFF'FFFF);
  space.write32({0, 0, 0}, 0, 1);
  CHECK(pc.configured.empty());
  pc.space.add({0, 31, 0}, 0x0601'0000);  // an ISA bridge, as on a PC whose host bridge hides
  space.initialize();
  CHECK(space.way() == MachineSpace::Way::kPorts);
}

TEST_CASE("a window that can't be mapped is not used") {
  PciMachine pc;
  give_window(pc);
  paging::fake().can_map = false;
  MachineSpace space;
  space.initialize();
  CHECK(space.way() == MachineSpace::Way::kNone);
}

}  // namespace
}  // namespace mote::pci
