// Tests of the virtio network driver: long TCP segments joined by the device.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "drivers/limits.hpp"
#include "kernel/limits.hpp"
#include "tests/unit/drivers/virtio/world.hpp"

namespace mote::virtio {
namespace {

constexpr std::size_t kBuffer = Packet::kMaxFrameBytes;  // bytes of a buffer, including the header
constexpr NetHeader kLong{.flags = NetHeader::kNeedsChecksum,
                          .segmentation = NetHeader::kTcpIpv4,
                          .header_bytes = 54,
                          .segment_bytes = 1460,
                          .checksum_start = 34,
                          .checksum_offset = 16,
                          .buffers = 0};

// Sizes with which a device fills each buffer to its end.
std::vector<std::size_t> filled(std::size_t frame_bytes) {
  std::vector<std::size_t> sizes;
  for (std::size_t left = frame_bytes + NetHeader::kBytes; left != 0; left -= sizes.back()) {
    sizes.push_back(std::min(left, kBuffer));
  }
  return sizes;
}

// Delivers a long frame, which must arrive; returns its number of packets.
std::size_t arrives(World& world, std::size_t bytes, const std::vector<std::size_t>& sizes) {
  const Bytes frame = frame_of(bytes, static_cast<unsigned>(bytes));
  const auto malformed = world.net.counters().rx_malformed;
  REQUIRE(world.device.put_merged(frame, kLong, sizes));
  world.device.queues[0].show();
  CHECK(world.receive() == 1);
  CHECK(world.received.back() == frame);
  CHECK(world.checksums.back() == RxChecksum::kAbsent);
  CHECK(world.net.counters().rx_malformed == malformed);
  world.net.flush();
  return world.packets.back();
}

TEST_CASE("merged frames of every length arrive, again and again around the ring") {
  for (const bool legacy : {false, true}) {
    for (const Features layout : {Features{0}, feature::kAnyLayout}) {
      World world(device_with(kLargeReceive | layout, legacy, 128));
      REQUIRE(world.device.has(feature::kNetGuestTso4));
      const std::size_t lent = kAll - Packet::free_count();
      // Near the buffers' borders, and the longest IP packet. A last piece of up to 12 bytes fits
      // behind the previous one.
      for (std::size_t pieces = 1; pieces <= 33; ++pieces) {
        const std::size_t full = pieces * kBuffer - NetHeader::kBytes;
        for (const std::size_t more : {0, 1, 12, 13, 700}) {
          const std::size_t bytes = std::min<std::size_t>(full + more, 14 + 65'535);
          const std::size_t expected = pieces + (bytes - full > 12 ? 1 : 0);
          CHECK(arrives(world, bytes, filled(bytes)) == expected);
          const std::size_t missing = lent - (kAll - Packet::free_count());
          CHECK(missing < 128 / 16);  // too few for a refill
        }
      }
      CHECK(arrives(world, 1000, filled(1000)) == 1);
      CHECK(world.net.counters().rx_frames == 33 * 5 + 1);
    }
  }
}

TEST_CASE("a device need not fill its buffers") {
  World world(device_with(kLargeReceive));
  for (const auto& sizes : std::vector<std::vector<std::size_t>>{
           {146, 13, 1}, {146, 13, 13, 12}, {1500, 20, 1982, 1500}, {1982, 1}, {1982, 13}}) {
    std::size_t bytes = 0;
    for (const std::size_t size : sizes) bytes += size;
    CHECK(arrives(world, bytes - NetHeader::kBytes, sizes) <= sizes.size());
  }
}

TEST_CASE("frames of all kinds arrive in turn, and a budget counts frames") {
  World world(device_with(kLargeReceive));
  const Bytes large = frame_of(10'000, 9);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(world.device.put_merged(large, kLong, filled(large.size())));
    REQUIRE(world.device.deliver(frame_of(60)));
  }
  CHECK(world.receive(3) == 3);
  CHECK(world.packets == std::vector<std::size_t>{6, 1, 6});
  CHECK(world.receive() == 5);
  CHECK(world.received[6] == large);
  CHECK(world.received[7] == frame_of(60));
  CHECK(world.net.counters().rx_bytes == 4 * 10'060);
}

TEST_CASE("a sink may keep or answer a piece; the others return to the pool") {
  World world(device_with(kLargeReceive));
  const Bytes large = frame_of(10'000, 9);
  REQUIRE(world.device.put_merged(large, kLong, filled(large.size())));
  world.device.queues[0].show();
  Packet kept;
  struct Sink {
    World& world;
    Packet& kept;
    void operator()(Packet, RxChecksum) const { FAIL("it is a long one"); }
    void operator()(std::span<Packet> pieces, RxChecksum) const {
      kept = std::move(pieces[2]);
      CHECK(world.net.transmit(pieces[5], {}));
    }
  };
  CHECK(world.net.poll_rx(64, Sink{world, kept}) == 1);
  CHECK(kept.frame()[0] == large[2 * kBuffer]);
  CHECK(Packet::free_count() == kAll - (64 - 6) - 2);
  kept = Packet();
  CHECK(Packet::free_count() == kAll - (64 - 6) - 1);
}

// An unusable merged frame, whose completions `put` makes, and a good frame behind it.
void refused(World& world, const std::function<void(DeviceQueue&)>& put) {
  const auto before = world.net.counters().rx_malformed;
  auto& queue = world.device.queues[0];
  put(queue);
  REQUIRE(world.device.deliver(frame_of(77)));
  CHECK(world.receive() == 1);
  CHECK(world.received.back() == frame_of(77));
  CHECK(world.net.counters().rx_malformed == before + 1);
  world.net.flush();
  CHECK(queue.waiting() > 128 - 128 / 16);  // fewer missing aren't worth a refill
  CHECK(Packet::free_count() == kAll - queue.waiting());
}

TEST_CASE("lies about merged frames cost that frame only") {
  World world(device_with(kLargeReceive, false, 128));
  REQUIRE(world.came_up);
  const Bytes frame = frame_of(6000);
  const auto sizes = filled(frame.size());
  const auto with_header = [&](const NetHeader& header) {
    refused(world, [&](DeviceQueue&) { REQUIRE(world.device.put_merged(frame, header, sizes)); });
  };
  for (const std::uint8_t type : {0, 2, 3, 4, 5, 0x80, 0x81, 0xFF}) {
    NetHeader header = kLong;
    header.segmentation = type;
    with_header(header);
  }
  // Pieces indistinguishable from a frame: the header counts more than there are, or none.
  for (const std::uint16_t buffers : {0, 2, 34, 35, 0xFFFF}) {
    refused(world, [&](DeviceQueue& queue) {
      const auto chain = queue.pop();
      NetHeader header = kLong;
      header.buffers = buffers;
      if (buffers == 2) header.segmentation = 0x81;
      std::memcpy(chain->buffers[0].data, &header, sizeof(header));
      queue.put(chain->head, 1500);
      if (buffers == 2) queue.put(queue.pop()->head, 30);
    });
  }
  // One buffer more than the longest frame fills.
  refused(world, [&](DeviceQueue&) {
    std::vector<std::size_t> many(limits::kRxPieces + 1, 1500);
    NetHeader header = kLong;
    REQUIRE(world.device.put_merged(frame_of(many.size() * 1500 - 12), header, many));
  });
  // More bytes than an IP packet can have.
  refused(world, [&](DeviceQueue&) {
    REQUIRE(world.device.put_merged(frame_of(65'550), kLong, filled(65'550)));
  });
  // Headers that extend beyond the first piece.
  refused(world, [&](DeviceQueue&) {
    REQUIRE(world.device.put_merged(frame, kLong,
                                    std::vector<std::size_t>{145, 1982, 1982, 6012 - 4109}));
  });
  // A short piece in the middle.
  refused(world, [&](DeviceQueue&) {
    REQUIRE(world.device.put_merged(frame_of(1982 + 12 + 6), kLong,
                                    std::vector<std::size_t>{1982, 12, 18}));
  });
}

TEST_CASE("lies about a merged frame's pieces cost that frame only") {
  World world(device_with(kLargeReceive, false, 128));
  enum class Lie { kEmpty, kTooLong, kFar, kNobodys };
  for (const Lie lie : {Lie::kEmpty, Lie::kTooLong, Lie::kFar, Lie::kNobodys}) {
    for (const std::size_t place : {0, 1, 2, 3}) {
      refused(world, [&](DeviceQueue& queue) {
        const std::uint16_t buffers = place == 0 ? 1 : 4;
        for (std::size_t i = 0; i < buffers; ++i) {
          if (i == place && lie == Lie::kNobodys) {
            queue.put(4711, 1982);
            continue;
          }
          const auto chain = queue.pop();
          NetHeader header = kLong;
          header.buffers = buffers;
          std::memcpy(chain->buffers[0].data, &header, sizeof(header));
          const std::uint32_t told = lie == Lie::kEmpty ? 0 : lie == Lie::kFar ? 0xFFFF'FFFF : 1983;
          queue.put(chain->head, i == place ? told : 1982);
        }
      });
    }
  }
}

TEST_CASE("unless negotiated, a long segment is no frame") {
  World world(device_with(feature::kNetGuestChecksum | feature::kNetMergeable));
  const Bytes frame = frame_of(6000);
  REQUIRE(world.device.put_merged(frame, kLong, filled(frame.size())));
  NetHeader header = kLong;
  REQUIRE(world.device.deliver(frame_of(600), header));
  REQUIRE(world.device.deliver(frame_of(60)));
  CHECK(world.receive() == 1);
  CHECK(world.net.counters().rx_malformed == 2);
}

TEST_CASE("a reset with pieces and frames to cut in flight loses them, but no buffer") {
  World world(device_with(kLargeReceive | kCutting));
  Bytes memory = frame_of(limits::kHeadroom + 3000);
  const Piece segment{memory.data() + limits::kHeadroom, 3000};
  int cookie = 0;
  REQUIRE(world.net.transmit(TxFrame{.segments = {&segment, 1},
                                     .checksum = {.start = 34, .offset = 16},
                                     .cookie = &cookie,
                                     .cut = {.header_bytes = 54, .payload_bytes = 1460}}));
  const Bytes frame = frame_of(6000);
  REQUIRE(world.device.put_merged(frame, kLong, filled(frame.size())));
  world.device.queues[0].show();
  world.device.status |= status::kNeedsReset;
  CHECK_FALSE(world.net.link_up());
  CHECK(world.receive() == 0);
  int released = 0;
  world.net.reclaim([&](void*) { ++released; });
  CHECK(released == 1);
  CHECK(world.net.link_up());
  CHECK(Packet::free_count() == kAll - 64);
  CHECK(arrives(world, 6000, filled(6000)) == 4);
  // A device that returns without the feature is not the one that the stack knows.
  world.device.offered &= ~feature::kNetHostTso4;
  world.device.status |= status::kNeedsReset;
  CHECK_FALSE(world.net.link_up());
  world.net.reclaim([](void*) {});
  CHECK_FALSE(world.net.link_up());
  world.device.offered |= feature::kNetHostTso4;
}

// Merged frames, honest or not, between others, with a sink that keeps some pieces.
TEST_CASE("whatever the device merges, no packet is lost or duplicated") {
  for (unsigned seed = 0; seed < 6; ++seed) {
    std::mt19937 random(seed);
    World world(device_with(kLargeReceive | ((seed & 1) != 0 ? feature::kAnyLayout : 0) |
                                ((seed & 2) != 0 ? feature::kEventIndex : 0),
                            seed >= 3, 128));
    REQUIRE(world.came_up);
    auto& queue = world.device.queues[0];
    std::vector<Packet> kept;
    struct Sink {
      std::mt19937& random;
      std::vector<Packet>& kept;
      void operator()(Packet packet, RxChecksum) const { keep(packet); }
      void operator()(std::span<Packet> pieces, RxChecksum) const {
        for (Packet& piece : pieces) keep(piece);
      }
      void keep(Packet& packet) const {
        REQUIRE(packet.bytes() <= Packet::kMaxFrameBytes);
        std::memset(packet.data(), 0xAA, packet.bytes());
        if (random() % 4 == 0) kept.push_back(std::move(packet));
      }
    };
    for (int step = 0; step < 20'000; ++step) {
      NetHeader header = kLong;
      header.segmentation = random() % 8 == 0 ? static_cast<std::uint8_t>(random()) : 1;
      const std::size_t count = 1 + random() % (random() % 16 == 0 ? 40 : 8);
      header.buffers = static_cast<std::uint16_t>(random() % 8 == 0 ? random() % 40 : count);
      for (std::size_t i = 0; i < count; ++i) {
        const auto chain = queue.pop();
        if (!chain) break;
        std::memcpy(chain->buffers[0].data, &header, sizeof(header));
        const bool odd = random() % 16 == 0;
        queue.put(random() % 64 == 0 ? random() : chain->head,
                  odd ? random() % 3000 : static_cast<std::uint32_t>(kBuffer));
      }
      if (random() % 2 == 0) queue.show();
      if (random() % 2 == 0) world.net.poll_rx(random() % 40, Sink{random, kept});
      if (random() % 2 == 0) world.net.flush();
      if (random() % 8 == 0) kept.clear();
      if (random() % 500 == 0) {
        world.device.status |= status::kNeedsReset;
        CHECK_FALSE(world.net.link_up());
        world.net.reclaim([](void*) {});
        REQUIRE(Packet::free_count() + kept.size() == kAll - queue.waiting());
      }
    }
    CHECK(world.net.counters().rx_frames > 1000);
    CHECK(world.net.counters().rx_malformed > 1000);
  }
}

}  // namespace
}  // namespace mote::virtio
