// Tests of one request at a time: honest devices, and those that hang, lie or dawdle.
#include "drivers/virtio/request_queue.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernel/memory/dma.hpp"
#include "kernel/time/allowance.hpp"
#include "tests/unit/drivers/virtio/device.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::virtio {
namespace {

// A queue whose doorbell calls the test.
struct World : FakeMachine {
  RequestQueue queue;
  DeviceQueue device;
  std::array<std::byte, 16> question{};
  std::array<std::byte, 64> answer{};
  unsigned bells = 0;
  std::function<void()> on_bell;

  explicit World(std::uint16_t entries = 4) {
    ticks_a_look = 1'000;
    ticks_a_pause = 50'000;
    allowance::begin();
    queue.begin("virtio-x");
    const RingLayout layout = RingLayout::of(entries, RingLayout::kModernAlignment);
    const auto slots = dma::allocate(entries * sizeof(Slot), alignof(Slot));
    queue.ring().attach(layout, dma::allocate(layout.bytes, RingLayout::kModernAlignment),
                        {reinterpret_cast<Slot*>(slots.data()), entries});
    queue.ring().restart(false);
    device.attach(queue.ring().addresses(), entries);
    const bool started = queue.start(
        7,
        [](void* world, std::uint16_t number) {
          CHECK(number == 7);
          ++static_cast<World*>(world)->bells;
          static_cast<World*>(world)->on_bell();
        },
        this, 8);
    REQUIRE(started);
    on_bell = [this] { complete(64); };
  }
  void complete(std::uint32_t bytes) {
    const auto chain = device.pop();
    REQUIRE(chain);
    device.complete(chain->head, bytes);
  }
  std::optional<std::uint32_t> ask() {
    const std::array<Piece, 1> reads = {Piece{question.data(), question.size()}};
    const std::array<Piece, 2> writes = {Piece{answer.data(), 60}, Piece{answer.data() + 60, 4}};
    return queue.request(reads, writes);
  }
  [[nodiscard]] std::uint64_t milliseconds_passed() const { return ticks / 1'000'000; }
};

TEST_CASE("a request is a chain that the device reads first and then writes") {
  World world;
  world.on_bell = [&] {
    const auto chain = world.device.pop();
    REQUIRE(chain);
    REQUIRE(chain->buffers.size() == 3);
    CHECK(chain->buffers[0].data == world.question.data());
    CHECK(chain->buffers[0].bytes == 16);
    CHECK_FALSE(chain->buffers[0].writable);
    CHECK(chain->buffers[1].data == world.answer.data());
    CHECK(chain->buffers[1].writable);
    CHECK(chain->buffers[2].bytes == 4);
    CHECK(chain->buffers[2].writable);
    world.device.complete(chain->head, 17);
  };
  for (unsigned i = 0; i < 100'000; ++i) {  // the indices wrap
    REQUIRE(world.ask() == 17);
  }
  CHECK(world.bells == 100'000);
  CHECK(world.queue.is_usable());
  CHECK(world.queue.error().empty());
}

TEST_CASE("a device that polls by itself needs no bell, and may take its time") {
  World world;
  world.device.set_no_notify(true);
  unsigned looks = 0;
  world.on_look = [&] {
    if (++looks == 100) {
      world.complete(1);
    }
  };
  CHECK(world.ask() == 1);
  CHECK(world.bells == 0);
}

TEST_CASE("a device that never answers is waited for once, for two seconds") {
  World world;
  world.on_bell = [] {};
  CHECK_FALSE(world.ask());
  CHECK(world.queue.error() == "virtio-x: the device does not answer");
  CHECK(world.milliseconds_passed() >= 2'000);
  CHECK(world.milliseconds_passed() < 2'010);
  CHECK_FALSE(world.queue.is_usable());
  CHECK_FALSE(world.ask());
  CHECK(world.bells == 2);  // once more, in case the first was lost
  CHECK(world.milliseconds_passed() < 2'010);
}

TEST_CASE("a doorbell that was lost is rung again, with each request") {
  World world;
  for (unsigned request = 1; request <= 3; ++request) {
    bool is_lost = true;
    world.on_bell = [&] {
      if (!std::exchange(is_lost, false)) {
        world.complete(1);
      }
    };
    const std::uint64_t before = world.milliseconds_passed();
    CHECK(world.ask() == 1);
    CHECK(world.bells == 2 * request);
    CHECK(world.milliseconds_passed() - before < 250);
  }
}

// As `publish` sees it where its fence is left out.
TEST_CASE("a wish for a doorbell that is seen too late is heard") {
  World world;
  world.device.set_no_notify(true);
  unsigned looks = 0;
  world.on_look = [&] { world.device.set_no_notify(++looks < 100); };
  world.on_bell = [&] { world.complete(1); };
  CHECK(world.ask() == 1);
  CHECK(world.bells == 1);
}

TEST_CASE("a device that never answers ends the wait even if the counter stands still") {
  World world;
  world.ticks_a_look = 0;
  world.ticks_a_pause = 0;
  world.on_bell = [] {};
  CHECK_FALSE(world.ask());
}

TEST_CASE("slow devices have ten seconds in all") {
  World world;
  world.on_bell = [&] {
    world.ticks += 999'000'000;
    world.complete(1);
  };
  unsigned answered = 0;
  while (world.ask()) {
    ++answered;
  }
  CHECK(answered >= 10);
  CHECK(answered <= 11);
  CHECK(world.milliseconds_passed() < 12'000);
  CHECK_FALSE(world.queue.is_usable());
  CHECK(world.queue.error() == "virtio-x: no time is left for it");
}

TEST_CASE("an answer to what was not asked makes the device unusable") {
  struct Case {
    std::uint32_t id;
    std::uint16_t more;  // elements besides
  };
  for (const Case& one : {Case{1, 0}, Case{3, 0}, Case{4, 0}, Case{0xFFFF'FFFF, 0}, Case{0, 1},
                          Case{0, 3}, Case{0, 4}, Case{0, 5}, Case{0, 0x7FFF}}) {
    World world;
    world.on_bell = [&] {
      static_cast<void>(world.device.pop());
      world.device.put(one.id, 4);
      world.device.set_used_index(static_cast<std::uint16_t>(1 + one.more));
    };
    CHECK_FALSE(world.ask());
    CHECK(world.queue.error() == "virtio-x: the device answers what it was not asked");
    CHECK_FALSE(world.ask());
    CHECK(world.bells == 1);
  }
}

TEST_CASE("a length beyond what the device was given is cut to that") {
  World world;
  world.on_bell = [&] { world.complete(0xFFFF'FFFF); };
  CHECK(world.ask() == 64);
  world.on_bell = [&] { world.complete(0); };
  CHECK(world.ask() == 0);
}

TEST_CASE("a request that the queue can't hold is not sent") {
  World world(2);
  CHECK_FALSE(world.ask());
  CHECK(world.queue.error() == "virtio-x: a request does not fit into the queue");
  CHECK(world.bells == 0);
  World another;
  const std::vector<std::byte> large(65'536);
  const Piece piece{large.data(), large.size()};
  CHECK_FALSE(another.queue.request({}, {&piece, 1}));
  World third;
  CHECK_FALSE(third.queue.request({}, {}));
}

}  // namespace
}  // namespace mote::virtio
