// Tests of the virtio network driver: what is agreed on about long TCP segments, and those that the
// device shall cut.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>

#include "drivers/limits.hpp"
#include "kernel/limits.hpp"
#include "tests/unit/drivers/virtio/world.hpp"

namespace mote::virtio {
namespace {

TEST_CASE("what depends on other features is agreed on only with them") {
  const std::array<Features, 5> bits = {feature::kNetChecksum, feature::kNetGuestChecksum,
                                        feature::kNetMergeable, feature::kNetHostTso4,
                                        feature::kNetGuestTso4};
  for (unsigned mix = 0; mix < 32; ++mix) {
    for (const bool legacy : {false, true}) {
      Features offered = feature::kAnyLayout;
      for (std::size_t i = 0; i < bits.size(); ++i) {
        offered |= (mix >> i & 1) != 0 ? bits[i] : 0;
      }
      World world(device_with(offered, legacy));
      REQUIRE(world.came_up);
      const bool cuts = (offered & kCutting) == kCutting;
      const bool large = (offered & kLargeReceive) == kLargeReceive;
      CHECK(world.device.has(feature::kNetHostTso4) == cuts);
      CHECK(world.device.has(feature::kNetGuestTso4) == large);
      CHECK(world.net.offloads().segmentation ==
            (cuts ? Segmentation::kWholeLength : Segmentation::kNone));
      const std::string words(world.net.features());
      CHECK((words.find("csum tso4") == 0) == cuts);
      CHECK((words.find("mrg lro4") != std::string::npos) == large);
    }
  }
}

TEST_CASE("large receive needs the buffers that a frame may fill") {
  struct Case {
    bool legacy;
    Features more;
    std::uint16_t entries;
    bool large;
  };
  for (const Case& one : {Case{false, 0, 32, false}, Case{false, 0, 64, true},
                          Case{true, feature::kAnyLayout, 64, true}, Case{true, 0, 64, false},
                          Case{true, 0, 128, true}}) {
    World world(device_with(kLargeReceive | one.more, one.legacy, one.entries));
    REQUIRE(world.came_up);
    CHECK(world.device.has(feature::kNetGuestTso4) == one.large);
  }
  FakeDevice device = device_with(kLargeReceive);
  FakeNic net;
  REQUIRE(net.bring_up(&device, limits::kRxPieces - 1));
  CHECK_FALSE(device.has(feature::kNetGuestTso4));
  device.status |= status::kNeedsReset;
  device.refuses_queue = true;
  CHECK_FALSE(net.link_up());
  CHECK_FALSE(net.link_up());
  net.reclaim([](void*) {});
  CHECK(Packet::free_count() == kAll);
}

TEST_CASE("a frame to cut has all that 5.1.6.2 wants in its header") {
  for (const Features more : {Features{0}, feature::kNetMergeable}) {
    for (const bool legacy : {false, true}) {
      World world(device_with(kCutting | more, legacy));
      Bytes headers = frame_of(limits::kHeadroom + 66);
      const Bytes body = frame_of(limits::kTxPayloadBytes, 3);
      const std::array<TxSegment, 2> segments = {
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
      // The next one, not to be cut, says nothing of it.
      REQUIRE(world.send(frame_of(60)));
      world.net.flush();
      world.complete_all();
      CHECK(world.transmitted.back().header.segmentation == 0);
      CHECK(world.transmitted.back().header.segment_bytes == 0);
      world.net.reclaim([](void*) {});
    }
  }
}

TEST_CASE("what may not be cut is refused, and counted") {
  for (const bool agreed : {false, true}) {
    World world(device_with(feature::kNetChecksum | (agreed ? feature::kNetHostTso4 : 0)));
    Bytes memory = frame_of(limits::kHeadroom + 3000);
    const TxSegment segment{memory.data() + limits::kHeadroom, 3000};
    int cookie = 0;
    const TxChecksum checksum =
        agreed ? TxChecksum{} : TxChecksum{.start = 34, .offset = 16};  // without one if agreed
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
