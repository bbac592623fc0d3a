// Tests of either transport: every call goes to the one that the place has.
#include "drivers/virtio/any_transport.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/kernel/fake_paging.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::virtio {
namespace {

constexpr std::uint64_t kBase = 0xFEB0'2E00;
constexpr MmioWindow kWindow{{kBase}, 0x200, 12};

// A console device of version 2 (virtio 1.2, 4.2.2), with registers that keep what is written.
struct Device : FakeMachine {
  Device() {
    paging::fake() = {};
    interrupts::fake() = {};
    windows = {{kBase, kBase + 0x200}};
    memory = {{kBase + 0x000, 0x7472'6976}, {kBase + 0x004, 2},    {kBase + 0x008, 3},
              {kBase + 0x010, 2},           {kBase + 0x034, 1024}, {kBase + 0x044, 0},
              {kBase + 0x070, 0},           {kBase + 0x0FC, 7},    {kBase + 0x104, 31}};
  }
};

TEST_CASE("a window's device") {
  Device device;
  const AnyLocation location(kWindow);
  CHECK(AnyTransport::is_device(location, 3));
  CHECK_FALSE(AnyTransport::is_device(location, 1));
  AnyTransport transport;
  REQUIRE(transport.open(location).empty());
  CHECK_FALSE(transport.is_legacy());
  CHECK(transport.reset());
  transport.set_status(5);
  CHECK(transport.status() == 5);
  CHECK(transport.offered_features() == (Features{2} << 32 | 2));
  transport.accept_features(2);
  CHECK(transport.queue_entries(4) == MmioTransport::kMostEntries);
  CHECK(transport.set_queue_entries(4, 4) == 4);
  CHECK(transport.enable_queue(4, {}));
  transport.notify(4);
  CHECK(device.writes.back() == FakeMachine::write32(kBase + 0x50, 4));
  CHECK(transport.config8(4) == 31);
  CHECK(transport.config16(4) == 31);
  CHECK(transport.config_generation() == 7);
  CHECK_FALSE(transport.can_interrupt());
  transport.clear_interrupt();
}

TEST_CASE("a function's device") {
  Device device;
  pci::Function function{};
  function.vendor = 0x1AF4;
  function.device_id = 0x1043;
  const AnyLocation location(function);
  CHECK(AnyTransport::is_device(location, 3));
  CHECK_FALSE(AnyTransport::is_device(location, 1));
}

}  // namespace
}  // namespace mote::virtio
