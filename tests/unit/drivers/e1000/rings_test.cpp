// Tests of the e1000's rings: frames both ways, wrap, full, empty, and a device that lies.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "drivers/limits.hpp"
#include "tests/unit/drivers/e1000/world.hpp"

namespace mote::e1000 {
namespace {

TEST_CASE("frames go both ways while the rings and their counts wrap") {
  World world;
  for (unsigned i = 0; i < 70'000; ++i) {
    const Bytes frame = frame_of(14 + i % 1486, i);
    REQUIRE(world.device.deliver(frame));
    REQUIRE(world.receive() == 1);
    REQUIRE(world.received.back() == frame);
    REQUIRE(world.send(frame));
    world.net.flush();
    world.complete_all();
    REQUIRE(world.transmitted.back().frame == frame);
    world.net.reclaim([](void*) { FAIL("no cookie was given"); });
    world.received.clear();
    world.transmitted.clear();
  }
  CHECK(world.net.counters().rx_frames == 70'000);
  CHECK(world.net.counters().tx_frames == 70'000);
  CHECK(world.net.counters().rx_bytes == world.net.counters().tx_bytes);
  CHECK(world.net.counters().rx_malformed == 0);
  CHECK(world.device.contexts == 0);
  // One doorbell a frame sent; one for an eighth of the ring received.
  CHECK(world.device.doorbells[1] == 70'001);
  CHECK(world.device.doorbells[0] < 2'300);
  CHECK(world.net.counters().doorbells + 2 ==
        static_cast<unsigned>(world.device.doorbells[0] + world.device.doorbells[1]));
}

TEST_CASE("a burst that fills the receive ring is taken whole, and the ring comes back") {
  World world;
  for (unsigned round = 0; round < 4; ++round) {
    unsigned count = 0;
    while (world.device.deliver(frame_of(64, count))) {
      ++count;
    }
    CHECK(count == 255);
    CHECK(world.receive(64) == 64);
    CHECK(world.receive(1000) == 191);
    CHECK(world.receive() == 0);
    CHECK(world.received.back() == frame_of(64, 254));
    world.net.flush();
    CHECK(world.device.owned(0x2800) == 255);
  }
}

TEST_CASE("few buffers are lent when few are granted, and each flush makes up for them") {
  for (const std::size_t buffers : {1, 3, 8, 9}) {
    World world({}, buffers);
    CHECK(world.device.owned(0x2800) == buffers);
    CHECK(Packet::free_count() == kAll - buffers);
    for (unsigned i = 0; i < 600; ++i) {
      REQUIRE(world.device.deliver(frame_of(60, i)));
      REQUIRE(world.receive() == 1);
      world.net.flush();
    }
  }
}

TEST_CASE("a ring starved by an empty pool is refilled when the pool has packets again") {
  World world;
  std::vector<Packet> hoard;
  while (Packet packet = Packet::allocate()) {
    hoard.push_back(std::move(packet));
  }
  while (world.device.deliver(frame_of(60))) {
  }
  static_cast<void>(world.net.poll_rx(
      1000, [&](Packet packet, RxChecksum) { hoard.push_back(std::move(packet)); }));
  world.net.flush();
  CHECK(world.device.owned(0x2800) == 0);
  CHECK(world.net.counters().rx_no_buffer == 1);
  hoard.pop_back();
  world.net.flush();
  CHECK(world.device.owned(0x2800) == 1);
  REQUIRE(world.device.deliver(frame_of(60)));
  CHECK(world.receive() == 1);
  hoard.clear();
  world.net.flush();
  CHECK(world.device.owned(0x2800) == 255);
}

TEST_CASE("what is no whole, sound frame is counted once, and its buffers return") {
  World world;
  const Bytes frame = frame_of(100);
  const auto malformed = [&] { return world.net.counters().rx_malformed; };
  for (const std::uint8_t error : {0x01, 0x02, 0x04, 0x10, 0x80}) {  // CE SE SEQ CXE RXE
    const auto before = malformed();
    REQUIRE(world.device.deliver(frame, 0x07, error));
    CHECK(world.receive() == 0);
    CHECK(malformed() == before + 1);
  }
  for (const std::uint16_t length : {0, 13, 1983, 0xFFFF}) {
    const auto before = malformed();
    REQUIRE(world.device.deliver(frame, length, 0x07, 0));
    CHECK(world.receive() == 0);
    CHECK(malformed() == before + 1);
  }
  const auto before = malformed();
  for (unsigned i = 0; i < 3; ++i) {  // without EOP: a frame over several buffers
    REQUIRE(world.device.deliver(frame, 0x01));
  }
  CHECK(world.receive(2) == 0);
  REQUIRE(world.device.deliver(frame, 0x07));  // its end
  REQUIRE(world.device.deliver(frame, 0x07));  // another's whole
  CHECK(world.receive() == 1);
  CHECK(malformed() == before + 1);
  CHECK(world.received.back() == frame);
}

TEST_CASE("a checksum counts as verified only when the device checked it and found it right") {
  struct Case {
    std::uint8_t status;
    std::uint8_t errors;
    RxChecksum result;
  };
  World world;
  for (const Case& each :
       std::initializer_list<Case>{{0x63, 0x00, RxChecksum::kVerified},  // TCPCS and IPCS
                                   {0x23, 0x00, RxChecksum::kVerified},  // TCPCS: IPv6
                                   {0x67, 0x00, RxChecksum::kUnknown},   // IXSM
                                   {0x43, 0x00, RxChecksum::kUnknown},   // IPCS alone
                                   {0x03, 0x00, RxChecksum::kUnknown},   // nothing checked
                                   {0x63, 0x20, RxChecksum::kUnknown},   // TCPE
                                   {0x63, 0x40, RxChecksum::kUnknown},   // IPE
                                   {0x63, 0x60, RxChecksum::kUnknown}}) {
    REQUIRE(world.device.deliver(frame_of(60), each.status, each.errors));
    REQUIRE(world.receive() == 1);
    CHECK(world.checksums.back() == each.result);
  }
}

TEST_CASE("frames in pieces are put together, and cookies come back when the last is reported") {
  World world;
  const Bytes memory = frame_of(1500);
  const std::array<TxSegment, 8> segments = {{{memory.data(), 54},
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
  FakeDevice::report(*sent);
  world.net.reclaim(release);
  CHECK(returned == &cookie);
  CHECK(world.net.counters().tx_bytes == 1500);
}

TEST_CASE("a context is written when it changes, and then alone") {
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

TEST_CASE("padding is left to the device where a checksum is asked for") {
  World world;
  const auto sent = [&](Bytes frame, std::uint16_t ip_bytes, TxChecksum checksum) {
    frame[14] = std::byte{0x45};
    frame[16] = static_cast<std::byte>(ip_bytes >> 8);
    frame[17] = static_cast<std::byte>(ip_bytes);
    int cookie = 0;
    const std::size_t headers = std::min<std::size_t>(frame.size(), 54);
    const std::array<TxSegment, 2> pieces = {
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
  CHECK(sent(frame_of(60), 40, {50, 16}) == 60);  // a checksum outside
  CHECK(sent(frame_of(60), 46, {34, 16}) == 60);
  CHECK(sent(frame_of(60), 40, {}) == 60);        // ARP's padding, say, hurts nobody
  CHECK(sent(frame_of(61), 40, {34, 16}) == 61);  // not Ethernet's padding
  CHECK(sent(frame_of(60), 0, {34, 16}) == 52);   // a length that lies costs no checksum
  CHECK(sent(frame_of(60), 9000, {34, 16}) == 60);
}

TEST_CASE("a full transmit ring refuses, and takes frames again after reclaim") {
  World world({}, 8);
  const Bytes frame = frame_of(60);
  unsigned count = 0;
  while (world.send(frame)) {
    ++count;
  }
  // Two descriptors must be free, for there might be a context; one entry stays empty.
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

TEST_CASE("frames of no bytes or of too many pieces are refused and leave no trace") {
  World world;
  const Bytes memory = frame_of(60);
  int cookie = 0;
  const std::array<TxSegment, 2> nothing = {{{memory.data(), 0}, {memory.data(), 0}}};
  const std::vector<TxSegment> many(limits::kTxSegments + 1, {memory.data(), 1});
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

TEST_CASE("reports of what was never shown to the device are not believed") {
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

bool changed(const FakeNic& net, bool for_sent) {
  Watch watch;
  net.watch(watch, for_sent);
  return watch.has_changed();
}

TEST_CASE("a received frame shows in what is watched, a sent one only if somebody waits for it") {
  World world;
  for (unsigned i = 0; i < 700; ++i) {
    REQUIRE_FALSE(changed(world.net, true));
    REQUIRE(world.device.deliver(frame_of(60)));
    REQUIRE(changed(world.net, false));
    REQUIRE(world.receive() == 1);
    REQUIRE(world.send(frame_of(60)));
    world.net.flush();
    REQUIRE_FALSE(changed(world.net, true));
    world.complete_all();
    REQUIRE(changed(world.net, true));
    REQUIRE_FALSE(changed(world.net, false));
    world.net.reclaim([](void*) {});
  }
}

TEST_CASE("a sent frame is waited for when the pool could not fill the receive ring") {
  World world;
  std::vector<Packet> hoard;
  REQUIRE(world.send(frame_of(60)));
  while (Packet packet = Packet::allocate()) {
    hoard.push_back(std::move(packet));
  }
  REQUIRE(world.device.deliver(frame_of(60)));
  REQUIRE(world.receive() == 1);
  hoard.push_back(Packet::allocate());  // what came back with the frame
  world.net.flush();
  CHECK_FALSE(changed(world.net, false));
  world.complete_all();
  CHECK(changed(world.net, false));
}

TEST_CASE("for a doze old causes are read away, then some are let through; behind it none") {
  World world;
  REQUIRE(world.net.can_wake());
  for (const bool for_sent : {false, true}) {
    world.device.writes.clear();
    world.device.cause_reads = 0;
    world.net.arm(for_sent);
    CHECK(world.device.cause_reads == 1);
    CHECK(world.device.writes_at_cause == 0);  // before the mask was opened
    // LSC, RXO and RXT0; with TXDW if somebody waits for what was sent.
    CHECK(world.device.writes == std::vector<Access>{{0xD0, for_sent ? 0xC5U : 0xC4U}});
    world.device.writes.clear();
    world.net.disarm();
    CHECK(world.device.writes == std::vector<Access>{{0xD8, 0xFFFF'FFFF}});
  }
}

}  // namespace
}  // namespace mote::e1000
