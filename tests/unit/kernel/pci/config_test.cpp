// Tests of BARs and capabilities, on a simulated configuration space.
#include "kernel/pci/config.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tests/unit/kernel/pci/fake_space.hpp"

namespace mote::pci {
namespace {

TEST_CASE("BARs of every kind are sized, and left as they were") {
  FakeSpace space;
  Device& device = space.add(kHere);
  device.put<std::uint16_t>(kCommand, kCommandIo | kCommandMemory | kCommandBusMaster);
  device.put<std::uint32_t>(kBar0, 0xC001);  // 32 ports
  device.writable[0] = 0xFFE0;               // upper half fixed to zero, as the standard allows
  device.put<std::uint32_t>(kBar0 + 4, 0xFEBD'1000);
  device.writable[1] = 0xFFFF'F000;
  device.put<std::uint32_t>(kBar0 + 8, 0xE000'000C);  // 64 bits wide, prefetchable
  device.put<std::uint32_t>(kBar0 + 12, 0x7F);
  device.writable[2] = 0xE000'0000;
  device.writable[3] = 0xFFFF'FFFF;
  device.put<std::uint32_t>(kBar0 + 16, 0x0000'0004);  // 64 bits, 8 GiB, no place yet
  device.writable[4] = 0;
  device.writable[5] = 0xFFFF'FFFE;
  const auto before = device.bytes;

  const Bar ports = read_bar(space, kHere, 0);
  CHECK((ports.is_io && ports.address == 0xC000 && ports.bytes == 32));
  const Bar small = read_bar(space, kHere, 1);
  CHECK((!small.is_io && !small.is_64 && small.address == 0xFEBD'1000 && small.bytes == 4096));
  const Bar wide = read_bar(space, kHere, 2);
  CHECK((wide.is_64 && wide.address == 0x7F'E000'0000 && wide.bytes == 512 << 20));
  CHECK(read_bar(space, kHere, 3).bytes == 0);
  const Bar huge = read_bar(space, kHere, 4);
  CHECK((huge.is_64 && huge.address == 0 && huge.bytes == std::uint64_t{8} << 30));
  CHECK_FALSE(huge);
  CHECK(read_bar(space, kHere, 6).bytes == 0);

  CHECK(device.bytes == before);
  CHECK(device.deaf_when_sized);
}

TEST_CASE("absent registers are no BARs") {
  FakeSpace space;
  Device& device = space.add(kHere);
  CHECK(read_bar(space, kHere, 0).bytes == 0);
  // A 64-bit address has no room in the last register.
  device.put<std::uint32_t>(kBar0 + 20, 0xFE00'0004);
  device.writable[5] = 0xFFFF'0000;
  const Bar last = read_bar(space, kHere, 5);
  CHECK((!last.is_64 && last.bytes == 0x1'0000));
  space.add_bridge({0, 4, 0}, 1);
  CHECK(read_bar(space, {0, 4, 0}, 2).bytes == 0);
  CHECK(read_bar(space, {0, 9, 0}, 0).bytes == 0);
}

TEST_CASE("where a BAR begins is read without sizing it") {
  FakeSpace space;
  Device& device = space.add(kHere);
  device.put<std::uint32_t>(kBar0, 0xC001);           // ports
  device.put<std::uint32_t>(kBar0 + 4, 0xFEBD'1000);  // 32 bits
  device.put<std::uint32_t>(kBar0 + 8, 0xE000'000C);  // 64 bits wide
  device.put<std::uint32_t>(kBar0 + 12, 0x7F);
  device.put<std::uint32_t>(kBar0 + 20, 0xFE00'0004);  // 64 bits, but there is no room for them
  CHECK(read_place(space, kHere, 0).bytes == 0);
  CHECK(read_place(space, kHere, 1).address == 0xFEBD'1000);
  CHECK(read_place(space, kHere, 2).address == 0x7F'E000'0000);
  CHECK(read_place(space, kHere, 2).bytes == 1);
  CHECK(read_place(space, kHere, 3).bytes == 0);  // the upper half of another
  CHECK(read_place(space, kHere, 5).address == 0xFE00'0000);
  CHECK(read_place(space, {0, 9, 0}, 1).bytes == 0);
}

TEST_CASE("a BAR gets its place") {
  FakeSpace space;
  Device& device = space.add(kHere);
  device.put<std::uint32_t>(kBar0, 0x0000'000C);
  device.writable[0] = 0xFFFF'C000;
  device.writable[1] = 0xFFFF'FFFF;
  Bar bar = read_bar(space, kHere, 0);
  CHECK((bar.address == 0 && bar.bytes == 0x4000));
  bar.address = 0x1'DFFF'C000;
  place_bar(space, kHere, 0, bar);
  CHECK(read_bar(space, kHere, 0).address == 0x1'DFFF'C000);
  CHECK(device.deaf_when_sized);
}

Device& with_capabilities(FakeSpace& space, std::uint8_t first) {
  Device& device = space.add(kHere);
  device.put<std::uint16_t>(kStatus, kStatusCapabilities);
  device.put<std::uint8_t>(kCapabilities, first);
  return device;
}

TEST_CASE("capabilities are listed in the device's order") {
  FakeSpace space;
  Device& device = with_capabilities(space, 0x98 | 3);  // low bits are reserved
  device.put<std::uint16_t>(0x98, 0x8411);
  device.put<std::uint16_t>(0x84, 0x4009);
  device.put<std::uint16_t>(0x40, 0x0009);
  const CapabilityList list = list_capabilities(space, kHere);
  REQUIRE(list.size() == 3);
  CHECK((list.begin()[0].id == 0x11 && list.begin()[0].offset == 0x98));
  CHECK((list.begin()[1].id == 0x09 && list.begin()[1].offset == 0x84));
  CHECK((list.begin()[2].id == 0x09 && list.begin()[2].offset == 0x40));
}

TEST_CASE("a capability list ends where it runs in a circle or into the header") {
  FakeSpace space;
  Device& device = with_capabilities(space, 0x40);
  device.put<std::uint16_t>(0x40, 0x5009);
  device.put<std::uint16_t>(0x50, 0x4009);
  CHECK(list_capabilities(space, kHere).size() == 2);
  device.put<std::uint16_t>(0x50, 0x1009);
  CHECK(list_capabilities(space, kHere).size() == 2);
  for (std::uint16_t offset = 0x40; offset < 0x100; offset += 4) {
    device.put(offset, static_cast<std::uint16_t>((offset + 4) << 8 | 5));
  }
  CHECK(list_capabilities(space, kHere).size() == CapabilityList::kMax);
  device.put<std::uint16_t>(kStatus, 0);
  CHECK(list_capabilities(space, kHere).size() == 0);
}

}  // namespace
}  // namespace mote::pci
