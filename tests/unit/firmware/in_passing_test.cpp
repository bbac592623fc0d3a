// Tests of a device's use in passing: what is left of it afterwards.
#include "firmware/in_passing.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "kernel/memory/arena.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::in_passing {
namespace {

using pci::kHere;

struct Driver {
  bool stops = true;
  [[nodiscard]] bool shut_down() const { return stops; }
};

struct World : pci::PciMachine {
  pci::Device& device = space.add(kHere, 0x0106'0100);
  std::vector<std::byte> bytes = std::vector<std::byte>(8192);
  unsigned uses = 0;

  World() {
    const std::uint64_t start = physical(bytes.data()).value;
    Arena arena(AddressRange{start, start + bytes.size()});
    REQUIRE(dma::set_up(arena, 4096));
    console::written().clear();
    ticks_a_look = 1;
    allowance::begin();
  }
  bool use_driver(bool stops = true) {
    const pci::Function function = found();
    function.enable_bus_master();
    return use<Driver>(function, [&](Driver& driver) {
      driver.stops = stops;
      CHECK_FALSE(dma::allocate(100, 1).empty());
      ++uses;
    });
  }
  bool is_bus_master() {
    return (device.get<std::uint16_t>(pci::kCommand) & pci::kCommandBusMaster) != 0;
  }
};

TEST_CASE("afterwards a device has neither memory nor access to it") {
  World world;
  CHECK(world.use_driver());
  CHECK(world.uses == 1);
  CHECK(dma::mark() == 0);
  CHECK_FALSE(world.is_bus_master());
  CHECK(console::written().empty());
}

TEST_CASE("one that doesn't stop keeps its memory, and loses access to it") {
  World world;
  CHECK_FALSE(world.use_driver(false));
  CHECK(dma::mark() > 100);
  CHECK_FALSE(world.is_bus_master());
}

TEST_CASE("one for which there is no time or no memory is named and isn't touched") {
  World world;
  world.ticks += allowance::kInAll.value;
  CHECK(world.use_driver());
  CHECK(console::written().ends_with(" is passed over: no time is left for it\n"));
  allowance::begin();
  static_cast<void>(dma::allocate(4096, 1));
  CHECK(world.use_driver());
  CHECK(console::written().ends_with(" is passed over: no memory is left for it\n"));
  CHECK(world.uses == 0);
}

}  // namespace
}  // namespace mote::in_passing
