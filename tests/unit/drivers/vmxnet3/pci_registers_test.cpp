// Tests of finding vmxnet3's two windows on PCI, and of its interrupts.
#include "drivers/vmxnet3/pci_registers.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::vmxnet3 {
namespace {

using pci::kHere;

constexpr std::uint32_t kFast = 0xFEB0'0000;    // "PT", base address 0
constexpr std::uint32_t kDevice = 0xFEB0'1000;  // "VD", base address 1

struct Pc : pci::PciMachine {
  pci::Device& nic = space.add(kHere);

  Pc() {
    interrupts::fake() = {};
    nic.put<std::uint32_t>(pci::kVendor, 0x07B0'15AD);
    put_bar(nic, 0, kFast, 0x1000);
    put_bar(nic, 1, kDevice, 0x1000);
    windows = {{kFast, kFast + 0x2000}};
  }
};

TEST_CASE("the device is known by its vendor and its number") {
  Pc pc;
  CHECK(PciRegisters::is_device(pc.found()));
  pc.nic.put<std::uint32_t>(pci::kVendor, 0x0720'15AD);  // vmxnet, its predecessor
  CHECK_FALSE(PciRegisters::is_device(pc.found()));
}

TEST_CASE("doorbells are in the first window, commands in the second") {
  Pc pc;
  PciRegisters registers;
  REQUIRE(registers.open(pc.found()).empty());
  CHECK(paging::fake().mapped.size() == 2);
  CHECK((pc.nic.get<std::uint16_t>(pci::kCommand) & 0x0407) == 0x0407);
  registers.write_fast(0x600, 7);
  CHECK(pc.writes.back() == Pc::write32(kFast + 0x600, 7));
  registers.write_device(0x20, 0xCAFE'0000);
  CHECK(pc.writes.back() == Pc::write32(kDevice + 0x20, 0xCAFE'0000));
  CHECK(registers.read_device(0x20) == 0xCAFE'0000);
  CHECK_FALSE(registers.can_interrupt());
}

TEST_CASE("either window missing, too small, in ports or out of reach is refused") {
  for (const unsigned bar : {0U, 1U}) {
    Pc pc;
    PciRegisters registers;
    pc.put_bar(pc.nic, bar, kFast, 0x800);
    CHECK_FALSE(registers.open(pc.found()).empty());
    pc.put_bar(pc.nic, bar, 0xC000, 0x1000, true);
    CHECK_FALSE(registers.open(pc.found()).empty());
    pc.put_bar(pc.nic, bar, 0, 0x1000);
    CHECK_FALSE(registers.open(pc.found()).empty());
    CHECK((pc.nic.get<std::uint16_t>(pci::kCommand) & pci::kCommandBusMaster) == 0);
  }
  Pc pc;
  PciRegisters registers;
  paging::fake().can_map = false;
  CHECK_FALSE(registers.open(pc.found()).empty());
}

TEST_CASE("a device with messages interrupts; one with only a pin does not") {
  Pc pc;
  interrupts::fake().message = interrupts::kMessage;
  interrupts::fake().lines = {11};
  pc.nic.put<std::uint16_t>(0x3C, 0x010B);
  PciRegisters registers;
  REQUIRE(registers.open(pc.found()).empty());
  CHECK_FALSE(registers.can_interrupt());
  pc.put_capability(pc.nic, 0x84, 0x05);
  REQUIRE(registers.open(pc.found()).empty());
  CHECK(registers.can_interrupt());
}

}  // namespace
}  // namespace mote::vmxnet3
