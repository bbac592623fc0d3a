// Tests of the e1000's TCP segmentation: descriptors bit by bit against the manual, split pieces,
// room in the ring, and contexts not taken for each other.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "drivers/limits.hpp"
#include "tests/unit/drivers/e1000/world.hpp"

namespace mote::e1000 {
namespace {

using Descriptor = FakeDevice::Descriptor;

constexpr std::uint16_t kHeaders = 54;
constexpr TxChecksum kTcp = {34, 16};
// IPCSS 14, IPCSO 24, IPCSE 33, TUCSS 34, TUCSO 50, TUCSE 0.
constexpr std::uint64_t kOffsets = 0x0000'3222'0021'180E;

// Bits 63 to 56 are POPTS, 31 to 24 DEXT, TSE, IFCS; 23 to 20 the type.
constexpr std::uint64_t kData = 0x0000'0300'2610'0000;
constexpr std::uint64_t kLast = 0x0000'0300'2F10'0000;  // with RS and EOP

std::uint64_t at(const std::byte* data) { return reinterpret_cast<std::uintptr_t>(data); }

// A frame as netstack passes it: headers first, then payload in pieces of the given lengths.
struct Long {
  explicit Long(std::vector<std::uint32_t> payload, std::uint16_t frame_bytes = 1460,
                std::uint16_t headers = kHeaders)
      : memory(frame_of(std::accumulate(payload.begin(), payload.end(), std::size_t{headers}))),
        cut{headers, frame_bytes} {
    const std::byte* next = memory.data();
    payload.insert(payload.begin(), headers);
    for (const std::uint32_t bytes : payload) {
      pieces.push_back({next, bytes});
      next += bytes;
    }
  }
  [[nodiscard]] TxFrame frame() { return {pieces, kTcp, this, cut}; }

  Bytes memory;
  std::vector<Piece> pieces;
  TxCut cut;
};

FakeDevice::Sent sent(World& world, Long& frame) {
  REQUIRE(world.net.transmit(frame.frame()));
  world.net.flush();
  auto got = world.device.collect();
  REQUIRE(got);
  FakeDevice::report(*got);
  void* returned = nullptr;
  world.net.reclaim([&](void* cookie) { returned = cookie; });
  CHECK(returned == &frame);
  CHECK(got->frame == frame.memory);
  return *got;
}

std::vector<std::uint32_t> lengths_of(const FakeDevice::Sent& sent) {
  std::vector<std::uint32_t> lengths;
  for (const Descriptor& descriptor : std::span(sent.descriptors).subspan(1)) {
    lengths.push_back(descriptor.high & 0xF'FFFF);
  }
  return lengths;
}

TEST_CASE("context, headers, payload and its last four bytes have the manual's descriptors") {
  for (const std::uint16_t id : {0x1008, 0x100E, 0x10D3}) {
    World world({.id = id});
    Long frame({2000});
    const std::byte* const data = frame.memory.data();
    CHECK(sent(world, frame).descriptors ==
          std::vector<Descriptor>{
              {kOffsets, 0x05B4'3600'2700'07D0},  // MSS 1460, HDRLEN 54; PAYLEN 2000
              {at(data), kData | 54},
              {at(data) + 54, kData | 1996},
              {at(data) + 2050, kLast | 4},
          });
    CHECK(world.net.counters().tx_frames == 1);
    CHECK(world.net.counters().tx_bytes == 2054);
  }
}

TEST_CASE("headers with options have their length in HDRLEN, and their own descriptor") {
  World world;
  Long frame({1448, 100}, 1448, 66);
  // The payload begins in the piece with the headers.
  frame.pieces[0].bytes += 10;
  frame.pieces[1] = {frame.pieces[1].data + 10, frame.pieces[1].bytes - 10};
  const auto got = sent(world, frame);
  CHECK(got.descriptors[0] == Descriptor{kOffsets, 0x05A8'4200'2700'060C});
  CHECK(lengths_of(got) == std::vector<std::uint32_t>{66, 10, 1438, 96, 4});
}

TEST_CASE("long pieces are split at 4 KiB or four frames, the last bytes by themselves") {
  using Lengths = std::vector<std::uint32_t>;
  const auto split = [](std::vector<std::uint32_t> pieces, std::uint16_t frame_bytes) {
    World world;
    Long frame(std::move(pieces), frame_bytes);
    return lengths_of(sent(world, frame));
  };
  CHECK(split({8192}, 1460) == Lengths{54, 4096, 4092, 4});
  CHECK(split({8193}, 1460) == Lengths{54, 4096, 4096, 1});
  CHECK(split({8200}, 1460) == Lengths{54, 4096, 4096, 8});
  CHECK(split({8201}, 1460) == Lengths{54, 4096, 4096, 5, 4});
  CHECK(split({5000}, 536) == Lengths{54, 2144, 2144, 708, 4});
  CHECK(split({100, 0, 5000, 300}, 1460) == Lengths{54, 100, 4096, 904, 296, 4});
  CHECK(split({1461}, 1460) == Lengths{54, 1457, 4});
  CHECK(split({1460, 1}, 1460) == Lengths{54, 1460, 1});
}

TEST_CASE("no frame takes more descriptors than are reserved for it") {
  World world;
  for (const std::uint16_t frame_bytes : {1, 17, 64, 216, 536, 1220, 1460}) {
    std::vector<std::uint32_t> pieces(limits::kTxSegments - 1, 9000);
    pieces.back() = limits::kTxPayloadBytes - 6 * 9000;
    Long frame(pieces, frame_bytes);
    const auto got = sent(world, frame);
    CHECK(got.descriptors.size() <= TransmitRing::kMostOfCut);
    CHECK(got.descriptors[0].high ==
          (std::uint64_t{frame_bytes} << 48 | 0x0000'3600'2700'0000 | limits::kTxPayloadBytes));
    // Four frames' worth in each, except with frames so short that they would fill the ring.
    for (const std::uint32_t length : lengths_of(got)) {
      CHECK(length <= std::max(2008U, std::min(4096U, 4U * frame_bytes)));
    }
  }
}

TEST_CASE("a plain frame after a cut one gets a plain context, and vice versa") {
  World world;
  const auto plain = [&] {
    REQUIRE(world.send(frame_of(60), kTcp));
    world.net.flush();
    world.complete_all();
    world.net.reclaim([](void*) {});
    return world.transmitted.back().descriptors;
  };
  Long frame({3000});
  CHECK(plain().front() == Descriptor{kOffsets, 0x0000'0000'2300'0000});
  CHECK(plain().size() == 1);
  CHECK(sent(world, frame).descriptors[0].high == 0x05B4'3600'2700'0BB8);
  // Always a context of its own.
  CHECK(sent(world, frame).descriptors[0].high == 0x05B4'3600'2700'0BB8);
  CHECK(plain().front() == Descriptor{kOffsets, 0x0000'0000'2300'0000});
  CHECK(plain().size() == 1);
}

TEST_CASE("after a cut frame the next one in one descriptor has its last bytes split off") {
  World world;
  const auto plain = [&](std::size_t bytes) {
    REQUIRE(world.send(frame_of(bytes)));
    world.net.flush();
    world.complete_all();
    world.net.reclaim([](void*) {});
    const auto& got = world.transmitted.back();
    CHECK(got.frame == frame_of(bytes));
    return got.descriptors;
  };
  Long frame({3000});
  sent(world, frame);
  auto got = plain(100);
  REQUIRE(got.size() == 2);
  CHECK(got[0].high == 0x2210'0060);  // DEXT, IFCS; 96 bytes
  CHECK(got[1] == Descriptor{got[0].low + 96, 0x2B10'0004});
  CHECK(plain(100).size() == 1);

  // A frame in several descriptors isn't split, and leaves that to the next.
  sent(world, frame);
  const Bytes memory = frame_of(100);
  int cookie = 0;
  const std::array<Piece, 2> pieces = {{{memory.data(), 54}, {memory.data() + 54, 46}}};
  REQUIRE(world.net.transmit(TxFrame{pieces, {}, &cookie}));
  world.net.flush();
  world.complete_all();
  world.net.reclaim([](void*) {});
  CHECK(world.transmitted.back().descriptors.size() == 2);
  CHECK(plain(100).size() == 2);
  CHECK(plain(100).size() == 1);
}

TEST_CASE("a ring without room for the longest refuses a cut frame, and loses nothing") {
  Long frame({30'000, 30'000});  // outlives the world, which still reads lent memory
  World world({}, 8);
  unsigned lent = 0;
  unsigned descriptors = 0;
  while (world.net.transmit(frame.frame())) {
    ++lent;
    descriptors += 1 + 1 + 8 + 8 + 1;
  }
  CHECK(descriptors <= 511);
  CHECK(511 - descriptors < TransmitRing::kMostOfCut);
  CHECK(world.net.counters().tx_full == 1);
  CHECK(world.net.counters().tx_frames == lent);
  // Plain frames still fit, the first with a context and its end split off.
  unsigned plain = 0;
  while (world.send(frame_of(60), kTcp)) {
    ++plain;
  }
  CHECK(descriptors + 1 + 2 + (plain - 1) == 510);  // room for a context is always reserved
  world.net.flush();
  CHECK(world.device.owned(0x3800) == 510);
  for (unsigned i = 0; i < lent; ++i) {
    const auto got = world.device.collect();
    REQUIRE(got);
    CHECK(got->frame == frame.memory);
    FakeDevice::report(*got);
  }
  unsigned returned = 0;
  world.net.reclaim([&](void* cookie) {
    CHECK(cookie == &frame);
    ++returned;
  });
  CHECK(returned == lent);
  CHECK(world.net.transmit(frame.frame()));
}

TEST_CASE("a cut frame comes back only once its last descriptor is reported") {
  World world;
  Long frame({30'000});
  REQUIRE(world.net.transmit(frame.frame()));
  world.net.flush();
  const auto got = world.device.collect();
  REQUIRE(got);
  std::byte* const ring = world.device.ring(0x3800);
  for (std::size_t i = 0; i + 1 < got->descriptors.size(); ++i) {
    ring[16 * i + 12] = std::byte{1};
  }
  unsigned returned = 0;
  world.net.reclaim([&](void*) { ++returned; });
  CHECK(returned == 0);
  FakeDevice::report(*got);
  world.net.reclaim([&](void*) { ++returned; });
  CHECK(returned == 1);
}

TEST_CASE("cut and plain frames follow each other while the ring's counts wrap") {
  World world;
  unsigned contexts = 0;
  for (unsigned i = 0; i < 9000; ++i) {
    Long frame({1 + i % 30'000, 1461}, static_cast<std::uint16_t>(500 + i % 961));
    sent(world, frame);
    const Bytes plain = frame_of(60 + i % 1400, i);
    REQUIRE(world.send(plain, i % 3 == 0 ? kTcp : TxChecksum{}));
    world.net.flush();
    world.complete_all();
    REQUIRE(world.transmitted.back().frame == plain);
    world.transmitted.clear();
    world.net.reclaim([](void*) {});
    contexts += 1 + (i % 3 == 0 ? 1 : 0);
  }
  CHECK(world.device.contexts == static_cast<int>(contexts));
  CHECK(world.net.counters().tx_full == 0);
}

TEST_CASE("a frame that can't be cut is refused and leaves no trace") {
  World world;
  const auto refused = [&](Long& frame, TxChecksum checksum) {
    TxFrame given = frame.frame();
    given.checksum = checksum;
    return !world.net.transmit(given);
  };
  Long good({3000});
  CHECK(refused(good, {}));
  CHECK(refused(good, {40, 16}));  // the checksum isn't in the headers
  Long bare({});
  CHECK(refused(bare, kTcp));
  Long empty({0});
  CHECK(refused(empty, kTcp));
  Long long_headers({3000}, 1460, 241);
  CHECK(refused(long_headers, kTcp));
  Long too_long({limits::kTxPayloadBytes, 1});
  CHECK(refused(too_long, kTcp));
  Long apart({3000});
  apart.pieces[0].bytes -= 1;
  CHECK(refused(apart, kTcp));  // headers in two pieces
  Long many({1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(refused(many, kTcp));
  TxFrame none = good.frame();
  none.segments = {};
  CHECK_FALSE(world.net.transmit(none));
  CHECK(world.net.counters().tx_frames == 0);
  CHECK(world.net.counters().tx_full == 0);
  sent(world, good);
}

}  // namespace
}  // namespace mote::e1000
