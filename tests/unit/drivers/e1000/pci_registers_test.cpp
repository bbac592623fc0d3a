// Tests of finding an e1000's registers on PCI, and of its interrupts.
#include "drivers/e1000/pci_registers.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::e1000 {
namespace {

using pci::kHere;

constexpr std::uint32_t kWindow = 0xFEB0'0000;

struct Pc : pci::PciMachine {
  pci::Device& nic = space.add(kHere);

  Pc() {
    interrupts::fake() = {};
    nic.put<std::uint32_t>(pci::kVendor, 0x100E'8086);
    put_bar(nic, 0, kWindow, 0x2'0000);
    windows = {{kWindow, kWindow + 0x2'0000}};
  }
};

TEST_CASE("Intel's devices are known by their number, other vendors' are not") {
  Pc pc;
  CHECK(PciRegisters::identifier(pc.found()) == 0x100E);
  pc.nic.put<std::uint16_t>(pci::kVendor, 0x1AF4);
  CHECK(PciRegisters::identifier(pc.found()) == 0);
}

TEST_CASE("registers are in the first base address, 128 KiB of memory") {
  Pc pc;
  PciRegisters registers;
  REQUIRE(registers.open(pc.found()).empty());
  CHECK(paging::fake().mapped.at(0).begin == kWindow);
  CHECK((pc.nic.get<std::uint16_t>(pci::kCommand) & 0x0407) == 0x0407);
  registers.write(Register{0x00D0}, 0xC4);
  CHECK(pc.writes.back() == Pc::write32(kWindow + 0xD0, 0xC4));
  pc.memory[kWindow + 0xC0] = 4;
  CHECK(registers.read(Register{0x00C0}) == 4);
  CHECK_FALSE(registers.can_interrupt());
}

TEST_CASE("a window too small, in ports or out of reach is refused, without bus mastering") {
  Pc pc;
  PciRegisters registers;
  paging::fake().can_map = false;
  CHECK(registers.open(pc.found()).ends_with("can't be mapped"));
  pc.put_bar(pc.nic, 0, kWindow, 0x1'0000);
  CHECK(registers.open(pc.found()).ends_with("have no place in memory"));
  pc.put_bar(pc.nic, 0, 0xC000, 0x2'0000, true);
  CHECK(registers.open(pc.found()).ends_with("have no place in memory"));
  pc.put_bar(pc.nic, 0, 0, 0x2'0000);
  CHECK(registers.open(pc.found()).ends_with("have no place in memory"));
  CHECK((pc.nic.get<std::uint16_t>(pci::kCommand) & pci::kCommandBusMaster) == 0);
}

TEST_CASE("MSI is preferred to the pin, and a polling machine touches neither") {
  Pc pc;
  pc.nic.put<std::uint16_t>(0x3C, 0x010B);
  interrupts::fake().lines = {11};
  PciRegisters registers;
  REQUIRE(registers.open(pc.found()).empty());
  CHECK(interrupts::fake().opened_lines.empty());
  interrupts::fake().message = interrupts::kMessage;
  REQUIRE(registers.open(pc.found()).empty());
  CHECK(registers.can_interrupt());
  CHECK(interrupts::fake().opened_lines.size() == 1);
  pc.put_capability(pc.nic, 0xD0, 0x05);
  REQUIRE(registers.open(pc.found()).empty());
  CHECK(registers.can_interrupt());
  CHECK(interrupts::fake().opened_lines.size() == 1);
  CHECK((pc.nic.get<std::uint16_t>(0xD2) & 1) == 1);
  interrupts::fake().lines.clear();
  pc.nic.put<std::uint16_t>(pci::kStatus, 0);  // no capabilities
  REQUIRE(registers.open(pc.found()).empty());
  CHECK_FALSE(registers.can_interrupt());
}

}  // namespace
}  // namespace mote::e1000
