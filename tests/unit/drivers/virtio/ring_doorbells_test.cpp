// When the device asks for a doorbell, and what if it missed one.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/unit/drivers/virtio/ring_world.hpp"

namespace mote::virtio {
namespace {

using World = RingWorld;

TEST_CASE("the notification flag silences the doorbell") {
  World world(8);
  CHECK(world.device.available_flags() == 1);  // no interrupts wanted
  world.device.set_no_notify(true);
  REQUIRE(world.lend(1));
  CHECK_FALSE(world.ring.publish());
  CHECK(world.device.available_index() == 1);
  world.device.set_no_notify(false);
  CHECK_FALSE(world.ring.publish());  // nothing new
  REQUIRE(world.lend(2));
  CHECK(world.ring.publish());
}

TEST_CASE("the event index asks for one doorbell, and ours for no interrupt") {
  World world(8, true);
  CHECK(world.device.available_flags() == 0);
  CHECK(world.device.used_event() == 0x8000);
  world.device.set_no_notify(true);  // meaningless with event indices
  world.device.set_avail_event(2);
  REQUIRE(world.lend(1));
  REQUIRE(world.lend(2));
  CHECK_FALSE(world.ring.publish());  // entries 0 and 1
  REQUIRE(world.lend(3));
  CHECK(world.ring.publish());  // entry 2
  REQUIRE(world.lend(4));
  CHECK_FALSE(world.ring.publish());
  world.device.set_avail_event(4);
  REQUIRE(world.lend(5));
  REQUIRE(world.lend(6));
  CHECK(world.ring.publish());
  world.device.complete(world.device.pop()->head, 0);
  CHECK(world.ring.completed() == 1);
  CHECK(world.device.used_event() == 0x8001);
  CHECK_FALSE(event_passed(world.device.used_event(), 1, 0));
}

TEST_CASE("a doorbell that was lost is noticed, once") {
  for (const bool event_index : {false, true}) {
    World world(8, event_index);
    REQUIRE(world.lend(1));
    static_cast<void>(world.ring.publish());      // and nobody rings
    CHECK_FALSE(world.ring.has_lost_doorbell());  // the first look
    CHECK(world.ring.has_lost_doorbell());
    CHECK_FALSE(world.ring.has_lost_doorbell());
    world.device.complete(world.device.pop()->head, 0);
    REQUIRE(world.ring.completed() == 1);
    static_cast<void>(world.ring.take());
    REQUIRE(world.lend(2));
    static_cast<void>(world.ring.publish());
    world.device.set_avail_event(1);
    CHECK_FALSE(world.ring.has_lost_doorbell());  // something came back since the last look
    CHECK(world.ring.has_lost_doorbell());
  }
}

TEST_CASE("a device that is at work and asks for no doorbell has lost none") {
  for (const bool event_index : {false, true}) {
    World world(8, event_index);
    world.device.set_no_notify(true);
    world.device.set_avail_event(0x8000);
    REQUIRE(world.lend(1));
    CHECK_FALSE(world.ring.publish());
    CHECK_FALSE(world.ring.has_lost_doorbell());
    CHECK_FALSE(world.ring.has_lost_doorbell());
  }
}

// A device on a CPU of its own. When it finds nothing, it says which entry shall wake it, looks
// once more (2.7.10), and sleeps. If the ring read that wish before publishing its own index, both
// sides would miss the other's write.
void serve(World& world, std::atomic<bool>& rung, const std::atomic<bool>& done) {
  while (!done) {
    while (const auto chain = world.device.pop()) {
      world.device.complete(chain->head, 0);
    }
    world.device.set_avail_event(world.device.used_index());
    full_fence();
    if (world.device.waiting() != 0) {
      continue;
    }
    while (!rung.exchange(false) && !done) {
      std::this_thread::yield();
    }
  }
}

TEST_CASE("no doorbell is lost when both sides look at the same time") {
  using Clock = std::chrono::steady_clock;
  World world(8, true);
  std::atomic<bool> rung = false;
  std::atomic<bool> done = false;
  std::thread device([&] { serve(world, rung, done); });
  bool back = true;
  const auto end = Clock::now() + std::chrono::seconds(10);
  for (int round = 0; back && round < 20'000 && Clock::now() < end; ++round) {
    static_cast<void>(world.lend(1));
    if (world.ring.publish()) {
      rung = true;
    }
    const auto deadline = Clock::now() + std::chrono::seconds(20);
    do {
      back = world.ring.completed() != 0;
    } while (!back && Clock::now() < deadline);
    static_cast<void>(world.ring.take());
  }
  done = true;
  device.join();
  CHECK(back);
}

}  // namespace
}  // namespace mote::virtio
