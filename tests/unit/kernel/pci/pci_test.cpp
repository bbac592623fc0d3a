// Tests of the PCI scan, of BARs and of capabilities, on a configuration space made up here.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <map>
#include <vector>

#include "kernel/pci/config.hpp"
#include "kernel/pci/scan.hpp"
#include "kernel/pci/window.hpp"

namespace mote::pci {
namespace {

constexpr std::uint32_t kBridgeClass = 0x0604'0000;
constexpr std::uint32_t kNetworkClass = 0x0200'0000;

// One function's registers. Bits of base addresses that `writable` leaves out can't be changed.
struct Device {
  std::array<std::uint8_t, 256> bytes{};
  std::array<std::uint32_t, 6> writable{};
  bool deaf_when_sized = true;  // false once a base address was written with decoding on

  template <typename T>
  void put(std::uint16_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof(T));
  }
  template <typename T>
  [[nodiscard]] T get(std::uint16_t offset) const {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
  }
};

// The space: a map of functions, and a count of what was asked of it.
class FakeSpace {
 public:
  Device& add(Address address, std::uint32_t classes = kNetworkClass) {
    Device& device = devices_[address];
    device.put<std::uint32_t>(kVendor, 0x1041'1AF4);
    device.put<std::uint32_t>(kClass, classes);
    return device;
  }
  Device& add_bridge(Address address, std::uint8_t secondary) {
    Device& bridge = add(address, kBridgeClass);
    bridge.put<std::uint8_t>(kHeaderType, kHeaderBridge);
    bridge.put<std::uint8_t>(kSecondaryBus, secondary);
    return bridge;
  }

  std::uint8_t read8(Address a, std::uint16_t offset) { return read<std::uint8_t>(a, offset); }
  std::uint16_t read16(Address a, std::uint16_t offset) { return read<std::uint16_t>(a, offset); }
  std::uint32_t read32(Address a, std::uint16_t offset) { return read<std::uint32_t>(a, offset); }
  void write16(Address a, std::uint16_t offset, std::uint16_t value) {
    devices_.at(a).put(offset, value);
  }
  void write32(Address a, std::uint16_t offset, std::uint32_t value) {
    Device& device = devices_.at(a);
    REQUIRE(offset >= kBar0);
    REQUIRE(offset < kBar0 + 24);
    if ((device.get<std::uint16_t>(kCommand) & (kCommandIo | kCommandMemory)) != 0) {
      device.deaf_when_sized = false;
    }
    const std::uint32_t writable = device.writable[(offset - kBar0) / 4u];
    device.put(offset, (device.get<std::uint32_t>(offset) & ~writable) | (value & writable));
  }

  std::size_t reads = 0;

 private:
  template <typename T>
  T read(Address address, std::uint16_t offset) {
    ++reads;
    const auto device = devices_.find(address);
    return device == devices_.end() ? static_cast<T>(~T{0}) : device->second.get<T>(offset);
  }

  std::map<Address, Device> devices_;
};
static_assert(ConfigSpace<FakeSpace>);

std::vector<Address> scan_all(FakeSpace& space, std::size_t most = 1000) {
  std::vector<Address> found;
  Scanner scanner(space, [&](Address address) {
    found.push_back(address);
    return found.size() < most;
  });
  scanner.scan();
  return found;
}

TEST_CASE("an empty machine has no functions") {
  FakeSpace space;
  CHECK(scan_all(space).empty());
  CHECK(space.reads == 32);
}

TEST_CASE("functions behind bridges behind bridges are found, by the bridges' numbers") {
  FakeSpace space;
  space.add({0, 0, 0}, kHostBridge << 16);
  space.add_bridge({0, 3, 0}, 7);
  space.add_bridge({7, 1, 0}, 9);
  space.add({9, 31, 0});
  const std::vector<Address> wanted = {{0, 0, 0}, {0, 3, 0}, {7, 1, 0}, {9, 31, 0}};
  CHECK(scan_all(space) == wanted);
}

TEST_CASE("a bridge to a lower number is followed") {
  FakeSpace space;
  space.add_bridge({0, 1, 0}, 9);
  space.add_bridge({9, 1, 0}, 4);
  space.add({4, 2, 0});
  const std::vector<Address> wanted = {{0, 1, 0}, {9, 1, 0}, {4, 2, 0}};
  CHECK(scan_all(space) == wanted);
}

TEST_CASE("bridges that lead in circles end the walk all the same") {
  FakeSpace space;
  space.add_bridge({0, 1, 0}, 0);
  space.add_bridge({0, 2, 0}, 1);
  space.add_bridge({1, 0, 0}, 0);
  space.add_bridge({1, 1, 0}, 1);
  CHECK(scan_all(space).size() == 4);
}

TEST_CASE("only a function 0 that says so has sisters") {
  FakeSpace space;
  space.add({0, 4, 0}).put<std::uint8_t>(kHeaderType, kHeaderMultifunction);
  space.add({0, 4, 2});
  space.add({0, 4, 7});
  space.add({0, 5, 0});
  space.add({0, 5, 1});
  space.add({0, 6, 3});
  const std::vector<Address> wanted = {{0, 4, 0}, {0, 4, 2}, {0, 4, 7}, {0, 5, 0}};
  CHECK(scan_all(space) == wanted);
}

TEST_CASE("a second host bridge has every bus looked at") {
  FakeSpace space;
  space.add({0, 0, 0}, kHostBridge << 16);
  space.add({128, 0, 0});
  CHECK(scan_all(space).size() == 1);
  space.add({0, 3, 0}, kHostBridge << 16);
  CHECK(scan_all(space).size() == 3);
}

TEST_CASE("the scan stops when there is no more room") {
  FakeSpace space;
  for (std::uint8_t device = 0; device < 32; ++device) {
    space.add({0, device, 0});
  }
  CHECK(scan_all(space, 5).size() == 5);
}

constexpr Address kHere{0, 3, 0};

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

TEST_CASE("registers that are not there are no BARs") {
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

TEST_CASE("places are taken from the window's top, aligned, until it is used up") {
  Window window(0xC000'0000, 0xE000'0000);
  CHECK(window.take(0x1000) == 0xDFFF'F000);
  CHECK(window.take(0x4000) == 0xDFFF'8000);
  window.avoid({.address = 0xC000'8000, .bytes = 0x1000});
  CHECK(window.take(0x4000) == 0xC000'4000);
  CHECK(window.take(0x4000) == 0xC000'0000);
  CHECK_FALSE(window.take(0x10).has_value());
  CHECK_FALSE(Window().take(1).has_value());
  window = Window(0x1000, 0x9000);
  CHECK_FALSE(window.take(0x10000).has_value());
  CHECK_FALSE(window.take(0).has_value());
  window.avoid({.is_io = true, .address = 0x2000, .bytes = 0x1000});
  window.avoid({.address = 0x9000, .bytes = 0x1000});
  CHECK(window.take(0x1000) == 0x8000);
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

TEST_CASE("capability lists that go round, or into the header, end") {
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

// Registers of noise: the same value each time for the same place, whatever is written.
struct Noise {
  std::uint32_t seed;

  std::uint32_t read32(Address a, std::uint16_t offset) const {
    const std::uint32_t place = a.bus * 65'537U + a.device * 2'053U + a.function * 257U + offset;
    return (place ^ seed) * 2'654'435'761U ^ (place ^ seed) >> 7;
  }
  std::uint16_t read16(Address a, std::uint16_t offset) const {
    return static_cast<std::uint16_t>(read32(a, offset) >> 8);
  }
  std::uint8_t read8(Address a, std::uint16_t offset) const {
    return static_cast<std::uint8_t>(read32(a, offset) >> 16);
  }
  void write16(Address, std::uint16_t, std::uint16_t) const {}
  void write32(Address, std::uint16_t, std::uint32_t) const {}
};
static_assert(ConfigSpace<Noise>);

TEST_CASE("a machine of noise is walked to its end") {
  for (std::uint32_t seed = 1; seed < 20; ++seed) {
    Noise space{seed};
    std::size_t found = 0;
    Scanner scanner(space, [&](Address address) {
      static_cast<void>(list_capabilities(space, address));
      static_cast<void>(read_bar(space, address, address.device % 7U));
      ++found;
      return true;
    });
    scanner.scan();
    CHECK(found <= std::size_t{256} * 32 * 8);
  }
}

TEST_CASE("a bridge tells what memory it passes on, and one that passes on none has none") {
  FakeSpace space;
  Device& bridge = space.add_bridge({0, 2, 0}, 1);
  bridge.put<std::uint16_t>(kMemoryBase, 0xFE80);
  bridge.put<std::uint16_t>(kMemoryLimit, 0xFE90);
  const Bar passed = bridge_memory(space, Address{0, 2, 0});
  CHECK(passed.address == 0xFE80'0000);
  CHECK(passed.bytes == 0x20'0000);
  CHECK_FALSE(passed.is_io);

  Window window(passed.address, passed.address + passed.bytes);
  window.avoid({.address = 0xFE9F'0000, .bytes = 0x1'0000});
  CHECK(window.take(0x2'0000) == 0xFE9C'0000);
  CHECK_FALSE(window.take(0x20'0000).has_value());

  bridge.put<std::uint16_t>(kMemoryLimit, 0xFE70);
  CHECK_FALSE(bridge_memory(space, Address{0, 2, 0}));
  bridge.put<std::uint16_t>(kMemoryBase, 0);
  CHECK_FALSE(bridge_memory(space, Address{0, 2, 0}));
}

}  // namespace
}  // namespace mote::pci
