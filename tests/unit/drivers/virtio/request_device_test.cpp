// Tests of devices that take requests: bring-up, its failures, and the end.
#include "drivers/virtio/request_device.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/drivers/virtio/request_world.hpp"
#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/kernel/pci/pci_machine.hpp"

namespace mote::virtio {
namespace {

using FakeRequests = RequestDevice<RequestTransport>;

constexpr RequestNeeds kNeeds = {
    .model = "virtio-x", .features = 6, .queue = 2, .memory_bytes = 100};

TEST_CASE("bring-up goes by the order of 3.1.1") {
  RequestWorld world;
  world.device.offered |= 0xF | feature::kEventIndex;
  FakeRequests requests;
  REQUIRE(requests.bring_up(world.place(), kNeeds));
  CHECK(world.device.resets == 1);
  CHECK(world.device.statuses == std::vector<std::uint8_t>{1, 3, 11, 15});
  CHECK(world.device.accepted == (feature::kVersion1 | 6));
  CHECK(requests.has(4));
  CHECK_FALSE(requests.has(8));
  CHECK(world.device.entries == std::array<std::uint16_t, 3>{256, 256, 4});
  CHECK_FALSE(world.device.queues[0].attached());
  CHECK(world.device.queues[2].attached());
  CHECK(world.device.queues[2].available_flags() == 1);  // no interrupts
  CHECK(requests.queue().memory().size() == 100);
  CHECK(requests.queue().is_usable());
  CHECK(requests.shut_down());
  CHECK(world.device.resets == 2);
}

TEST_CASE("each step that fails says so, and the device can be shut down") {
  struct Case {
    std::string_view error;
    void (*spoil)(RequestFake&);
  };
  for (const Case& one : std::initializer_list<Case>{
           {"device refused features", [](RequestFake& fake) { fake.refuses_features = true; }},
           {"modern device without VIRTIO_F_VERSION_1",
            [](RequestFake& fake) { fake.offered = 6; }},
           {"queue 2 is missing", [](RequestFake& fake) { fake.entries[2] = 0; }},
           {"queue 2 of 1 entries is smaller than 4",
            [](RequestFake& fake) { fake.entries[2] = 1; }},
           {"queue 2 of 2 entries is smaller than 4",
            [](RequestFake& fake) { fake.entries[2] = 2; }},
           {"queue 2 of 2048 entries is larger than 1024",
            [](RequestFake& fake) {
              fake.legacy = true;
              fake.entries[2] = 2048;
            }},
           {"queue 2 of 6 entries is not a power of two",
            [](RequestFake& fake) {
              fake.legacy = true;
              fake.entries[2] = 6;
            }},
           {"the doorbell of queue 2 is out of reach",
            [](RequestFake& fake) { fake.refuses_queue = true; }}}) {
    RequestWorld world;
    one.spoil(world.device);
    FakeRequests requests;
    CHECK_FALSE(requests.bring_up(world.place(), kNeeds));
    CHECK(requests.queue().error() == "virtio-x: " + std::string(one.error));
    CHECK_FALSE(requests.queue().is_usable());
    CHECK_FALSE(requests.queue().request({}, {}));
    CHECK((world.device.status & status::kFailed) != 0);
    CHECK(requests.shut_down());
    CHECK(world.device.status == 0);
  }
}

TEST_CASE("a device whose reset doesn't end may still use memory") {
  RequestWorld world;
  world.device.ends_reset = false;
  FakeRequests requests;
  CHECK_FALSE(requests.bring_up(world.place(), kNeeds));
  CHECK(requests.queue().error() == "virtio-x: the device does not end its reset");
  CHECK_FALSE(requests.shut_down());

  RequestWorld later;
  REQUIRE(requests.bring_up(later.place(), kNeeds));
  later.device.ends_reset = false;
  CHECK_FALSE(requests.shut_down());
}

TEST_CASE("a device that can't be reached was given nothing") {
  RequestWorld world;
  world.device.opens = false;
  FakeRequests requests;
  CHECK_FALSE(requests.bring_up(world.place(), kNeeds));
  CHECK(requests.queue().error() == "virtio-x: none of the device's registers can be reached");
  CHECK(requests.shut_down());
  CHECK(world.device.resets == 0);
}

TEST_CASE("a number of two words is read again when the configuration changes") {
  RequestWorld world;
  FakeRequests requests;
  REQUIRE(requests.bring_up(world.place(), kNeeds));
  world.device.put_config(8, 0x1234'5678'9ABC'DEF0);
  world.device.generation_steps = 7;
  CHECK(requests.config64(8) == 0x1234'5678'9ABC'DEF0);
  CHECK(world.device.generation_steps == 0);
  world.device.generation_steps = 255;  // a device that always changes is believed in the end
  CHECK(requests.config64(8) == 0x1234'5678'9ABC'DEF0);
  CHECK(world.device.generation_steps == 255 - 32);
  CHECK(requests.config32(12) == 0x1234'5678);
}

// The same over real registers, as far as a device without a will of its own goes.
TEST_CASE("on PCI, the end of a device is a reset and no bus mastering") {
  constexpr std::uint32_t kPorts = 0xC000;
  for (const bool ends : {true, false}) {
    interrupts::fake() = {};
    pci::PciMachine machine;
    pci::Device& device = machine.space.add(pci::kHere);
    device.put<std::uint16_t>(pci::kVendor + 2, 0x1001);
    pci::PciMachine::put_bar(device, 0, kPorts, 64, true);
    machine.ticks_a_look = 1'000'000;
    RequestDevice<AnyTransport> requests;
    const pci::Function function = machine.found();
    const auto in = machine.on_in;
    std::uint32_t told = 0;
    machine.on_in = [&](std::uint16_t port, unsigned bytes) -> std::uint32_t {
      if (port == kPorts + 18) {
        return told;
      }
      return port == kPorts + 12 ? 256 : in(port, bytes);
    };
    const bool came_up = requests.bring_up(function, kNeeds);
    CHECK(requests.queue().error() == "");
    REQUIRE(came_up);
    CHECK((device.get<std::uint16_t>(pci::kCommand) & 4) != 0);
    told = ends ? 0 : 7;
    CHECK(requests.shut_down() == ends);
  }
}

}  // namespace
}  // namespace mote::virtio
