// Tests of the walk over all PCI buses, on machines sound, circular and made of noise.
#include "kernel/pci/scan.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/unit/kernel/pci/fake_space.hpp"

namespace mote::pci {
namespace {

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

TEST_CASE("the walk ends even if bridges lead in circles") {
  FakeSpace space;
  space.add_bridge({0, 1, 0}, 0);
  space.add_bridge({0, 2, 0}, 1);
  space.add_bridge({1, 0, 0}, 0);
  space.add_bridge({1, 1, 0}, 1);
  CHECK(scan_all(space).size() == 4);
}

TEST_CASE("a device has more functions only if function 0 says so") {
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

TEST_CASE("with a second host bridge every bus is visited") {
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

// Registers of noise: each always has the same value, whatever is written.
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

}  // namespace
}  // namespace mote::pci
