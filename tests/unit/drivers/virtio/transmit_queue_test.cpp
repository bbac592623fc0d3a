// Tests of virtio's transmit queue: long segments for the device to cut.
#include <doctest/doctest.h>

#include <array>
#include <cstring>

#include "drivers/limits.hpp"
#include "kernel/limits.hpp"
#include "tests/unit/drivers/virtio/world.hpp"

namespace mote::virtio {
namespace {

TEST_CASE("a frame to cut has all that 5.1.6.2 requires in its header") {
  for (const Features more : {Features{0}, feature::kNetMergeable}) {
    for (const bool legacy : {false, true}) {
      World world(device_with(kCutting | more, legacy));
      Bytes headers = frame_of(limits::kHeadroom + 66);
      const Bytes body = frame_of(limits::kTxPayloadBytes, 3);
      const std::array<Piece, 2> segments = {
          {{headers.data() + limits::kHeadroom, 66},
           {body.data(), static_cast<std::uint32_t>(body.size())}}};
      int cookie = 0;
      REQUIRE(world.net.transmit(TxFrame{.segments = segments,
                                         .checksum = {.start = 34, .offset = 16},
                                         .cookie = &cookie,
                                         .cut = {.header_bytes = 66, .payload_bytes = 1448}}));
      world.net.flush();
      world.complete_all();
      REQUIRE(world.transmitted.size() == 1);
      const std::array<std::uint8_t, 12> expected = {1, 1, 66, 0, 0xA8, 5, 34, 0, 16, 0, 0, 0};
      CHECK(std::memcmp(&world.transmitted[0].header, expected.data(),
                        world.device.header_bytes()) == 0);
      Bytes whole(headers.begin() + limits::kHeadroom, headers.end());
      whole.insert(whole.end(), body.begin(), body.end());
      CHECK(world.transmitted[0].frame == whole);
      CHECK(world.net.counters().tx_bytes == whole.size());
      void* released = nullptr;
      world.net.reclaim([&](void* pointer) { released = pointer; });
      CHECK(released == &cookie);
      // The next one, not to be cut, says nothing about cutting.
      REQUIRE(world.send(frame_of(60)));
      world.net.flush();
      world.complete_all();
      CHECK(world.transmitted.back().header.segmentation == 0);
      CHECK(world.transmitted.back().header.segment_bytes == 0);
      world.net.reclaim([](void*) {});
    }
  }
}

TEST_CASE("a frame that may not be cut is refused, and counted") {
  for (const bool agreed : {false, true}) {
    World world(device_with(feature::kNetChecksum | (agreed ? feature::kNetHostTso4 : 0)));
    Bytes memory = frame_of(limits::kHeadroom + 3000);
    const Piece segment{memory.data() + limits::kHeadroom, 3000};
    int cookie = 0;
    const TxChecksum checksum =
        agreed ? TxChecksum{} : TxChecksum{.start = 34, .offset = 16};  // no checksum if negotiated
    CHECK_FALSE(world.net.transmit(TxFrame{.segments = {&segment, 1},
                                           .checksum = checksum,
                                           .cookie = &cookie,
                                           .cut = {.header_bytes = 54, .payload_bytes = 1460}}));
    CHECK(world.net.counters().tx_full == 1);
    CHECK(world.device.queues[1].waiting() == 0);
    world.net.flush();
    CHECK(world.device.doorbells[1] == 0);
    CHECK(world.send(frame_of(60)));
  }
}

}  // namespace
}  // namespace mote::virtio
