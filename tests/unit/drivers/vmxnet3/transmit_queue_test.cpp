// Tests of vmxnet3's transmit queue: long segments that the device cuts, split and refused.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "tests/unit/drivers/vmxnet3/world.hpp"

namespace mote::vmxnet3 {
namespace {

constexpr TxChecksum kTcp = {.start = 34, .offset = 16};
constexpr TxCut kCut = {.header_bytes = 54, .payload_bytes = 1460};

// Headers and the longest payload, in two places.
struct Long {
  Bytes headers = frame_of(54);
  Bytes payload = frame_of(limits::kTxPayloadBytes, 3);

  [[nodiscard]] std::array<Piece, 2> segments() const {
    return {{{headers.data(), 54}, {payload.data(), static_cast<std::uint32_t>(payload.size())}}};
  }
  [[nodiscard]] Bytes whole() const {
    Bytes all = headers;
    all.insert(all.end(), payload.begin(), payload.end());
    return all;
  }
};

TEST_CASE("a segment to cut has this in its first descriptor, and long pieces are split") {
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
    const std::array<Piece, 2> segments = {{{headers.data(), 54}, {payload.data(), bytes}}};
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

TEST_CASE("segments to cut meet the ring's end at every place") {
  World world;
  const Long memory;
  const auto segments = memory.segments();
  const Bytes whole = memory.whole();
  int cookie = 0;
  for (unsigned i = 0; i < 1100; ++i) {  // five descriptors each, coprime to the ring's 512
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

TEST_CASE("a nearly full ring takes what fits into its free descriptors, split pieces counted") {
  World world({}, 32);
  const Long memory;
  const auto segments = memory.segments();
  const Bytes frame = frame_of(60);
  int cookie = 0;
  for (unsigned i = 0; i < 507; ++i) {
    REQUIRE(world.send(frame));
  }
  const TxFrame large{segments, kTcp, &cookie, kCut};
  CHECK_FALSE(world.nic.transmit(large));  // five wanted, four free
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

TEST_CASE("a frame that descriptors can't describe is refused, not truncated") {
  World world;
  const Long memory;
  const Bytes more(65'300);
  int cookie = 0;
  const auto refused = [&](std::array<Piece, 2> segments, TxCut cut) {
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

}  // namespace
}  // namespace mote::vmxnet3
