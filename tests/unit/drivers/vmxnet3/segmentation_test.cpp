// Tests of the vmxnet3 driver's long segments: those that the device cuts, and those that it put
// together, honestly or not.
#include <doctest/doctest.h>

#include <array>
#include <random>
#include <utility>
#include <vector>

#include "drivers/limits.hpp"
#include "tests/unit/drivers/vmxnet3/world.hpp"

namespace mote::vmxnet3 {
namespace {

constexpr std::uint32_t kBegins = FakeDevice::kBegins;
constexpr std::uint32_t kEnds = FakeDevice::kEnds;
constexpr TxChecksum kTcp = {.start = 34, .offset = 16};
constexpr TxCut kCut = {.header_bytes = 54, .payload_bytes = 1460};

// Headers and the longest payload, in two places.
struct Long {
  Bytes headers = frame_of(54);
  Bytes payload = frame_of(limits::kTxPayloadBytes, 3);

  [[nodiscard]] std::array<TxSegment, 2> segments() const {
    return {{{headers.data(), 54}, {payload.data(), static_cast<std::uint32_t>(payload.size())}}};
  }
  [[nodiscard]] Bytes whole() const {
    Bytes all = headers;
    all.insert(all.end(), payload.begin(), payload.end());
    return all;
  }
};

TEST_CASE("a segment to be cut says so in its first descriptor, and long pieces are split") {
  World world;
  const Long memory;
  const auto segments = memory.segments();
  int cookie = 0;
  REQUIRE(world.nic.offloads().segmentation == Segmentation::kNoLengthInSum);
  REQUIRE(world.nic.transmit(TxFrame{segments, kTcp, &cookie, kCut}));
  world.nic.flush();
  CHECK(world.device.accesses.back() == Access{'f', 0x600, 5});
  const auto sent = world.device.collect();
  REQUIRE(sent);
  CHECK(sent->frame == memory.whole());
  REQUIRE(sent->descriptors.size() == 5);
  // dword 2: msscof from bit 18, gen 14, len 0; dword 3: cq 13, eop 12, om from 10, hlen.
  CHECK(sent->descriptors[0].word2 == (1460u << 18 | 1u << 14 | 54));
  CHECK(sent->descriptors[0].word3 == (3u << 10 | 54));
  for (unsigned i = 1; i < 4; ++i) {
    CHECK(sent->descriptors[i].word2 == 1u << 14);  // 16,384 bytes
    CHECK(sent->descriptors[i].word3 == 0);
    CHECK(sent->descriptors[i].address ==
          reinterpret_cast<std::uint64_t>(memory.payload.data()) + 16'384 * (i - 1));
  }
  CHECK(sent->descriptors[4].word2 == (1u << 14 | (64'240 - 3 * 16'384)));
  CHECK(sent->descriptors[4].word3 == (1u << 13 | 1u << 12));
  world.device.complete_sent(sent->last);
  world.reclaim();
  CHECK(world.released == std::vector<void*>{&cookie});
  CHECK(world.nic.counters().tx_frames == 1);
  CHECK(world.nic.counters().tx_bytes == 54 + 64'240);
}

TEST_CASE("a piece of 16,384 bytes takes one descriptor, and one byte more takes two") {
  World world;
  const Bytes payload = frame_of(32'769);
  const Bytes headers = frame_of(54);
  int cookie = 0;
  const auto pieces_for = [&](std::uint32_t bytes) {
    const std::array<TxSegment, 2> segments = {{{headers.data(), 54}, {payload.data(), bytes}}};
    REQUIRE(world.nic.transmit(TxFrame{segments, kTcp, &cookie, kCut}));
    const auto sent = world.device.collect();
    REQUIRE(sent);
    CHECK(sent->frame.size() == 54 + bytes);
    return sent->pieces - 1;
  };
  CHECK(pieces_for(16'383) == 1);
  CHECK(pieces_for(16'384) == 1);
  CHECK(pieces_for(16'385) == 2);
  CHECK(pieces_for(32'768) == 2);
  CHECK(pieces_for(32'769) == 3);
}

TEST_CASE("segments to be cut go round the ring's end at every place") {
  World world;
  const Long memory;
  const auto segments = memory.segments();
  const Bytes whole = memory.whole();
  int cookie = 0;
  for (unsigned i = 0; i < 1100; ++i) {  // five descriptors each, prime to the ring's 512
    REQUIRE(world.nic.transmit(TxFrame{segments, kTcp, &cookie, kCut}));
    const auto sent = world.device.collect();
    REQUIRE(sent);
    REQUIRE(sent->last == (5 * i + 4) % 512);
    for (unsigned piece = 0; piece < 5; ++piece) {
      const unsigned generation = ((5 * i + piece) / 512 + 1) % 2;
      REQUIRE((sent->descriptors[piece].word2 >> 14 & 1) == generation);
    }
    REQUIRE(sent->frame == whole);
    world.device.complete_sent(sent->last);
    world.reclaim();
  }
  CHECK(world.released.size() == 1100);
  CHECK(world.nic.counters().tx_malformed + world.nic.counters().tx_full == 0);
}

TEST_CASE("a ring nearly full takes what fits into its free descriptors, split pieces counted") {
  World world({}, 32);
  const Long memory;
  const auto segments = memory.segments();
  const Bytes frame = frame_of(60);
  int cookie = 0;
  for (unsigned i = 0; i < 507; ++i) {
    REQUIRE(world.send(frame));
  }
  const TxFrame large{segments, kTcp, &cookie, kCut};
  CHECK_FALSE(world.nic.transmit(large));  // wants five of four
  CHECK(world.nic.counters().tx_full == 1);
  for (unsigned i = 0; i < 507; ++i) {
    const auto sent = world.device.collect();
    REQUIRE(sent);
    world.device.complete_sent(sent->last);
    if (i == 0) {
      world.reclaim();
      CHECK(world.nic.transmit(large));
      CHECK_FALSE(world.nic.transmit(large));
      CHECK(world.nic.counters().tx_full == 2);
      CHECK_FALSE(world.send(frame));
    }
  }
  world.reclaim();
  CHECK(world.released.empty());
  const auto sent = world.device.collect();
  REQUIRE(sent);
  CHECK(sent->pieces == 5);
  world.device.complete_sent(sent->last);
  world.reclaim();
  CHECK(world.released == std::vector<void*>{&cookie});
}

TEST_CASE("what no descriptor can say is refused, not cut off") {
  World world;
  const Long memory;
  const Bytes more(65'300);
  int cookie = 0;
  const auto refused = [&](std::array<TxSegment, 2> segments, TxCut cut) {
    return !world.nic.transmit(TxFrame{segments, kTcp, &cookie, cut});
  };
  const auto segments = memory.segments();
  CHECK(refused(segments, {.header_bytes = 54, .payload_bytes = 16'384}));
  CHECK(refused(segments, {.header_bytes = 0, .payload_bytes = 1460}));
  CHECK(refused(segments, {.header_bytes = 55, .payload_bytes = 1460}));  // not in the first piece
  CHECK(refused(segments, {}));                                           // long, and not to be cut
  CHECK(refused({{{more.data(), 1024}, {more.data(), 100}}},
                {.header_bytes = 1024, .payload_bytes = 1460}));
  CHECK(refused({{{more.data(), 54}, {more.data(), 65'300}}}, kCut));
  CHECK(refused({{{more.data(), 54}, {more.data(), 0}}}, kCut));
  CHECK(world.nic.counters().tx_full + world.nic.counters().tx_frames == 0);
  CHECK_FALSE(world.device.collect());
}

TEST_CASE("a frame in several buffers comes as a span, in one alone") {
  World world;
  constexpr std::uint32_t kGood = 1 << 16 | 1 << 18 | 1 << 19 | 1 << 21;  // tuc, tcp, ipc, v4
  for (unsigned i = 0; i < 500; ++i) {  // round both rings, and round that of completions
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
    REQUIRE(Packet::free_count() == kAll - 255);
  }
  CHECK(world.nic.counters().rx_frames == 1000);
  CHECK(world.nic.counters().rx_malformed == 0);
}

TEST_CASE("pieces may come one by one and short, and a budget counts frames, not pieces") {
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

TEST_CASE("what the sink takes is its own, what it leaves goes to the pool") {
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
  CHECK(Packet::free_count() == kAll - 255);
}

// Pieces of a lie: what ring, what the completion says.
struct Lie {
  bool body;
  std::uint32_t word0;
  std::uint32_t bytes;
};

TEST_CASE("frames in pieces that lie are counted once each, and the rings stay in step") {
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
    CHECK(Packet::free_count() == kAll - 255);
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
  large.back().bytes = 65'536 - 33 * 1982;  // by one
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
  REQUIRE(world.device.deliver(frame_of(60)));
  CHECK(world.receive() == 1);
  CHECK(doorbells() == std::pair{2, 1});
  REQUIRE(world.device.deliver_large(frame_of(5000)));
  CHECK(world.receive() == 1);
  CHECK(doorbells() == std::pair{3, 2});
  CHECK(world.device.accesses.back() == Access{'f', 0xA00, 1});  // 65 were lent so far
  CHECK(doorbells() == std::pair{3, 2});
}

TEST_CASE("with few buffers large frames are not asked for, and all go to the first ring") {
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

TEST_CASE("a large frame in the making is given back when the device is started anew") {
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
