// Tests of the e1000's transmit ring: pieces, contexts, padding, a full ring, false reports.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "drivers/limits.hpp"
#include "tests/unit/drivers/e1000/world.hpp"

namespace mote::e1000 {
namespace {

TEST_CASE("frames in pieces are joined, and cookies come back when the last piece is reported") {
  World world;
  const Bytes memory = frame_of(1500);
  const std::array<Piece, 8> segments = {{{memory.data(), 54},
                                          {memory.data() + 54, 0},
                                          {memory.data() + 54, 1},
                                          {memory.data() + 55, 45},
                                          {memory.data() + 100, 400},
                                          {memory.data() + 500, 500},
                                          {memory.data() + 1000, 499},
                                          {memory.data() + 1499, 1}}};
  int cookie = 0;
  void* returned = nullptr;
  const auto release = [&](void* given) { returned = given; };
  REQUIRE(world.net.transmit(TxFrame{segments, {34, 16}, &cookie}));
  world.net.reclaim(release);
  CHECK(returned == nullptr);
  world.net.flush();
  const auto sent = world.device.collect();
  REQUIRE(sent);
  CHECK(sent->frame == memory);
  world.net.reclaim(release);
  CHECK(returned == nullptr);
  CHECK_FALSE(world.net.has_sent());
  FakeDevice::report(*sent);
  world.net.reclaim(release);
  CHECK(returned == &cookie);
  CHECK(world.net.has_sent());
  CHECK(world.net.counters().tx_bytes == 1500);
}

TEST_CASE("a device that is shut down gives back what it never sent") {
  World world;
  const Bytes memory = frame_of(100);
  const std::array<Piece, 1> segments = {{{memory.data(), 100}}};
  int cookie = 0;
  std::vector<void*> returned;
  REQUIRE(world.net.transmit(TxFrame{segments, {}, &cookie}));
  world.net.flush();
  REQUIRE(world.net.transmit(TxFrame{segments, {}, &returned}));  // not shown to it
  world.net.shut_down([&](void* given) { returned.push_back(given); });
  CHECK(returned == std::vector<void*>{&cookie, &returned});
  CHECK(world.net.has_sent());
  CHECK(Packet::free_count() == Packet::pool_size());
}

TEST_CASE("a context is written when it changes, and only then") {
  World world;
  const auto send = [&](TxChecksum checksum) {
    REQUIRE(world.send(frame_of(60), checksum));
    world.net.flush();
    world.complete_all();
    world.net.reclaim([](void*) {});
    return world.transmitted.back().context;
  };
  // IPCSS 14, IPCSO 24, IPCSE 33, TUCSS 34, TUCSO 50, TUCSE 0.
  CHECK(send({34, 16}) == 0x0000'3222'0021'180E);
  CHECK(world.device.contexts == 1);
  CHECK(send({}) == 0);
  CHECK(send({34, 16}) == 0x0000'3222'0021'180E);
  CHECK(world.device.contexts == 1);
  CHECK(send({38, 16}) == 0x0000'3626'0025'180E);  // a longer IP header
  CHECK(send({34, 6}) == 0x0000'2822'0021'180E);   // UDP
  CHECK(send({34, 16}) == 0x0000'3222'0021'180E);
  CHECK(world.device.contexts == 4);
}

TEST_CASE("padding is left to the device if a checksum is wanted") {
  World world;
  const auto sent = [&](Bytes frame, std::uint16_t ip_bytes, TxChecksum checksum) {
    frame[14] = std::byte{0x45};
    frame[16] = static_cast<std::byte>(ip_bytes >> 8);
    frame[17] = static_cast<std::byte>(ip_bytes);
    int cookie = 0;
    const std::size_t headers = std::min<std::size_t>(frame.size(), 54);
    const std::array<Piece, 2> pieces = {
        {{frame.data(), static_cast<std::uint32_t>(headers)},
         {frame.data() + headers, static_cast<std::uint32_t>(frame.size() - headers)}}};
    REQUIRE(world.net.transmit(TxFrame{pieces, checksum, &cookie}));
    world.net.flush();
    world.complete_all();
    world.net.reclaim([](void*) {});
    return world.transmitted.back().frame.size();
  };
  CHECK(sent(frame_of(60), 40, {34, 16}) == 54);
  CHECK(sent(frame_of(60), 44, {34, 16}) == 58);
  CHECK(sent(frame_of(60), 40, {50, 16}) == 60);  // a checksum outside the packet
  CHECK(sent(frame_of(60), 46, {34, 16}) == 60);
  CHECK(sent(frame_of(60), 40, {}) == 60);        // ARP's padding, for example, does no harm
  CHECK(sent(frame_of(61), 40, {34, 16}) == 61);  // not Ethernet's padding
  CHECK(sent(frame_of(60), 0, {34, 16}) == 52);   // a false length costs no checksum
  CHECK(sent(frame_of(60), 9000, {34, 16}) == 60);
}

TEST_CASE("a full transmit ring refuses, and takes frames again after reclaim") {
  World world({}, 8);
  const Bytes frame = frame_of(60);
  unsigned count = 0;
  while (world.send(frame)) {
    ++count;
  }
  // Two descriptors must be free, as a context may be needed; one entry stays empty.
  CHECK(count == 510);
  CHECK(world.net.counters().tx_full == 1);
  CHECK(Packet::free_count() == kAll - 8 - 510);
  world.net.flush();
  CHECK(world.device.doorbells[1] == 2);
  for (unsigned i = 0; i < 100; ++i) {
    FakeDevice::report(*world.device.collect());
  }
  world.net.reclaim([](void*) {});
  count = 0;
  while (world.send(frame)) {
    ++count;
  }
  CHECK(count == 100);
}

TEST_CASE("frames without bytes or with too many pieces are refused and leave no trace") {
  World world;
  const Bytes memory = frame_of(60);
  int cookie = 0;
  const std::array<Piece, 2> nothing = {{{memory.data(), 0}, {memory.data(), 0}}};
  const std::vector<Piece> many(limits::kTxSegments + 1, {memory.data(), 1});
  CHECK_FALSE(world.net.transmit(TxFrame{nothing, {34, 16}, &cookie}));
  CHECK_FALSE(world.net.transmit(TxFrame{{}, {}, &cookie}));
  CHECK_FALSE(world.net.transmit(TxFrame{many, {}, &cookie}));
  REQUIRE(world.send(memory, {34, 16}));
  world.net.flush();
  world.complete_all();
  REQUIRE(world.transmitted.size() == 1);
  CHECK(world.transmitted[0].frame == memory);
  CHECK(world.transmitted[0].context == 0x0000'3222'0021'180E);
}

TEST_CASE("reports of frames never shown to the device are ignored") {
  World world;
  REQUIRE(world.send(frame_of(60)));
  const std::size_t free = Packet::free_count();
  std::byte* const ring = world.device.ring(0x3800);
  for (unsigned i = 0; i < 512; ++i) {
    ring[16 * i + 12] = std::byte{1};
  }
  world.net.reclaim([](void*) { FAIL("no cookie was given"); });
  CHECK(Packet::free_count() == free);
  for (unsigned i = 0; i < 512; ++i) {
    ring[16 * i + 12] = std::byte{0};
  }
}

}  // namespace
}  // namespace mote::e1000
