// Tests of memory, the map, and the end of boot services, on firmware of the test's.
#include "boot/uefi/firmware.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/unit/boot/uefi/fake_firmware.hpp"

namespace mote::uefi {
namespace {

constexpr AddressRange kKernel{0x10'0000, 0x22'8000};

TEST_CASE("the kernel's free memory is kept free, and no other") {
  FakeFirmware fake;
  fake.map = {{memory_type::kConventional, 0, 0, 0, 0xA0, 0},
              {memory_type::kConventional, 0, 0x10'0000, 0, 0x20, 0},
              {memory_type::kBootServicesData, 0, 0x12'0000, 0, 0x100, 0},
              {memory_type::kConventional, 0, 0x22'0000, 0, 0x1000, 0},
              {memory_type::kConventional, 0, 0x200'0000, 0, 0x1000, 0}};
  Firmware firmware(nullptr, fake.system);
  firmware.keep_free(kKernel);
  CHECK(fake.reserved ==
        std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0x10'0000, 0x20}, {0x22'0000, 0x8}});
}

TEST_CASE("allocations lie below 4 GiB and outside of the kernel's memory, or there are none") {
  FakeFirmware fake;
  Firmware firmware(nullptr, fake.system);
  const auto pages = firmware.allocate(5000);
  CHECK(pages.size() == 5000);
  CHECK(address_of(pages.data()) < kMapped);
  firmware.free(pages);
  CHECK(fake.allocated.empty());
  CHECK(firmware.allocate(0).empty());
  CHECK(firmware.allocate(kMapped).empty());
  fake.least_refused = 1 << 20;
  CHECK(firmware.allocate(1 << 20).empty());
  fake.least_refused = ~std::uint64_t{0};
  firmware.keep_free({0, kMapped});
  CHECK(firmware.allocate(4096).empty());
}

TEST_CASE("bytes settle where they are if the kernel can see them there, else in a copy") {
  FakeFirmware fake;
  Firmware firmware(nullptr, fake.system);
  const auto low = firmware.allocate(8192);
  CHECK(firmware.settle(low, 4096).data() == low.data());
  CHECK(firmware.settle(low.subspan(8), 8).data() == low.data() + 8);
  std::memset(low.data(), 0x5A, low.size());
  const auto moved = firmware.settle(low.subspan(8), 4096);  // aligned
  CHECK(address_of(moved.data()) % 4096 == 0);
  CHECK(moved.size() == 8184);
  CHECK(moved.front() == std::byte{0x5A});
  CHECK(moved.back() == std::byte{0x5A});
  const std::vector<std::byte> high(100, std::byte{3});  // the host's heap lies above 4 GiB
  const auto copy = firmware.settle(high, 1);
  CHECK(address_of(copy.data()) < kMapped);
  CHECK(copy.back() == std::byte{3});
  fake.least_refused = 1;
  CHECK(firmware.settle(high, 1).empty());
}

TEST_CASE("the memory map is read although reading makes it longer") {
  FakeFirmware fake;
  fake.map.assign(40, {memory_type::kConventional, 0, 0x40'0000, 0, 1, 0});
  Firmware firmware(nullptr, fake.system);
  const FirmwareMap map = firmware.memory_map();
  CHECK(map.size() == 41);
  CHECK(map[40].start == 0x7000'0000);
}

TEST_CASE("boot services end at the second try, if need be, and not at a third") {
  FakeFirmware fake;
  fake.map = {{memory_type::kConventional, 0, 0x40'0000, 0, 9, 0}};
  Firmware firmware(nullptr, fake.system);
  CHECK(firmware.memory_map().size() == 2);
  SUBCASE("at once") {
    CHECK(firmware.exit());
    CHECK(fake.exits == 1);
    CHECK(firmware.last_map()[0].pages == 9);
  }
  SUBCASE("when an event has changed the map") {
    fake.refused_exits = 1;
    fake.map[0].pages = 10;
    CHECK(firmware.exit());
    CHECK(fake.exits == 2);
    CHECK(firmware.last_map()[0].pages == 10);
  }
  SUBCASE("never") {
    fake.refused_exits = 5;
    CHECK_FALSE(firmware.exit());
    CHECK(fake.exits == 2);
  }
}

TEST_CASE("tables, protocols and handles are found") {
  FakeFirmware fake;
  LoadedImage image{};
  BlockIo disk{};
  fake.install(&image, image);
  fake.install(&disk, disk);
  fake.add_table(ConfigurationTable::kSmbios, 0xF'0000);
  fake.add_table(ConfigurationTable::kAcpi20, 0xE'0000);
  Firmware firmware(nullptr, fake.system);
  CHECK(firmware.table(ConfigurationTable::kAcpi20) == 0xE'0000);
  CHECK(firmware.table(ConfigurationTable::kAcpi10) == 0);
  CHECK(firmware.protocol_of<LoadedImage>(&image) == &image);
  CHECK(firmware.protocol_of<LoadedImage>(&disk) == nullptr);
  CHECK(firmware.protocol_of<LoadedImage>(nullptr) == nullptr);
  CHECK(firmware.protocol<BlockIo>() == &disk);
  CHECK(firmware.protocol<FileSystem>() == nullptr);
  CHECK(firmware.handles<BlockIo>().size() == 1);
  CHECK(firmware.handles<FileSystem>().empty());
  firmware.stop_watchdog();
  CHECK_FALSE(fake.has_watchdog);
}

struct Attributes : MemoryAttributes {
  std::uint64_t now = kNoExecute;
  std::uint64_t bytes_changed = 0;
  static __attribute__((ms_abi)) Status add(MemoryAttributes* self, std::uint64_t /*base*/,
                                            std::uint64_t bytes, std::uint64_t what) {
    static_cast<Attributes*>(self)->now |= what;
    static_cast<Attributes*>(self)->bytes_changed = bytes;
    return Status::kSuccess;
  }
  static __attribute__((ms_abi)) Status take(MemoryAttributes* self, std::uint64_t /*base*/,
                                             std::uint64_t bytes, std::uint64_t what) {
    static_cast<Attributes*>(self)->now &= ~what;
    static_cast<Attributes*>(self)->bytes_changed = bytes;
    return Status::kSuccess;
  }
};

TEST_CASE("code's memory is made executable where the firmware cares") {
  FakeFirmware fake;
  Firmware firmware(nullptr, fake.system);
  const auto pages = firmware.allocate(100);
  firmware.make_executable(pages);  // nobody to ask
  Attributes attributes;
  attributes.set = Attributes::add;
  attributes.clear = Attributes::take;
  fake.install<MemoryAttributes>(&attributes, attributes);
  firmware.make_executable(pages);
  CHECK(attributes.now == MemoryAttributes::kReadOnly);
  CHECK(attributes.bytes_changed == 4096);
}

}  // namespace
}  // namespace mote::uefi
