// Tests of negotiating a virtio network device's features for long segments.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>

#include "tests/unit/drivers/virtio/world.hpp"

namespace mote::virtio {
namespace {

TEST_CASE("features that depend on others are accepted only with them") {
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

TEST_CASE("large receive needs as many buffers as a frame may fill") {
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

}  // namespace
}  // namespace mote::virtio
