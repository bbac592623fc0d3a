// Tests of chains that the device first reads and then writes.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "drivers/virtio/ring.hpp"
#include "tests/unit/drivers/virtio/device.hpp"

namespace mote::virtio {
namespace {

struct World {
  explicit World(std::uint16_t entries)
      : layout(RingLayout::of(entries, RingLayout::kModernAlignment)),
        memory(layout.bytes + RingLayout::kModernAlignment),
        slots(entries) {
    void* at = memory.data();
    std::size_t space = memory.size();
    std::align(RingLayout::kModernAlignment, layout.bytes, at, space);
    ring.attach(layout, {static_cast<std::byte*>(at), layout.bytes}, slots);
    ring.restart(false);
    device.attach(ring.addresses(), entries);
  }

  RingLayout layout;
  std::vector<std::byte> memory;
  std::vector<Slot> slots;
  std::array<std::byte, 4096> buffer{};
  SplitRing ring;
  DeviceQueue device;
};

TEST_CASE("a request is read first and then written, and fits beside other chains") {
  World world(8);
  const std::byte* const at = world.buffer.data();
  const std::array<Piece, 2> reads = {Piece{at, 16}, Piece{at + 16, 8}};
  const std::array<Piece, 2> writes = {Piece{at + 100, 32'768}, Piece{at + 200, 1}};
  REQUIRE(world.ring.lend({at, 100}, {}, Access::kDeviceReads, {}));
  for (unsigned round = 0; round < 20; ++round) {
    REQUIRE(world.ring.lend_request(reads, writes, {.cookie = world.buffer.data()}));
    CHECK(world.ring.free_descriptors() == 3);
    CHECK_FALSE(world.ring.lend_request(reads, writes, {}));  // four pieces
    static_cast<void>(world.ring.publish());
    if (round == 0) {
      static_cast<void>(world.device.pop());  // the other chain, which stays
    }
    const auto chain = world.device.pop();
    REQUIRE(chain);
    REQUIRE(chain->buffers.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      const Piece& piece = i < 2 ? reads[i] : writes[i - 2];
      CHECK(chain->buffers[i].data == piece.data);
      CHECK(chain->buffers[i].bytes == piece.bytes);
      CHECK(chain->buffers[i].writable == (i >= 2));
    }
    world.device.complete(chain->head, round == 7 ? 32'770 : 32'769);
    REQUIRE(world.ring.completed() == 1);
    const Completion completion = world.ring.take();
    CHECK(completion.verdict == (round == 7 ? Verdict::kTooLong : Verdict::kGood));
    CHECK(completion.owner.cookie == world.buffer.data());
    CHECK(world.ring.free_descriptors() == 7);
  }
}

TEST_CASE("a request is nothing, or writable beyond what is counted: not lent") {
  World world(4);
  const std::array<Piece, 2> half = {Piece{world.buffer.data(), 32'768},
                                     Piece{world.buffer.data(), 32'768}};
  CHECK_FALSE(world.ring.lend_request({}, {}, {}));
  CHECK_FALSE(world.ring.lend_request({}, half, {}));
  CHECK(world.ring.lend_request(half, {}, {}));
  CHECK(world.ring.lent() == 1);
  static_cast<void>(world.ring.publish());
  const auto chain = world.device.pop();
  REQUIRE(chain);
  REQUIRE(chain->buffers.size() == 2);
  CHECK_FALSE(chain->buffers[1].writable);
}

}  // namespace
}  // namespace mote::virtio
