// Tests of MSI-X, MSI and the pin, against the layouts of PCI Local Bus 3.0, 6.8 and 6.2.4.
#include "kernel/pci/interrupts.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::pci {
namespace {

using Writes = std::vector<FakeMachine::Write>;
using Configured = std::vector<PciMachine::Configured>;

constexpr interrupts::Message kMessage{.address = 0x1'FEE0'5000, .data = 0x41};
constexpr std::uint64_t kTable = 0xFEB0'0000;

// A NIC with an MSI-X table of 4 KiB in BAR 2, and whatever else a test gives it.
struct Pc : PciMachine {
  Device& nic = space.add(kHere);

  Pc() {
    interrupts::fake() = {};
    put_bar(nic, 2, kTable, 0x1000);
    windows = {{kTable, kTable + 0x1000}};
  }
  Function found() {
    const Function function = PciMachine::found();
    configured.clear();
    return function;
  }
  void put_msi_x(std::uint32_t table) {
    put_capability(nic, 0x98, 0x11);
    nic.put<std::uint16_t>(0x9A, 3);  // four entries
    nic.put<std::uint32_t>(0x9C, table);
  }
};

TEST_CASE("MSI-X: the first entry is written whole while all are masked") {
  Pc pc;
  pc.put_msi_x(0x800 | 2);
  const Function nic = pc.found();
  REQUIRE(use_msi_x(nic, kMessage));
  CHECK(pc.writes == Writes{FakeMachine::write32(kTable + 0x800, 0xFEE0'5000),
                            FakeMachine::write32(kTable + 0x804, 1),
                            FakeMachine::write32(kTable + 0x808, 0x41),
                            FakeMachine::write32(kTable + 0x80C, 0)});
  Configured controls;
  for (const auto& write : pc.configured) {
    if (write.offset == 0x9A) {
      controls.push_back(write);
    }
  }
  CHECK(controls == Configured{{kHere, 0x9A, 2, 0xC003}, {kHere, 0x9A, 2, 0x8003}});
  CHECK(paging::fake().mapped.at(0).begin == kTable + 0x800);
  CHECK(paging::fake().mapped.at(0).end == kTable + 0x810);
}

TEST_CASE("MSI-X whose table can't be reached stays off") {
  // Past the BAR's end, in its last bytes, in an absent BAR, in a reserved one.
  for (const std::uint32_t table : {0x1000U | 2, 0xFF8U | 2, 0xFFFF'FFF8U | 2, 0U | 3, 0U | 7}) {
    Pc pc;
    pc.put_msi_x(table);
    CHECK_FALSE(use_msi_x(pc.found(), kMessage));
    CHECK(pc.writes.empty());
    CHECK(pc.nic.get<std::uint16_t>(0x9A) == 3);
  }
  Pc pc;
  CHECK_FALSE(use_msi_x(pc.found(), kMessage));  // no capability
  pc.put_msi_x(2);
  PciMachine::put_bar(pc.nic, 2, 0xC000, 0x100, true);
  CHECK_FALSE(use_msi_x(pc.found(), kMessage));  // a BAR of ports
  PciMachine::put_bar(pc.nic, 2, kTable, 0x1000);
  paging::fake().can_map = false;
  CHECK_FALSE(use_msi_x(pc.found(), kMessage));
}

TEST_CASE("MSI with 64 bits and masks: one message, unmasked, enabled last") {
  Pc pc;
  PciMachine::put_capability(pc.nic, 0x50, 0x05);
  pc.nic.put<std::uint16_t>(0x52, 0x01B6);  // masks, 64 bits, 8 messages asked for and granted
  REQUIRE(use_msi(pc.found(), kMessage));
  CHECK(pc.configured == Configured{{kHere, 0x54, 4, 0xFEE0'5000},
                                    {kHere, 0x58, 4, 1},
                                    {kHere, 0x5C, 2, 0x41},
                                    {kHere, 0x60, 4, 0},
                                    {kHere, 0x52, 2, 0x0187}});
}

TEST_CASE("MSI with 32 bits has its data right after the address") {
  Pc pc;
  CHECK_FALSE(use_msi(pc.found(), kMessage));
  PciMachine::put_capability(pc.nic, 0x50, 0x05);
  pc.nic.put<std::uint16_t>(0x52, 0x0100);
  REQUIRE(use_msi(pc.found(), {.address = 0xFEE0'5000, .data = 0x41}));
  CHECK(pc.configured == Configured{{kHere, 0x54, 4, 0xFEE0'5000},
                                    {kHere, 0x58, 2, 0x41},
                                    {kHere, 0x5C, 4, 0},
                                    {kHere, 0x52, 2, 0x0101}});
}

TEST_CASE("a pin is used where firmware has wired it to a line that can be opened") {
  Pc pc;
  pc.nic.put<std::uint16_t>(kCommand, 0x0407);
  pc.nic.put<std::uint8_t>(0x3C, 11);
  interrupts::fake().lines = {11};
  CHECK_FALSE(use_pin(pc.found()));  // it has no pin
  CHECK(interrupts::fake().opened_lines.empty());
  pc.nic.put<std::uint8_t>(0x3D, 1);  // INTA#
  REQUIRE(use_pin(pc.found()));
  CHECK(interrupts::fake().opened_lines == std::vector<std::uint8_t>{11});
  CHECK(pc.nic.get<std::uint16_t>(kCommand) == 0x0007);
  pc.nic.put<std::uint16_t>(kCommand, 0x0407);
  pc.nic.put<std::uint8_t>(0x3C, 0xFF);  // 6.2.4: not connected
  CHECK_FALSE(use_pin(pc.found()));
  CHECK(pc.nic.get<std::uint16_t>(kCommand) == 0x0407);
}

}  // namespace
}  // namespace mote::pci
