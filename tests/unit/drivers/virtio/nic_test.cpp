// Tests of the virtio network driver: bring-up, and frames both ways with every mix of features.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "drivers/limits.hpp"
#include "kernel/limits.hpp"
#include "tests/unit/drivers/virtio/world.hpp"

namespace mote::virtio {
namespace {

std::string failure(FakeDevice device) {
  FakeNic net;
  REQUIRE_FALSE(net.bring_up(&device));
  CHECK((device.status & status::kDriverOk) == 0);
  return std::string(net.error());
}

TEST_CASE("the status handshake follows the order of 3.1.1") {
  World world{FakeDevice{}};
  REQUIRE(world.came_up);
  CHECK(world.device.statuses == std::vector<std::uint8_t>{1, 3, 11, 15});
  CHECK(world.net.mac() == MacAddress{{0x52, 0x54, 0, 0x12, 0x34, 0x56}});
  CHECK(world.net.mtu() == 1500);
  CHECK(world.net.link_up());
  CHECK(world.net.features().empty());
  CHECK(world.device.queues[0].waiting() == 64);
  CHECK(world.device.doorbells[0] == 1);
  CHECK(world.device.doorbells[1] == 0);
}

TEST_CASE("frames go both ways with every mix of features") {
  const std::array<Features, 6> bits = {feature::kAnyLayout,   feature::kNetMergeable,
                                        feature::kNetChecksum, feature::kNetGuestChecksum,
                                        feature::kEventIndex,  feature::kNetStatus};
  for (unsigned mix = 0; mix < 64; ++mix) {
    for (const bool legacy : {false, true}) {
      FakeDevice device;
      device.legacy = legacy;
      device.entries = {16, 16};
      device.offered = feature::kNetMac | (legacy ? 0 : feature::kVersion1);
      for (std::size_t i = 0; i < bits.size(); ++i) {
        device.offered |= (mix >> i & 1) != 0 ? bits[i] : 0;
      }
      World world(device);
      REQUIRE(world.came_up);
      for (unsigned i = 0; i < 40; ++i) {
        const Bytes frame = frame_of(14 + i * 37, i);
        REQUIRE(world.device.deliver(frame));
        REQUIRE(world.receive() == 1);
        REQUIRE(world.received.back() == frame);
        REQUIRE(world.send(frame));
        world.net.flush();
        world.complete_all();
        REQUIRE(world.transmitted.back().frame == frame);
        const Bytes header(12);
        REQUIRE(std::memcmp(&world.transmitted.back().header, header.data(), 12) == 0);
        world.net.reclaim([](void*) { FAIL("no cookie was given"); });
      }
      CHECK(world.net.counters().rx_frames == 40);
      CHECK(world.net.counters().tx_frames == 40);
      CHECK(world.net.counters().rx_bytes == world.net.counters().tx_bytes);
      CHECK(world.net.counters().rx_malformed == 0);
    }
  }
}

TEST_CASE("frames in pieces are joined, and cookies come back") {
  for (const bool legacy : {false, true}) {
    FakeDevice device;
    device.legacy = legacy;
    device.offered = legacy ? 0 : feature::kVersion1 | feature::kNetChecksum;
    World world(device);
    Bytes memory = frame_of(limits::kHeadroom + 400);
    const std::byte* const start = memory.data() + limits::kHeadroom;
    const Bytes whole(start, start + 400);
    const std::array<Piece, 8> segments = {{{start, 54},
                                            {start + 54, 1},
                                            {start + 55, 5},
                                            {start + 60, 40},
                                            {start + 100, 100},
                                            {start + 200, 100},
                                            {start + 300, 50},
                                            {start + 350, 50}}};
    int cookie = 0;
    REQUIRE(world.net.transmit(TxFrame{segments, {.start = 34, .offset = 16}, &cookie}));
    CHECK_FALSE(world.net.transmit(TxFrame{{}, {}, &cookie}));
    world.net.flush();
    CHECK(world.device.doorbells[1] == 1);
    world.complete_all();
    REQUIRE(world.transmitted.size() == 1);
    CHECK(world.transmitted[0].frame == whole);
    CHECK(world.transmitted[0].header.flags == NetHeader::kNeedsChecksum);
    CHECK(world.transmitted[0].header.checksum_start == 34);
    CHECK(world.transmitted[0].header.checksum_offset == 16);
    std::vector<void*> released;
    world.net.reclaim([&](void* pointer) { released.push_back(pointer); });
    CHECK(released == std::vector<void*>{&cookie});
    CHECK(world.net.has_sent());
    CHECK(world.net.counters().tx_bytes == 400);

    // A device that is shut down gives back what it never sent.
    REQUIRE(world.net.transmit(TxFrame{segments, {}, &released}));
    world.net.flush();
    CHECK_FALSE(world.net.has_sent());
    world.net.shut_down([&](void* pointer) { released.push_back(pointer); });
    CHECK(released == std::vector<void*>{&cookie, &released});
    CHECK(world.net.has_sent());
    CHECK(Packet::free_count() == Packet::pool_size());
    CHECK_FALSE(world.net.transmit(TxFrame{segments, {}, &cookie}));
  }
}

TEST_CASE("facts come from the configuration") {
  FakeDevice device;
  device.offered |= feature::kNetMtu | feature::kNetStatus | feature::kNetMergeable |
                    feature::kNetChecksum | feature::kNetGuestChecksum | feature::kEventIndex |
                    feature::kAccessPlatform | ~std::uint64_t{0} << 50;
  device.config[10] = 0x78;
  device.config[11] = 0x05;  // 1400
  device.generation_steps = 5;
  World world(device);
  REQUIRE(world.came_up);
  CHECK(world.net.mtu() == 1400);
  CHECK(world.net.features() == "csum rxcsum mrg");
  CHECK(world.net.offloads().tx_checksum);
  CHECK(world.net.offloads().rx_checksum);
  CHECK(world.net.link_up());
  world.device.config[6] = 0;
  CHECK_FALSE(world.net.link_up());
  CHECK((world.device.accepted & ~std::uint64_t{0} << 50) == 0);
}

TEST_CASE("without an address a local one is generated") {
  for (const bool zero : {false, true}) {
    FakeDevice device;
    device.offered = zero ? device.offered : feature::kVersion1;
    device.config = zero ? std::array<std::uint8_t, 12>{} : device.config;
    World world(device);
    REQUIRE(world.came_up);
    CHECK((world.net.mac().octets[0] & 3) == 2);
    CHECK(world.net.mac().octets[5] != 0);
  }
}

TEST_CASE("the reason why a device can't work is reported") {
  CHECK(failure({.ends_reset = false}) == "virtio-net: the device does not end its reset");
  CHECK(failure({.refuses_features = true}) == "virtio-net: device refused features");
  CHECK(failure({.offered = feature::kNetMac}) ==
        "virtio-net: modern device without VIRTIO_F_VERSION_1");
  CHECK(failure({.legacy = true, .entries = {4096, 256}}) ==
        "virtio-net: queue 0 of 4096 entries is larger than 1024");
  CHECK(failure({.entries = {64, 0}}) == "virtio-net: queue 1 is missing");
  CHECK(failure({.entries = {8, 64}}) == "virtio-net: queue 0 of 8 entries is smaller than 16");
  CHECK(failure({.entries = {48, 64}}) ==
        "virtio-net: queue 0 of 48 entries is not a power of two");
  CHECK(failure({.refuses_queue = true}) == "virtio-net: the doorbell of queue 0 is out of reach");
  FakeDevice small{.offered = feature::kVersion1 | feature::kNetMtu};
  small.config[10] = 67;
  CHECK(failure(small) == "virtio-net: device's MTU of 67 is smaller than 68");
}

TEST_CASE("a modern queue that is too large is reduced, and few buffers are lent") {
  FakeDevice device{.entries = {4096, 256}};
  World world(device);
  REQUIRE(world.came_up);
  CHECK(world.device.entries[0] == 1024);
  CHECK(world.device.queues[0].waiting() == limits::kReceiveBuffers);
  CHECK(Packet::free_count() == kAll - limits::kReceiveBuffers);
}

}  // namespace
}  // namespace mote::virtio
