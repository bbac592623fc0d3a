// Tests of the e1000 as a whole: frames both ways, watched words, and dozes.
#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "tests/unit/drivers/e1000/world.hpp"

namespace mote::e1000 {
namespace {

TEST_CASE("frames go both ways while the rings and their counts wrap") {
  World world;
  for (unsigned i = 0; i < 70'000; ++i) {
    const Bytes frame = frame_of(14 + i % 1486, i);
    REQUIRE(world.device.deliver(frame));
    REQUIRE(world.receive() == 1);
    REQUIRE(world.received.back() == frame);
    REQUIRE(world.send(frame));
    world.net.flush();
    world.complete_all();
    REQUIRE(world.transmitted.back().frame == frame);
    world.net.reclaim([](void*) { FAIL("no cookie was given"); });
    world.received.clear();
    world.transmitted.clear();
  }
  CHECK(world.net.counters().rx_frames == 70'000);
  CHECK(world.net.counters().tx_frames == 70'000);
  CHECK(world.net.counters().rx_bytes == world.net.counters().tx_bytes);
  CHECK(world.net.counters().rx_malformed == 0);
  CHECK(world.device.contexts == 0);
  // One doorbell per frame sent, and one per eighth of the ring received.
  CHECK(world.device.doorbells[1] == 70'001);
  CHECK(world.device.doorbells[0] < 2'300);
  CHECK(world.net.counters().doorbells + 2 ==
        static_cast<unsigned>(world.device.doorbells[0] + world.device.doorbells[1]));
}

bool changed(const FakeNic& net, bool for_sent) {
  Watch watch;
  net.watch(watch, for_sent);
  return watch.has_changed();
}

TEST_CASE("a received frame changes a watched word, a sent one only if it is waited for") {
  World world;
  for (unsigned i = 0; i < 700; ++i) {
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
  }
}

TEST_CASE("a sent frame is waited for when the pool could not fill the receive ring") {
  World world;
  std::vector<Packet> hoard;
  REQUIRE(world.send(frame_of(60)));
  for (unsigned i = 0; i < 255 / 8; ++i) {  // enough to be refilled
    REQUIRE(world.device.deliver(frame_of(60)));
    REQUIRE(world.receive() == 1);
  }
  while (Packet packet = Packet::allocate()) {
    hoard.push_back(std::move(packet));
  }
  world.net.flush();
  CHECK_FALSE(changed(world.net, false));
  world.complete_all();
  CHECK(changed(world.net, false));
}

TEST_CASE("before a doze old causes are cleared and some enabled; after it, none are") {
  World world;
  REQUIRE(world.net.can_wake());
  for (const bool for_sent : {false, true}) {
    world.device.writes.clear();
    world.device.cause_reads = 0;
    world.net.arm(for_sent);
    CHECK(world.device.cause_reads == 1);
    CHECK(world.device.writes_at_cause == 0);  // before any cause was enabled
    // LSC, RXO and RXT0; with TXDW if sent frames are waited for.
    CHECK(world.device.writes == std::vector<Access>{{0xD0, for_sent ? 0xC5U : 0xC4U}});
    world.device.writes.clear();
    world.net.disarm();
    CHECK(world.device.writes == std::vector<Access>{{0xD8, 0xFFFF'FFFF}});
  }
}

}  // namespace
}  // namespace mote::e1000
