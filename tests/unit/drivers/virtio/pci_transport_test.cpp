// Tests of virtio over PCI: finding the structures, hostile capabilities, both layouts, doorbells
// and interrupts. Numbers are from virtio 1.2, 4.1.
#include "drivers/virtio/pci_transport.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::virtio {
namespace {

using pci::kHere;
using Writes = std::vector<FakeMachine::Write>;

constexpr std::uint32_t kRegisters = 0xFE00'0000;  // BAR 4: 16 KiB
constexpr std::uint32_t kPorts = 0xC000;           // BAR 0 of a transitional device
constexpr std::uint32_t kMsiXTable = 0xFEB0'0000;  // BAR 1

// 4.1.4.1: types of structures.
enum Type : std::uint8_t { kCommon = 1, kNotify = 2, kIsr = 3, kConfig = 4 };

// A device with its structures in BAR 4, as QEMU lays them out; doorbells are 4 bytes apart.
struct Pc : pci::PciMachine {
  pci::Device& nic = space.add(kHere);

  explicit Pc(std::uint16_t identifier = 0x1041) {
    interrupts::fake() = {};
    nic.put<std::uint16_t>(pci::kVendor + 2, identifier);
    put_bar(nic, 4, kRegisters, 0x4000);
    windows = {{kRegisters, kRegisters + 0x4000}, {kMsiXTable, kMsiXTable + 0x1000}};
  }
  // 4.1.4: cap_vndr, cap_next, cap_len, cfg_type, bar, …, offset, length, notify_off_multiplier.
  void put_structure(std::uint8_t at, Type type, std::uint8_t bar, std::uint32_t offset,
                     std::uint32_t bytes, std::uint32_t multiplier = 4) {
    put_capability(nic, at, 0x09);
    nic.put<std::uint8_t>(at + 3, type);
    nic.put<std::uint8_t>(at + 4, bar);
    nic.put<std::uint32_t>(at + 8, offset);
    nic.put<std::uint32_t>(at + 12, bytes);
    if (type == kNotify) {
      nic.put<std::uint32_t>(at + 16, multiplier);
    }
  }
  void put_modern() {
    put_structure(0x84, kNotify, 4, 0x3000, 0x1000);
    put_structure(0x70, kConfig, 4, 0x2000, 12);
    put_structure(0x60, kIsr, 4, 0x1000, 4);
    put_structure(0x50, kCommon, 4, 0, 56);
  }
  void put_msi_x() {
    put_bar(nic, 1, kMsiXTable, 0x1000);
    put_capability(nic, 0x40, 0x11);
    nic.put<std::uint16_t>(0x42, 1);
    nic.put<std::uint32_t>(0x44, 1);
  }
  void put_legacy(std::uint32_t bytes = 32) { put_bar(nic, 0, kPorts, bytes, true); }
};

std::string_view open(Pc& pc, PciTransport& transport) { return transport.open(pc.found()); }

TEST_CASE("devices are known by their identifier, transitional ones by their subsystem's") {
  Pc pc;
  CHECK(PciTransport::is_device(pc.found(), 1));
  CHECK_FALSE(PciTransport::is_device(pc.found(), 2));
  pc.nic.put<std::uint16_t>(pci::kVendor + 2, 0x1000);
  pc.nic.put<std::uint32_t>(pci::kSubsystemVendor, 0x0001'1AF4);
  CHECK(PciTransport::is_device(pc.found(), 1));
  pc.nic.put<std::uint32_t>(pci::kSubsystemVendor, 0x0002'1AF4);
  CHECK_FALSE(PciTransport::is_device(pc.found(), 1));
  pc.nic.put<std::uint16_t>(pci::kVendor, 0x8086);
  pc.nic.put<std::uint32_t>(pci::kSubsystemVendor, 0x0001'1AF4);
  CHECK_FALSE(PciTransport::is_device(pc.found(), 1));
}

TEST_CASE("a modern device: status, features and configuration are where 4.1.4.3 says") {
  Pc pc;
  pc.put_modern();
  PciTransport transport;
  REQUIRE(open(pc, transport).empty());
  CHECK_FALSE(transport.is_legacy());
  CHECK((pc.nic.get<std::uint16_t>(pci::kCommand) & 0x0407) == 0x0407);
  CHECK_FALSE(transport.can_interrupt());

  pc.memory[kRegisters + 4] = 0xAAAA'BBBB;  // device_feature, whichever half is selected
  pc.writes.clear();
  CHECK(transport.offered_features() == 0xAAAA'BBBB'AAAA'BBBB);
  transport.accept_features(0x1234'5678'9ABC'DEF0);
  CHECK(pc.writes ==
        Writes{Pc::write32(kRegisters + 0, 0), Pc::write32(kRegisters + 0, 1),
               Pc::write32(kRegisters + 8, 0), Pc::write32(kRegisters + 12, 0x9ABC'DEF0),
               Pc::write32(kRegisters + 8, 1), Pc::write32(kRegisters + 12, 0x1234'5678)});
  pc.writes.clear();
  transport.set_status(0x0F);
  CHECK(pc.writes == Writes{Pc::write8(kRegisters + 20, 0x0F)});
  CHECK(transport.status() == 0x0F);
  pc.memory[kRegisters + 21] = 9;
  CHECK(transport.config_generation() == 9);
  pc.memory[kRegisters + 0x2000 + 5] = 0x56;
  pc.memory[kRegisters + 0x2000 + 8] = 0x8000'0000;
  pc.memory[kRegisters + 0x2000 + 10] = 1500;
  CHECK(transport.config8(5) == 0x56);
  CHECK(transport.config16(10) == 1500);
  CHECK(transport.config8(12) == 0);  // beyond the structure's end
  CHECK(transport.config16(11) == 0);
  CHECK(transport.config32(8) == 0x8000'0000);
  CHECK(transport.config32(9) == 0);
}

TEST_CASE("a modern queue gets its size and its three addresses, then is enabled") {
  Pc pc;
  pc.put_modern();
  PciTransport transport;
  REQUIRE(open(pc, transport).empty());
  pc.memory[kRegisters + 30] = 3;  // queue_notify_off
  pc.writes.clear();
  CHECK(transport.set_queue_entries(1, 256) == 256);
  REQUIRE(transport.enable_queue(
      1, {.descriptors = {0x1'2345'6000}, .available = {0x1'2345'7000}, .used = {0x2'2345'8000}}));
  transport.notify(1);
  CHECK(pc.writes ==
        Writes{Pc::write16(kRegisters + 22, 1), Pc::write16(kRegisters + 24, 256),
               Pc::write16(kRegisters + 22, 1), Pc::write16(kRegisters + 22, 1),
               Pc::write32(kRegisters + 32, 0x2345'6000), Pc::write32(kRegisters + 36, 1),
               Pc::write32(kRegisters + 40, 0x2345'7000), Pc::write32(kRegisters + 44, 1),
               Pc::write32(kRegisters + 48, 0x2345'8000), Pc::write32(kRegisters + 52, 2),
               Pc::write16(kRegisters + 28, 1), Pc::write16(kRegisters + 0x3000 + 3 * 4, 1)});
}

TEST_CASE("a doorbell must be inside the notification structure") {
  struct Case {
    std::uint32_t bytes;
    std::uint32_t multiplier;
    std::uint16_t offset;
    bool good;
  };
  for (const Case& each :
       std::initializer_list<Case>{{0x1000, 4, 0x3FF, true},
                                   {0x1000, 4, 0x400, false},
                                   {2, 0, 0xFFFF, true},  // one doorbell for all queues (4.1.4.4)
                                   {1, 0, 0, false},
                                   {0x1000, 2, 0x7FF, true},
                                   {0x1000, 0xFFFF'FFFF, 0xFFFF, false}}) {
    Pc pc;
    pc.put_structure(0x84, kNotify, 4, 0x3000, each.bytes, each.multiplier);
    pc.put_structure(0x50, kCommon, 4, 0, 56);
    PciTransport transport;
    REQUIRE(open(pc, transport).empty());
    pc.memory[kRegisters + 30] = each.offset;
    CHECK(transport.enable_queue(0, {}) == each.good);
    CHECK((pc.writes.back() == Pc::write16(kRegisters + 28, 1)) == each.good);
  }
}

TEST_CASE("structures outside a BAR, or in none, are skipped") {
  struct Case {
    std::uint8_t bar;
    std::uint32_t offset;
    std::uint32_t bytes;
  };
  for (const Case& broken : std::initializer_list<Case>{{4, 0x4000, 56},
                                                        {4, 0x3FFF, 56},
                                                        {4, 0xFFFF'FFF0, 56},
                                                        {4, 0, 0xFFFF'FFFF},
                                                        {4, 0, 0},
                                                        {3, 0, 56},  // absent
                                                        {5, 0, 56},  // absent too
                                                        {6, 0, 56},  // reserved
                                                        {255, 0, 56}}) {
    Pc pc;
    pc.put_modern();
    pc.put_structure(0xA0, kCommon, broken.bar, broken.offset, broken.bytes);
    pc.put_structure(0xB8, kNotify, broken.bar, broken.offset, broken.bytes);
    PciTransport transport;
    REQUIRE(open(pc, transport).empty());
    pc.writes.clear();
    transport.set_status(1);
    CHECK(pc.writes == Writes{Pc::write8(kRegisters + 20, 1)});
  }
}

TEST_CASE("of two structures of the same type the first is used") {
  Pc pc;
  pc.put_structure(0xA0, kCommon, 4, 0x800, 56);
  pc.put_modern();
  PciTransport transport;
  REQUIRE(open(pc, transport).empty());
  pc.writes.clear();
  transport.set_status(1);
  CHECK(pc.writes == Writes{Pc::write8(kRegisters + 20, 1)});
}

TEST_CASE("without a complete common configuration or doorbells there is no modern device") {
  for (const bool transitional : {false, true}) {
    for (const int missing : {0, 1, 2}) {
      Pc pc(transitional ? 0x1000 : 0x1041);
      pc.put_legacy();
      pc.put_structure(0x50, kCommon, 4, 0, missing == 0 ? 55 : 56);
      if (missing != 1) {
        pc.put_structure(0x84, kNotify, 4, 0x3000, 0x1000);
      }
      paging::fake().can_map = missing != 2;
      PciTransport transport;
      CHECK(open(pc, transport).empty() == transitional);
      CHECK(transport.is_legacy() == transitional);
      CHECK(((pc.nic.get<std::uint16_t>(pci::kCommand) & pci::kCommandBusMaster) != 0) ==
            transitional);
    }
  }
}

TEST_CASE("a legacy device: its registers, queues in pages, the doorbell and the configuration") {
  Pc pc(0x1000);
  pc.put_legacy();
  pc.put_msi_x();
  pc.nic.put<std::uint16_t>(0x42, 0x8001);  // left enabled by firmware
  pc.ports = {{kPorts + 0, 0x1234'5678}, {kPorts + 12, 256}, {kPorts + 20, 0x52}, {kPorts + 26, 1}};
  PciTransport transport;
  REQUIRE(open(pc, transport).empty());
  CHECK(transport.is_legacy());
  CHECK(pc.nic.get<std::uint16_t>(0x42) == 1);
  CHECK(transport.offered_features() == 0x1234'5678);
  pc.writes.clear();
  transport.accept_features(0xFFFF'FFFF'0000'0021);
  transport.set_status(3);
  CHECK(transport.set_queue_entries(1, 16) == 256);  // its size is fixed
  REQUIRE(transport.enable_queue(1, {.descriptors = {0x1234'5000}, .available = {}, .used = {}}));
  transport.notify(1);
  CHECK(pc.writes == Writes{Pc::out32(kPorts + 4, 0x21), Pc::out8(kPorts + 18, 3),
                            Pc::out16(kPorts + 14, 1), Pc::out16(kPorts + 14, 1),
                            Pc::out32(kPorts + 8, 0x1'2345), Pc::out16(kPorts + 16, 1)});
  CHECK(transport.config8(0) == 0x52);
  CHECK(transport.config16(6) == 1);
  CHECK(transport.config8(12) == 0);  // 32 ports, 12 of them for the configuration
  CHECK(transport.config_generation() == 0);
}

TEST_CASE("a legacy device's registers may be in memory, and must exist") {
  Pc pc(0x1000);
  pci::PciMachine::put_bar(pc.nic, 0, kMsiXTable, 0x1000);
  PciTransport transport;
  REQUIRE(open(pc, transport).empty());
  pc.writes.clear();
  transport.set_status(1);
  CHECK(pc.writes == Writes{Pc::write8(kMsiXTable + 18, 1)});
  paging::fake().can_map = false;
  CHECK_FALSE(open(pc, transport).empty());
  pc.put_legacy(16);  // too few for a configuration
  CHECK_FALSE(open(pc, transport).empty());
}

TEST_CASE("interrupts by MSI-X: vector 0 for the configuration and each queue") {
  for (const bool legacy : {false, true}) {
    Pc pc(legacy ? 0x1000 : 0x1041);
    interrupts::fake().message = interrupts::kMessage;
    pc.put_msi_x();
    legacy ? pc.put_legacy(64) : pc.put_modern();
    PciTransport transport;
    REQUIRE(open(pc, transport).empty());
    CHECK(transport.can_interrupt());
    CHECK(pc.writes.size() == 4);  // the table's entry
    pc.writes.clear();
    pc.memory[kRegisters + 30] = 0;
    REQUIRE(transport.enable_queue(0, {}));
    if (legacy) {
      CHECK(pc.writes[1] == Pc::out16(kPorts + 20, 0));
      CHECK(pc.writes[2] == Pc::out16(kPorts + 22, 0));
      pc.ports[kPorts + 24] = 0x52;  // MSI-X moves the configuration
      CHECK(transport.config8(0) == 0x52);
    } else {
      CHECK(pc.writes[1] == Pc::write16(kRegisters + 16, 0));
      CHECK(pc.writes[2] == Pc::write16(kRegisters + 26, 0));
    }
    CHECK(transport.can_interrupt());
    transport.clear_interrupt();  // not needed with a message
  }
}

TEST_CASE("a device without a vector does not interrupt") {
  Pc pc;
  interrupts::fake().message = interrupts::kMessage;
  pc.put_msi_x();
  pc.put_modern();
  PciTransport transport;
  REQUIRE(open(pc, transport).empty());
  pc.memory[kRegisters + 30] = 0;
  pc.on_write = [&pc](std::uint64_t at, unsigned, std::uint64_t value) {
    pc.memory[at] = at == kRegisters + 26 ? 0xFFFF : value;  // 4.1.5.1.2.1: NO_VECTOR
  };
  REQUIRE(transport.enable_queue(0, {}));
  CHECK_FALSE(transport.can_interrupt());
}

TEST_CASE("interrupts by the pin: the status register is read to lower it") {
  for (const bool legacy : {false, true}) {
    Pc pc(legacy ? 0x1000 : 0x1041);
    interrupts::fake().message = interrupts::kMessage;
    interrupts::fake().lines = {10};
    pc.nic.put<std::uint16_t>(0x3C, 0x010A);
    legacy ? pc.put_legacy() : pc.put_modern();
    PciTransport transport;
    REQUIRE(open(pc, transport).empty());
    REQUIRE(transport.can_interrupt());
    int reads = 0;
    pc.on_in = [&](std::uint16_t port, unsigned bytes) -> std::uint32_t {
      CHECK((port == kPorts + 19 && bytes == 1));
      ++reads;
      return 0;
    };
    pc.on_read = [&](std::uint64_t at, unsigned bytes) -> std::uint64_t {
      CHECK((at == kRegisters + 0x1000 && bytes == 1));
      ++reads;
      return 0;
    };
    transport.clear_interrupt();
    CHECK(reads == 1);
  }
}

TEST_CASE("a reset is waited for half a second, not for ever") {
  Pc pc;
  pc.put_modern();
  PciTransport transport;
  REQUIRE(open(pc, transport).empty());
  CHECK(transport.reset());
  pc.on_read = [](std::uint64_t, unsigned) { return 0x0F; };
  pc.ticks_a_look = 1'000'000;
  const std::uint64_t before = pc.ticks;
  CHECK_FALSE(transport.reset());
  CHECK(pc.ticks - before >= 500'000'000);
  CHECK(pc.ticks - before < 510'000'000);
}

TEST_CASE("with capabilities of noise, everything used is inside a BAR") {
  std::mt19937 random(5);
  for (unsigned round = 0; round < 3000; ++round) {
    Pc pc(random() % 2 == 0 ? 0x1000 : 0x1041);
    interrupts::fake().message = interrupts::kMessage;
    pc.put_modern();
    pc.put_msi_x();
    pc.put_legacy(32);
    for (unsigned i = random() % 12; i != 0; --i) {
      const auto at = static_cast<std::uint16_t>(0x40 + random() % 0x80);
      pc.nic.put<std::uint8_t>(at, static_cast<std::uint8_t>(random()));
    }
    PciTransport transport;
    if (!open(pc, transport).empty()) {
      continue;
    }
    // An access outside the machine's windows would go to the test's own memory, and fault.
    transport.set_status(1);
    static_cast<void>(transport.offered_features());
    static_cast<void>(transport.enable_queue(0, {}));
    transport.clear_interrupt();
    for (const std::uint16_t offset : {0, 5, 10}) {
      static_cast<void>(transport.config16(offset));
    }
    for (const AddressRange& mapped : paging::fake().mapped) {
      const bool in_registers = mapped.begin >= kRegisters && mapped.end <= kRegisters + 0x4000;
      const bool in_table = mapped.begin >= kMsiXTable && mapped.end <= kMsiXTable + 0x1000;
      REQUIRE((in_registers || in_table));
    }
  }
}

}  // namespace
}  // namespace mote::virtio
