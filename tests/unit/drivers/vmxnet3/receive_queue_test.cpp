// Tests of vmxnet3's receive queue: long frames joined by the device, honestly or not.
#include <doctest/doctest.h>

#include <random>
#include <utility>
#include <vector>

#include "drivers/limits.hpp"
#include "tests/unit/drivers/vmxnet3/world.hpp"

namespace mote::vmxnet3 {
namespace {

constexpr std::uint32_t kBegins = FakeDevice::kBegins;
constexpr std::uint32_t kEnds = FakeDevice::kEnds;

TEST_CASE("a frame in several buffers arrives as a span, one in a single buffer by itself") {
  World world;
  constexpr std::uint32_t kGood = 1 << 16 | 1 << 18 | 1 << 19 | 1 << 21;  // tuc, tcp, ipc, v4
  for (unsigned i = 0; i < 500; ++i) {  // around both rings, and around that of completions
    const Bytes frame = frame_of(1983 + 127 * i % 63'000, i);
    REQUIRE(world.device.deliver_large(frame, kGood));
    REQUIRE(world.device.deliver(frame_of(60, i)));
    CHECK(world.receive() == 2);
    CHECK(world.spans == std::vector<std::size_t>{(frame.size() + 1981) / 1982});
    CHECK(world.received == std::vector<Bytes>{frame, frame_of(60, i)});
    CHECK(world.checksums == std::vector{RxChecksum::kVerified, RxChecksum::kUnknown});
    world.received.clear();
    world.checksums.clear();
    world.spans.clear();
    world.nic.flush();
    REQUIRE(are_lent(255));
  }
  CHECK(world.nic.counters().rx_frames == 1000);
  CHECK(world.nic.counters().rx_malformed == 0);
}

TEST_CASE("pieces may come one by one and be short, and a budget counts frames") {
  World world;
  const Bytes frame = frame_of(600);
  REQUIRE(world.device.deliver_piece(world.device.receiving, frame.data(), {kBegins, 100}));
  CHECK(world.receive() == 0);
  world.nic.flush();
  REQUIRE(world.device.deliver_piece(world.device.bodies, frame.data() + 100, {0, 1}));
  CHECK(world.receive() == 0);
  REQUIRE(world.device.deliver_piece(world.device.bodies, frame.data() + 101, {kEnds, 499}));
  CHECK(world.receive() == 1);
  CHECK(world.received == std::vector<Bytes>{frame});
  world.nic.flush();
  for (unsigned i = 0; i < 2; ++i) {
    REQUIRE(world.device.deliver_large(frame_of(50'000)));
    CHECK(world.receive(1) == 1);
    world.nic.flush();
  }
  CHECK(world.nic.counters().rx_malformed == 0);
  CHECK(world.nic.counters().rx_bytes == 600 + 2 * 50'000);
}

TEST_CASE("the sink owns the pieces it takes, the others go to the pool") {
  World world;
  REQUIRE(world.device.deliver_large(frame_of(5000)));
  std::vector<Packet> kept;
  struct Taker {
    std::vector<Packet>& kept;
    void operator()(Packet, RxChecksum) const { FAIL("the frame has three pieces"); }
    void operator()(std::span<Packet> packets, RxChecksum) const {
      REQUIRE(packets.size() == 3);
      kept.push_back(std::move(packets[1]));
    }
  };
  CHECK(world.nic.poll_rx(64, Taker{kept}) == 1);
  CHECK(Packet::free_count() == kAll - 255 + 2);
  CHECK(kept[0].bytes() == 1982);
  kept.clear();
  world.nic.flush();
  CHECK(are_lent(255));
}

// A false piece: its ring, and its completion.
struct Lie {
  bool body;
  std::uint32_t word0;
  std::uint32_t bytes;
};

TEST_CASE("each frame of false pieces is counted once, and the rings stay in step") {
  World world;
  const auto tell = [&](std::vector<Lie> lies, std::uint64_t malformed = 1) {
    const std::uint64_t before = world.nic.counters().rx_malformed;
    for (const Lie& lie : lies) {
      DeviceRing& ring = lie.body ? world.device.bodies : world.device.receiving;
      REQUIRE(world.device.deliver_piece(ring, nullptr, {lie.word0, lie.bytes}));
    }
    CHECK(world.receive() == 0);
    REQUIRE(world.device.deliver_large(frame_of(4000)));
    CHECK(world.receive() == 1);
    CHECK(world.received.back() == frame_of(4000));
    CHECK(world.nic.counters().rx_malformed == before + malformed);
    world.nic.flush();
    CHECK(are_lent(255));
  };
  tell({{false, kBegins, 1982}});                                              // no end
  tell({{false, kBegins, 1982}, {true, 0, 1982}});                             // likewise
  tell({{false, kBegins, 1982}, {true, kBegins, 1982}, {true, kEnds, 9}}, 2);  // begins twice
  tell({{true, 0, 1982}, {true, kEnds, 9}});                                   // no beginning
  tell({{true, kEnds, 9}});                                                    //
  tell({{true, kBegins | kEnds, 60}});                                         // begins in a body
  tell({{false, kBegins, 1982}, {false, kEnds, 9}});                           // ends in a head
  tell({{false, kBegins, 1982}, {false, 0, 9}, {true, 0, 9}, {true, kEnds, 9}});  // counted once
  tell({{false, kBegins, 53}, {true, kEnds, 9}});                                 // no headers
  tell({{false, kBegins, 0}, {true, kEnds, 9}});
  tell({{false, kBegins, 1983}, {true, kEnds, 9}});
  tell({{false, kBegins, 1982}, {true, kEnds, 0}});
  tell({{false, kBegins, 1982}, {true, 0, 0}, {true, kEnds, 9}});
  tell({{false, kBegins, 1982}, {true, kEnds, 1983}});
  tell({{false, kBegins, 1982}, {true, kEnds, 0x3FFF}});
  tell({{false, kBegins, 1982}, {true, kEnds, 100 | 1 << 14}});  // err, as when buffers run out
  std::vector<Lie> many(35, Lie{true, 0, 1});  // more pieces than a frame can have
  many.front() = {false, kBegins, 1982};
  many.back().word0 = kEnds;
  tell(many);
  std::vector<Lie> large(34, Lie{true, 0, 1982});  // more bytes than a frame can have
  large.front() = {false, kBegins, 1982};
  large.back().word0 = kEnds;
  tell(large);
  large.back().bytes = 65'536 - 33 * 1982;  // by one byte
  tell(large);
}

TEST_CASE("the largest frame is 65,535 bytes, and has a buffer for each of its pieces") {
  for (const std::size_t buffers : {std::size_t{255}, std::size_t{132}}) {
    World world({}, buffers);
    const Bytes frame = frame_of(65'535);
    REQUIRE(world.device.deliver_large(frame));
    CHECK(world.receive() == 1);
    CHECK(world.received.back() == frame);
    CHECK(world.spans.back() == limits::kRxPieces);
  }
}

TEST_CASE("each ring's doorbell is rung when the device asks and that ring has news") {
  World world;
  world.device.want_doorbell(true);
  const auto doorbells = [&] {
    world.nic.flush();
    return std::pair{world.device.doorbells(0x800), world.device.doorbells(0xA00)};
  };
  CHECK(doorbells() == std::pair{1, 1});  // those of bring-up
  for (unsigned i = 0; i < 12; ++i) {     // a sixteenth of the first ring's 192 buffers
    CHECK(doorbells() == std::pair{1, 1});
    REQUIRE(world.device.deliver(frame_of(60)));
    CHECK(world.receive() == 1);
  }
  CHECK(doorbells() == std::pair{2, 1});
  for (unsigned i = 0; i < 2; ++i) {  // four of the second ring's 63
    REQUIRE(world.device.deliver_large(frame_of(5000)));
    CHECK(world.receive() == 1);
  }
  CHECK(doorbells() == std::pair{2, 2});
  CHECK(world.device.accesses.back() == Access{'f', 0xA00, 3});  // 67 were lent so far
  CHECK(doorbells() == std::pair{2, 2});
}

TEST_CASE("with few buffers large frames are not enabled, and all go to the first ring") {
  World world({}, 131);
  CHECK(peek<std::uint64_t>(world.device.shared + 24) == 1);  // RXCSUM alone
  CHECK(peek<std::uint16_t>(world.device.shared + 60) == 1);  // maxNumRxSG
  CHECK(Packet::free_count() == kAll - 131);
  for (unsigned i = 0; i < 131; ++i) {
    REQUIRE(world.device.deliver(frame_of(60)));
  }
  CHECK_FALSE(world.device.next_buffer());
  REQUIRE_FALSE(world.device.deliver_piece(world.device.bodies, nullptr, {kEnds, 100}));
  CHECK(world.receive(131) == 131);
}

TEST_CASE("a large frame being received is returned when the device is restarted") {
  World world;
  REQUIRE(world.device.deliver_piece(world.device.receiving, nullptr, {kBegins, 1982}));
  REQUIRE(world.device.deliver_piece(world.device.bodies, nullptr, {0, 1982}));
  CHECK(world.receive() == 0);
  world.device.set_events(1);
  CHECK_FALSE(world.nic.link_up());
  world.reclaim();
  CHECK(Packet::free_count() == kAll - 255);
  REQUIRE(world.device.deliver_large(frame_of(3000)));
  CHECK(world.receive() == 1);
  CHECK(world.received.back() == frame_of(3000));
  CHECK(world.nic.counters().rx_malformed == 0);
}

TEST_CASE("noise in pieces loses no packet and stops nothing") {
  World world;
  std::mt19937 engine(7);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  for (unsigned round = 0; round < 60'000; ++round) {
    DeviceRing& ring = random() % 3 == 0 ? world.device.receiving : world.device.bodies;
    const std::uint32_t word0 = random() & (FakeDevice::kWhole | FakeDevice::kNotSummed);
    const std::uint32_t bytes = random() % 2000 | (random() % 8 == 0 ? 1 << 14 : 0);  // err
    static_cast<void>(world.device.deliver_piece(ring, nullptr, {word0, bytes, random()}));
    static_cast<void>(world.receive());
    world.received.clear();
    if (random() % 4 == 0) {
      world.nic.flush();
    }
  }
  CHECK(world.spans.size() > 100);
  CHECK(world.nic.counters().rx_malformed > 100);
  world.nic.flush();
  REQUIRE(world.device.deliver_large(frame_of(9000)));
  CHECK(world.receive() == 1);
  CHECK(world.received.back() == frame_of(9000));
}

}  // namespace
}  // namespace mote::vmxnet3
