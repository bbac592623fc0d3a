// Tests of the vmxnet3 driver with a device that fails or lies: nothing is lost, nothing hangs.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/drivers/vmxnet3/world.hpp"
#include "tests/unit/fake_console.hpp"

namespace mote::vmxnet3 {
namespace {

constexpr std::uint32_t kBegins = FakeDevice::kBegins;
constexpr std::uint32_t kEnds = FakeDevice::kEnds;
constexpr std::uint32_t kWhole = FakeDevice::kWhole;

TEST_CASE("unusable frames are counted, and their buffers lent again") {
  World world;
  const auto malformed = [&] { return world.nic.counters().rx_malformed; };
  const auto give = [&](std::uint32_t word0, std::uint32_t word2) {
    const auto index = world.device.next_buffer();
    REQUIRE(index);
    world.device.receiving.advance();
    world.device.complete({*index | word0, 0, word2, 0});
    CHECK(world.receive() == 0);
    world.nic.flush();
    CHECK(are_lent(255));
  };
  give(kWhole, 100 | 1 << 14);  // err
  CHECK(malformed() == 1);
  give(kWhole, 13);
  give(kWhole, 0);
  CHECK(malformed() == 3);
  give(kWhole, Packet::kMaxFrameBytes + 1);
  give(kWhole, 0x3FFF);
  CHECK(malformed() == 5);
  give(kEnds, 100);  // an end without a beginning
  CHECK(malformed() == 6);
  give(kBegins, 53);  // a frame in three pieces counts once
  give(0, 1982);
  give(kEnds, 100);
  CHECK(malformed() == 7);
  give(kBegins, 53);  // cut short by another, then by a complete one
  give(kBegins, 53);
  CHECK(malformed() == 9);
  REQUIRE(world.device.deliver(frame_of(100)));
  CHECK(world.receive() == 1);
  give(kEnds, 100);
  CHECK(malformed() == 10);
}

TEST_CASE("completions of buffers that were not lent are counted and change nothing") {
  World world({}, 8);
  const auto lie = [&](std::uint32_t word0) {
    const std::uint64_t before = world.nic.counters().rx_malformed;
    world.device.complete({word0 | kWhole, 0, 100, 0});
    CHECK(world.receive() == 0);
    world.nic.flush();
    CHECK(world.nic.counters().rx_malformed == before + 1);
    CHECK(Packet::free_count() == kAll - 8);
  };
  lie(8);        // the first one still ours
  lie(255);      // never lent
  lie(256);      // outside the ring
  lie(4095);     //
  lie(1 << 16);  // in the second ring, where nothing is lent
  lie(0x3FF << 16);
  REQUIRE(world.device.deliver(frame_of(100)));
  CHECK(world.receive() == 1);
  lie(0);  // twice
}

TEST_CASE("buffers that the device skips stay in the ring") {
  World world({}, 8);
  for (unsigned round = 0; round < 300; ++round) {
    world.device.receiving.advance();
    world.device.receiving.advance();
    const Bytes frame = frame_of(64, round);
    REQUIRE(world.device.deliver(frame));
    REQUIRE(world.receive() == 1);
    REQUIRE(world.received.back() == frame);
    world.nic.flush();
  }
  CHECK(world.nic.counters().rx_malformed == 0);
  for (unsigned i = 0; i < 8; ++i) {
    CHECK(world.device.deliver(frame_of(64)));
  }
  CHECK_FALSE(world.device.deliver(frame_of(64)));
}

TEST_CASE("completions of frames that were not sent are counted and change nothing") {
  World world;
  const auto lie = [&](std::uint32_t index) {
    const std::uint64_t before = world.nic.counters().tx_malformed;
    const std::size_t free = Packet::free_count();
    world.device.complete_sent(index);
    world.reclaim();
    CHECK(world.nic.counters().tx_malformed == before + 1);
    CHECK(Packet::free_count() == free);
  };
  lie(0);
  const Bytes memory = frame_of(100);
  const std::array<Piece, 2> pieces = {{{memory.data(), 50}, {memory.data() + 50, 50}}};
  int cookie = 0;
  REQUIRE(world.nic.transmit(TxFrame{pieces, {}, &cookie}));
  REQUIRE(world.send(memory));
  world.nic.flush();
  lie(0);  // not the frame's last
  lie(3);
  lie(511);
  lie(512);
  lie(4095);
  CHECK(world.released.empty());
  world.device.complete_sent(1);
  world.device.complete_sent(1);  // twice
  world.device.complete_sent(2);
  world.reclaim();
  CHECK(world.released == std::vector<void*>{&cookie});
  CHECK(world.nic.has_sent());
  CHECK(world.nic.counters().tx_malformed == 7);
  CHECK(Packet::free_count() == kAll - 255);
}

TEST_CASE("a device that is shut down gives back what it never sent") {
  World world;
  const Bytes memory = frame_of(100);
  const std::array<Piece, 1> pieces = {{{memory.data(), 100}}};
  int cookie = 0;
  REQUIRE(world.nic.transmit(TxFrame{pieces, {}, &cookie}));
  world.nic.flush();
  CHECK_FALSE(world.nic.has_sent());
  std::vector<void*> returned;
  world.nic.shut_down([&](void* given) { returned.push_back(given); });
  CHECK(returned == std::vector<void*>{&cookie});
  CHECK(world.nic.has_sent());
  CHECK(Packet::free_count() == kAll);
  CHECK_FALSE(world.nic.transmit(TxFrame{pieces, {}, &cookie}));
}

TEST_CASE("a reclaim ends even while the device goes on completing") {
  World world;
  for (unsigned i = 0; i < 600; ++i) {
    world.device.complete_sent(7);
  }
  world.reclaim();
  CHECK(world.nic.counters().tx_malformed <= 512);
}

TEST_CASE("a frame may be sent as soon as a cookie comes back") {
  World world;
  const Bytes memory = frame_of(100);
  const std::array<Piece, 1> whole = {{{memory.data(), 100}}};
  int cookie = 0;
  for (unsigned i = 0; i < 511; ++i) {
    REQUIRE(world.nic.transmit(TxFrame{whole, {}, &cookie}));
  }
  const auto collect_all = [&] {
    unsigned frames = 0;
    while (world.device.collect()) {
      ++frames;
    }
    return frames;
  };
  CHECK(collect_all() == 511);
  world.device.complete_sent(510);
  unsigned returned = 0;
  world.nic.reclaim([&](void* given) {
    CHECK(given == &cookie);
    if (++returned <= 100) {
      CHECK(world.nic.transmit(TxFrame{whole, {}, &cookie}));
    }
  });
  CHECK(returned == 511);
  world.nic.flush();
  CHECK(collect_all() == 100);
}

TEST_CASE("a device whose queue has stopped is restarted") {
  for (const std::uint32_t event : {1u, 2u}) {  // RQERR, TQERR
    World world;
    const Bytes memory = frame_of(100);
    const std::array<Piece, 1> whole = {{{memory.data(), 100}}};
    int cookie = 0;
    REQUIRE(world.nic.transmit(TxFrame{whole, {}, &cookie}));
    REQUIRE(world.send(memory));
    world.nic.flush();
    world.device.set_events(event);
    CHECK_FALSE(world.nic.link_up());
    CHECK_FALSE(world.send(memory));
    CHECK(world.receive() == 0);
    world.nic.flush();
    CHECK(world.released.empty());
    world.reclaim();
    CHECK(world.released == std::vector<void*>{&cookie});
    CHECK(world.device.activations == 2);
    CHECK(world.nic.link_up());
    CHECK(Packet::free_count() == kAll - 255);
    for (unsigned i = 0; i < 1000; ++i) {
      REQUIRE(world.device.deliver(memory));
      REQUIRE(world.receive() == 1);
      REQUIRE(world.send(memory));
      world.nic.flush();
      const auto sent = world.device.collect();
      REQUIRE(sent);
      world.device.complete_sent(sent->last);
      world.reclaim();
    }
    CHECK(world.nic.counters().rx_malformed + world.nic.counters().tx_malformed == 0);
  }
}

int looks_until(World& world, int activations) {
  int looks = 0;
  while (world.device.activations != activations && looks < 100) {
    CHECK_FALSE(world.nic.link_up());
    world.reclaim();
    world.nic.flush();
    ++looks;
  }
  return looks;
}

int resets(const FakeDevice& device) {
  return static_cast<int>(std::ranges::count(device.accesses, Access{'w', 0x20, 0xCAFE0002}));
}

TEST_CASE("a device that refuses its reset keeps its memory, and is retried now and then") {
  World world;
  console::written().clear();
  const Bytes memory = frame_of(100);
  const std::array<Piece, 1> whole = {{{memory.data(), 100}}};
  int cookie = 0;
  REQUIRE(world.nic.transmit(TxFrame{whole, {}, &cookie}));
  world.device.set_events(2);
  world.device.reset_result = 1;
  for (unsigned look = 0; look < 80; ++look) {
    CHECK_FALSE(world.nic.link_up());
    world.reclaim();
    CHECK_FALSE(world.send(memory));
    CHECK(world.receive() == 0);
    world.nic.flush();
  }
  CHECK(resets(world.device) == 1 + 2);  // at bring-up, at the first look, and 40 looks later
  CHECK(world.released.empty());
  CHECK(Packet::free_count() == kAll - 255);
  CHECK(console::written() ==
        "vmxnet3: the device refuses to be reset; NIC 52:54:00:12:34:56 is down, to be tried "
        "again\n");
  world.device.reset_result = 0;
  CHECK(looks_until(world, 2) == 1);
  CHECK(world.released == std::vector<void*>{&cookie});
  CHECK(world.nic.link_up());
  CHECK(Packet::free_count() == kAll - 255);
}

TEST_CASE("a device that refuses activation after a reset returns everything, and rests") {
  World world;
  console::written().clear();
  world.device.set_events(1);
  world.device.activation_result = 1;
  for (unsigned look = 0; look < 80; ++look) {
    CHECK_FALSE(world.nic.link_up());
    world.reclaim();
    world.nic.flush();
    CHECK(Packet::free_count() == kAll);
  }
  CHECK(std::ranges::count(world.device.accesses, Access{'w', 0x20, 0xCAFE0000}) == 1 + 2);
  constexpr std::string_view kSaid =
      "vmxnet3: the device refuses to be activated; NIC 52:54:00:12:34:56 is down, to be tried "
      "again\n";
  CHECK(console::written() == kSaid);
  world.device.activation_result = 0;
  CHECK(looks_until(world, 2) == 1);
  CHECK(world.nic.link_up());
  CHECK(Packet::free_count() == kAll - 255);
  world.device.set_events(1);  // a new failure is reported again
  world.device.activation_result = 1;
  CHECK_FALSE(world.nic.link_up());
  world.reclaim();
  CHECK(console::written() == std::string(kSaid) + std::string(kSaid));
}

TEST_CASE("a device that can be neither activated nor reset keeps its buffers until it can be") {
  World world;
  world.device.set_events(1);
  CHECK_FALSE(world.nic.link_up());  // reset
  world.device.activation_result = 1;
  world.device.reset_result = 1;
  world.reclaim();
  CHECK(Packet::free_count() == kAll - 255);
  world.device.reset_result = 0;
  world.device.activation_result = 0;
  CHECK(looks_until(world, 2) == 40);
  CHECK(world.nic.link_up());
  CHECK(Packet::free_count() == kAll - 255);
}

TEST_CASE("a device that never came up is left alone") {
  FakeDevice device{.reset_result = 1};
  FakeNic nic;
  CHECK_FALSE(nic.bring_up(&device));
  const std::size_t accesses = device.accesses.size();
  console::written().clear();
  for (unsigned look = 0; look < 100; ++look) {
    CHECK_FALSE(nic.link_up());
    nic.reclaim([](void*) {});
    nic.flush();
  }
  CHECK(device.accesses.size() == accesses);
  CHECK(console::written().empty());
}

TEST_CASE("noise from the device loses no packet and stops nothing") {
  World world({}, 100);
  std::mt19937 engine(3);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  const Bytes frame = frame_of(200);
  for (unsigned round = 0; round < 60'000; ++round) {
    if (random() % 2 == 0) {
      // Often plausible, sometimes not.
      const std::uint32_t index = random() % 4 == 0 ? random() & 0xFFF : random() & 0xFF;
      const std::uint32_t flags = random() % 4 == 0 ? random() & 0xFFFFF000 : kWhole;
      world.device.complete({index | flags, random(), random() % 2100, random()});
    } else {
      world.device.complete_sent(random() % 4 == 0 ? random() & 0xFFF : random() & 0x1FF);
    }
    if (Packet::free_count() > 0) {
      static_cast<void>(world.send(frame));
    }
    static_cast<void>(world.receive());
    world.reclaim();
    world.received.clear();
    world.nic.flush();
  }
  CHECK(world.nic.counters().rx_frames > 0);
  CHECK(world.nic.counters().rx_malformed > 0);
  CHECK(world.nic.counters().tx_malformed > 0);
}

}  // namespace
}  // namespace mote::vmxnet3
