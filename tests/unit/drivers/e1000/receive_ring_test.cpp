// Tests of the e1000's receive ring: bursts, an empty pool, bad frames, checksums.
#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "tests/unit/drivers/e1000/world.hpp"

namespace mote::e1000 {
namespace {

TEST_CASE("a burst that fills the receive ring is received whole, and the ring recovers") {
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

TEST_CASE("with a grant of few buffers few are lent, and each flush replaces them") {
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
  const auto doorbells = world.device.doorbells[0];
  world.net.flush();
  CHECK(world.device.doorbells[0] == doorbells);  // there is nothing to tell
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

TEST_CASE("an incomplete or damaged frame is counted once, and its buffers return") {
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
  for (unsigned i = 0; i < 3; ++i) {  // without EOP: a frame in several buffers
    REQUIRE(world.device.deliver(frame, 0x01));
  }
  CHECK(world.receive(2) == 0);
  REQUIRE(world.device.deliver(frame, 0x07));  // its end
  REQUIRE(world.device.deliver(frame, 0x07));  // another, complete
  CHECK(world.receive() == 1);
  CHECK(malformed() == before + 1);
  CHECK(world.received.back() == frame);
}

TEST_CASE("a checksum counts as verified only if the device checked it and found it right") {
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

}  // namespace
}  // namespace mote::e1000
