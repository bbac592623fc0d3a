// Tests of the memory from which BARs without a place get one.
#include "kernel/pci/window.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tests/unit/kernel/pci/fake_space.hpp"

namespace mote::pci {
namespace {

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

TEST_CASE("a bridge's memory window is read from its registers, or is empty") {
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
