// Tests of what ends a wait for a virtio device: the words that are watched, and interrupts.
#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/unit/drivers/virtio/world.hpp"

namespace mote::virtio {
namespace {

bool changed(const FakeNic& net, bool for_sent) {
  Watch watch;
  net.watch(watch, for_sent);
  return watch.has_changed();
}

// 2.7.7: whether the device raises an interrupt when its index goes from `before` to its own.
bool interrupts(const World& world, std::size_t queue, std::uint16_t before) {
  const DeviceQueue& ring = world.device.queues[queue];
  return world.device.has(feature::kEventIndex)
             ? event_passed(ring.used_event(), ring.used_index(), before)
             : (ring.available_flags() & RingHead::kNoInterrupt) == 0;
}

FakeDevice device_with(bool event_index) {
  FakeDevice device;
  device.entries = {16, 16};
  device.offered |= event_index ? feature::kEventIndex : 0;
  return device;
}

TEST_CASE("a received frame shows in what is watched, a sent one only if somebody waits for it") {
  World world(device_with(true));
  for (unsigned i = 0; i < 66'000; ++i) {  // round the indices, too
    REQUIRE_FALSE(changed(world.net, true));
    REQUIRE(world.device.deliver(frame_of(60)));
    REQUIRE(changed(world.net, false));
    REQUIRE(world.receive() == 1);
    REQUIRE(world.send(frame_of(60)));
    world.net.flush();
    REQUIRE_FALSE(changed(world.net, true));
    world.complete_all();
    REQUIRE(changed(world.net, true));
    REQUIRE_FALSE(changed(world.net, false));
    world.net.reclaim([](void*) {});
    world.received.clear();
    world.transmitted.clear();
  }
}

// The driver asks for an interrupt, then looks; the device shows its index, then reads whether to
// raise one. In whatever order these four come, one of the two sees the other; and once the driver
// asks for none, none is raised.
TEST_CASE("no completion is passed over while an interrupt is asked for") {
  constexpr std::array<unsigned, 6> kOrders = {3, 5, 6, 9, 10, 12};  // a bit a step: the device's
  for (const bool event_index : {false, true}) {
    World world(device_with(event_index));
    DeviceQueue& queue = world.device.queues[0];
    for (unsigned round = 0; round < 66'000; ++round) {
      const unsigned order = kOrders[round % kOrders.size()];
      const std::uint16_t before = queue.used_index();
      const auto chain = queue.pop();
      REQUIRE(chain);
      std::memset(chain->buffers[0].data, 0, 12);
      chain->buffers[0].data[10] = std::byte{1};  // one buffer
      queue.put(chain->head, 12 + 60);
      REQUIRE_FALSE(interrupts(world, 0, before));
      std::array<unsigned, 2> steps{};
      bool seen = false;
      bool raised = false;
      for (unsigned step = 0; step < 4; ++step) {
        const bool device = (order >> step & 1) != 0;
        const bool first = steps[device ? 1 : 0]++ == 0;
        if (device && first) {
          queue.show();
        } else if (device) {
          raised = interrupts(world, 0, before);
        } else if (first) {
          world.net.arm(false);
        } else {
          seen = changed(world.net, false);
        }
      }
      CAPTURE(order);
      REQUIRE((seen || raised));
      world.net.disarm();
      REQUIRE_FALSE(interrupts(world, 0, before));
      REQUIRE(world.receive() == 1);
      world.net.flush();
      world.received.clear();
    }
  }
}

TEST_CASE("a doze is ended by a frame received, and by one sent only if somebody waits for it") {
  for (const bool event_index : {false, true}) {
    for (const bool for_sent : {false, true}) {
      World world(device_with(event_index));
      REQUIRE(world.net.can_wake());
      const auto wakes = [&](std::size_t queue) {
        const auto before = static_cast<std::uint16_t>(world.device.queues[queue].used_index() - 1);
        return interrupts(world, queue, before);
      };
      REQUIRE(world.device.deliver(frame_of(60)));
      REQUIRE(world.send(frame_of(60)));
      world.net.flush();
      world.complete_all();
      CHECK_FALSE(wakes(0));
      CHECK_FALSE(wakes(1));
      world.net.arm(for_sent);
      CHECK(wakes(0));
      CHECK(wakes(1) == for_sent);
      CHECK(world.device.cleared == 0);
      world.net.disarm();
      CHECK_FALSE(wakes(0));
      CHECK_FALSE(wakes(1));
      CHECK(world.device.cleared == 1);
    }
  }
}

// What is lacking is made up for in batches. Until one is due nobody waits for a packet, and none
// that comes back shall end a wait; but when the pool had nothing for it, each of them shall.
TEST_CASE("a frame that was sent is waited for only when the pool could not refill the ring") {
  FakeDevice device = device_with(true);
  device.entries = {256, 256};
  World world(device);
  std::vector<Packet> held;
  const auto empty_the_pool = [&] {
    while (Packet packet = Packet::allocate()) held.push_back(std::move(packet));
  };
  const auto sent_is_awaited = [&] {
    REQUIRE(world.send(frame_of(60)));
    world.net.flush();
    world.complete_all();
    const bool awaited = changed(world.net, false);
    world.net.reclaim([](void*) {});
    return awaited;
  };
  REQUIRE(world.device.deliver(frame_of(60)));
  REQUIRE(world.receive() == 1);
  CHECK_FALSE(sent_is_awaited());
  CHECK(world.device.queues[0].waiting() == 255);

  for (unsigned i = 0; i < 100; ++i) {
    REQUIRE(world.device.deliver(frame_of(60)));
  }
  REQUIRE(world.receive(100) == 100);
  empty_the_pool();
  held.pop_back();  // for the one that is sent
  CHECK(sent_is_awaited());
}

}  // namespace
}  // namespace mote::virtio
