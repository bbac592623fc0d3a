// Tests of the split virtqueue, against a device that may lie.
#include "drivers/virtio/ring.hpp"

#include <doctest/doctest.h>

#include <array>
#include <deque>
#include <random>
#include <set>
#include <vector>

#include "tests/unit/drivers/virtio/ring_world.hpp"

namespace mote::virtio {
namespace {

using World = RingWorld;

TEST_CASE("layouts are those of virtio 1.2, 2.7.2") {
  constexpr RingLayout legacy = RingLayout::of(256, RingLayout::kLegacyAlignment);
  static_assert(legacy.available == 4096);
  static_assert(legacy.used_event == 4096 + 4 + 512);
  static_assert(legacy.used == 8192);
  static_assert(legacy.avail_event == 8192 + 4 + 2048);
  static_assert(legacy.bytes == 8192 + 6 + 2048);
  constexpr RingLayout largest = RingLayout::of(1024, RingLayout::kLegacyAlignment);
  static_assert(largest.available == 16384 && largest.used == 20480);
  constexpr RingLayout modern = RingLayout::of(8, RingLayout::kModernAlignment);
  static_assert(modern.available == 128 && modern.used == 192);
  static_assert(modern.bytes == 192 + 6 + 64);

  const World world(256, false, RingLayout::kLegacyAlignment);
  CHECK(world.ring.addresses().descriptors.value % 4096 == 0);
  CHECK(world.ring.addresses().used.value - world.ring.addresses().descriptors.value == 8192);
}

TEST_CASE("an event index is passed exactly once (2.7.10)") {
  CHECK(event_passed(0, 1, 0));
  CHECK_FALSE(event_passed(1, 1, 0));
  CHECK_FALSE(event_passed(0, 2, 1));
  CHECK_FALSE(event_passed(5, 5, 5));
  CHECK(event_passed(5, 10, 5));
  CHECK(event_passed(9, 10, 5));
  CHECK_FALSE(event_passed(10, 10, 5));
  CHECK_FALSE(event_passed(4, 10, 5));
  CHECK(event_passed(0xFFFF, 0, 0xFFFF));
  CHECK(event_passed(0xFFFF, 3, 0xFFF0));
  CHECK(event_passed(2, 3, 0xFFF0));
  CHECK_FALSE(event_passed(3, 3, 0xFFF0));
  CHECK_FALSE(event_passed(0x8000, 3, 0xFFF0));
}

TEST_CASE("chains reach the device as they were lent") {
  World world(16);
  REQUIRE(world.lend_pieces(7, 3));
  CHECK_FALSE(world.device.pop());  // not published
  CHECK(world.ring.publish());
  const auto chain = world.device.pop();
  REQUIRE(chain);
  REQUIRE(chain->buffers.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(chain->buffers[i].data == world.buffer.data() + i);
    CHECK(chain->buffers[i].bytes == i + 1);
    CHECK(chain->buffers[i].writable);
  }
  CHECK(world.ring.completed() == 0);
  world.device.complete(chain->head, 6);
  CHECK(world.ring.completed() == 1);
  const Completion completion = world.ring.take();
  CHECK(completion.verdict == Verdict::kGood);
  CHECK(World::cookie(completion) == 7);
  CHECK(completion.bytes == 6);
  CHECK(world.ring.free_descriptors() == 16);
  CHECK(world.ring.lent() == 0);

  REQUIRE(world.lend(8, 10, Access::kDeviceReads));
  CHECK(world.ring.publish());
  CHECK_FALSE(world.device.pop()->buffers[0].writable);
}

TEST_CASE("a full ring refuses, and an empty one has nothing") {
  World world(16);
  for (std::uintptr_t i = 1; i <= 4; ++i) {
    REQUIRE(world.lend_pieces(i, 3));
  }
  CHECK_FALSE(world.lend_pieces(5, 5));
  REQUIRE(world.lend_pieces(5, 4));
  CHECK(world.ring.free_descriptors() == 0);
  CHECK_FALSE(world.lend(6));
  CHECK(world.ring.lent() == 5);
  CHECK(world.ring.publish());
  CHECK_FALSE(world.ring.publish());
  CHECK(world.ring.completed() == 0);
  // Returned in another order, everything is free again.
  std::vector<std::uint16_t> heads;
  while (const auto chain = world.device.pop()) {
    heads.push_back(chain->head);
  }
  for (const std::size_t i : {3, 0, 4, 2, 1}) {
    world.device.complete(heads[i], 0);
  }
  CHECK(world.ring.completed() == 5);
  std::set<std::uintptr_t> cookies;
  for (int i = 0; i < 5; ++i) {
    cookies.insert(World::cookie(world.ring.take()));
  }
  CHECK(cookies == std::set<std::uintptr_t>{1, 2, 3, 4, 5});
  CHECK(world.ring.free_descriptors() == 16);
}

TEST_CASE("indices wrap at 65,536, with and without event indices") {
  for (const bool event_index : {false, true}) {
    World world(8, event_index);
    std::uintptr_t sent = 1;
    std::uintptr_t received = 1;
    for (int round = 0; round < 50'000; ++round) {
      const int burst = 1 + round % 8;
      for (int i = 0; i < burst; ++i) {
        REQUIRE(world.lend(sent++));
      }
      world.device.set_avail_event(world.device.available_index());
      REQUIRE(world.ring.publish());
      while (const auto chain = world.device.pop()) {
        world.device.complete(chain->head, 1);
      }
      REQUIRE(world.ring.completed() == burst);
      for (int i = 0; i < burst; ++i) {
        REQUIRE(World::cookie(world.ring.take()) == received++);
      }
    }
    CHECK(sent > 3 * 65'536);
    CHECK(world.ring.free_descriptors() == 8);
  }
}

TEST_CASE("chains that the device was not lent are refused") {
  World world(8);
  REQUIRE(world.lend_pieces(1, 3));
  REQUIRE(world.lend(2));
  CHECK(world.ring.publish());
  const std::uint16_t first = world.device.pop()->head;
  const std::uint16_t second = world.device.pop()->head;
  world.device.put(8, 0);            // one beyond the end
  world.device.put(0xFFFF'FFFF, 0);  // far beyond
  world.device.put(0x1'0000U + first, 0);
  world.device.put(first + 1U, 0);  // inside a chain
  world.device.put(7, 0);           // free
  world.device.put(second, 4);
  world.device.put(second, 4);  // twice
  world.device.put(first, 7);   // 1 + 2 + 3 bytes may be written
  world.device.show();
  REQUIRE(world.ring.completed() == 8);
  for (int i = 0; i < 5; ++i) {
    CHECK(world.ring.take().verdict == Verdict::kUnknown);
  }
  const Completion good = world.ring.take();
  CHECK(good.verdict == Verdict::kGood);
  CHECK(World::cookie(good) == 2);
  CHECK(world.ring.take().verdict == Verdict::kUnknown);
  const Completion long_one = world.ring.take();
  CHECK(long_one.verdict == Verdict::kTooLong);
  CHECK(World::cookie(long_one) == 1);
  CHECK(world.ring.free_descriptors() == 8);
  REQUIRE(world.lend(3));
  CHECK(world.ring.publish());
  world.device.complete(world.device.pop()->head, 4);
  REQUIRE(world.ring.completed() == 1);
  CHECK(World::cookie(world.ring.take()) == 3);
}

TEST_CASE("an absurd used index costs at most one ring of entries") {
  World world(8);
  REQUIRE(world.lend(1));
  CHECK(world.ring.publish());
  const std::uint16_t head = world.device.pop()->head;
  for (const std::uint16_t index : {60'000, 5, 5, 4}) {
    world.device.set_used_index(index);
    const std::uint16_t pending = world.ring.completed();
    CHECK(pending <= 8);
    for (std::uint16_t i = 0; i < pending; ++i) {
      static_cast<void>(world.ring.take());
    }
    CHECK(world.ring.completed() == 0);
  }
  // Element 0 of an untouched ring names descriptor 0, which was lent and is back.
  CHECK(head == 0);
  CHECK(world.ring.free_descriptors() == 8);
  REQUIRE(world.lend(2));
  CHECK(world.ring.publish());
  world.device.complete(world.device.pop()->head, 9);
  REQUIRE(world.ring.completed() == 1);
  CHECK(World::cookie(world.ring.take()) == 2);
}

TEST_CASE("after a reset every chain comes back once") {
  World world(16);
  for (std::uintptr_t i = 1; i <= 5; ++i) {
    REQUIRE(world.lend_pieces(i, 3));
  }
  CHECK(world.ring.publish());
  std::set<void*> cookies;
  world.ring.take_all([&](const Owner& owner) { CHECK(cookies.insert(owner.cookie).second); });
  CHECK(cookies.size() == 5);
  CHECK(world.ring.free_descriptors() == 16);
  world.ring.restart(true);
  world.device.attach(world.ring.addresses(), 16);
  CHECK(world.device.available_index() == 0);
  CHECK(world.device.used_event() == 0x8000);
  REQUIRE(world.lend(9));
  CHECK(world.ring.publish());
  CHECK(world.device.pop());
}

TEST_CASE("a lying device never makes the ring lose or duplicate a chain") {
  std::mt19937 random(1);
  for (const bool event_index : {false, true}) {
    World world(64, event_index);
    std::set<std::uintptr_t> lent;
    std::deque<std::uint16_t> heads;
    std::uintptr_t next = 1;
    for (int step = 0; step < 200'000; ++step) {
      switch (random() % 8) {
        case 0:
        case 1:
        case 2:
          if (world.lend_pieces(next, 1 + random() % 9)) {
            lent.insert(next++);
          }
          break;
        case 3:
          static_cast<void>(world.ring.publish());
          world.device.set_avail_event(static_cast<std::uint16_t>(random()));
          break;
        case 4:
          while (const auto chain = world.device.pop()) {
            heads.push_back(chain->head);
          }
          break;
        case 5:
          if (!heads.empty()) {
            const std::size_t which = random() % heads.size();
            world.device.complete(heads[which], random() % 60);
            heads.erase(heads.begin() + static_cast<std::ptrdiff_t>(which));
          }
          break;
        case 6:
          if (random() % 16 == 0) {
            world.device.complete(static_cast<std::uint32_t>(random()) >> random() % 32, 1);
          }
          break;
        default:
          for (std::uint16_t pending = world.ring.completed(); pending != 0; --pending) {
            const Completion completion = world.ring.take();
            if (completion.verdict != Verdict::kUnknown) {
              REQUIRE(lent.erase(World::cookie(completion)) == 1);
            }
          }
      }
      REQUIRE(world.ring.lent() == lent.size());
    }
    world.ring.take_all([&](const Owner& owner) {
      REQUIRE(lent.erase(reinterpret_cast<std::uintptr_t>(owner.cookie)) == 1);
    });
    CHECK(lent.empty());
    CHECK(world.ring.free_descriptors() == 64);
  }
}

}  // namespace
}  // namespace mote::virtio
