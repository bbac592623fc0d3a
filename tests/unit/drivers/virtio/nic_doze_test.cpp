// Tests of the events that end a wait for a virtio device: watched words and interrupts.
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

// 2.7.7: whether the device interrupts when its index moves from `before` to the current value.
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

TEST_CASE("a received frame changes a watched word, a sent one only if it is waited for") {
  World world(device_with(true));
  for (unsigned i = 0; i < 66'000; ++i) {  // past the indices' wrap
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

// The driver requests an interrupt, then looks; the device publishes its index, then reads whether
// to interrupt. In any order of these four steps, one of the two sees the other; and once the
// driver requests none, none is raised.
TEST_CASE("no completion is missed while an interrupt is requested") {
  // One bit per step: the device's.
  constexpr std::array<unsigned, 6> kOrders = {3, 5, 6, 9, 10, 12};
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

TEST_CASE("a doze is ended by a received frame, and by a sent one only if it is waited for") {
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

// Missing receive buffers are replaced in batches. Until a batch is due, nobody waits for a packet,
// and one that comes back shall not end a wait. But once the pool was empty, each one shall.
TEST_CASE("a sent frame is waited for only after the pool could not refill the ring") {
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
  held.pop_back();  // for the frame to send
  CHECK(sent_is_awaited());
}

}  // namespace
}  // namespace mote::virtio
