// Tests of the vmxnet3 driver: bring-up compared with the constants of VMware's headers, and frames
// both ways.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tests/unit/drivers/vmxnet3/world.hpp"

namespace mote::vmxnet3 {
namespace {

std::string failure(FakeDevice device) {
  FakeNic nic;
  CHECK_FALSE(nic.bring_up(&device));
  CHECK_FALSE(device.active);
  CHECK(Packet::free_count() == kAll);
  return std::string(nic.error());
}

TEST_CASE("bring-up follows the order of VMware's drivers") {
  World world;
  const auto low = static_cast<std::uint32_t>(world.device.shared);
  const auto high = static_cast<std::uint32_t>(world.device.shared >> 32);
  const std::vector<Access> script = {
      {'r', 0x00, 0x7F},       {'w', 0x00, 1},           // VRRS
      {'r', 0x08, 1},          {'w', 0x08, 1},           // UVRS
      {'w', 0x20, 0xCAFE0001},                           // QUIESCE_DEV
      {'w', 0x20, 0xCAFE0002}, {'r', 0x20, 0},           // RESET_DEV
      {'w', 0x20, 0xF00D0003}, {'r', 0x20, 0x12005452},  // PERM_MAC_LO
      {'w', 0x20, 0xF00D0004}, {'r', 0x20, 0x5634},      // PERM_MAC_HI
      {'w', 0x28, 0x12005452}, {'w', 0x30, 0x5634},      // MACL, MACH
      {'w', 0x10, low},        {'w', 0x18, high},        // DSAL, DSAH
      {'w', 0x20, 0xCAFE0000}, {'r', 0x20, 0},           // ACTIVATE_DEV
      {'f', 0x000, 1},         {'f', 0x800, 192},        // IMR, RXPROD
      {'f', 0xA00, 63},                                  // RXPROD2
      {'w', 0x20, 0xCAFE0003},                           // UPDATE_RX_MODE
  };
  CHECK(world.device.accesses == script);
  CHECK(world.nic.mac() == MacAddress{{0x52, 0x54, 0, 0x12, 0x34, 0x56}});
  CHECK(world.nic.mtu() == 1500);
  CHECK(world.nic.model() == "vmxnet3");
  CHECK(world.nic.features() == "csum tso4 rxcsum");
  CHECK(Packet::free_count() == kAll - 255);
}

TEST_CASE("the shared area has the contents that the header requires") {
  World world;
  const std::uint64_t shared = world.device.shared;
  const std::uint64_t queues = world.device.queues();
  CHECK(shared % 8 == 0);
  CHECK(queues % 128 == 0);
  CHECK(peek<std::uint32_t>(shared + 12) == (2 | 1 << 2));  // 64 bits, like Linux
  CHECK(peek<std::uint32_t>(shared + 16) == 1);             // revisions
  CHECK(peek<std::uint32_t>(shared + 20) == 1);             // UPT versions
  CHECK(peek<std::uint64_t>(shared + 24) == (1 | 1 << 3));  // RXCSUM, LRO; neither VLAN nor RSS
  CHECK(peek<std::uint32_t>(shared + 52) == 512);           // queueDescLen
  CHECK(peek<std::uint32_t>(shared + 56) == 1500);
  CHECK(peek<std::uint16_t>(shared + 60) == 34);  // maxNumRxSG
  CHECK(peek<std::uint8_t>(shared + 62) == 1);    // queues
  CHECK(peek<std::uint8_t>(shared + 63) == 1);
  CHECK(peek<std::uint8_t>(shared + 81) == 1);    // numIntrs
  CHECK(peek<std::uint32_t>(shared + 108) == 1);  // intrCtrl: DISABLE_ALL
  CHECK(peek<std::uint32_t>(shared + 120) == 5);  // rxMode: UCAST, BCAST
  CHECK(peek<std::uint16_t>(shared + 124) == 0);  // mfTableLen
  CHECK(peek<std::uint64_t>(shared + 128) == 0);  // mfTablePA
  CHECK(peek<std::uint32_t>(queues + 60) == 0);   // dataRingSize
  CHECK(peek<std::uint32_t>(queues + 256 + 60) == 64);
}

TEST_CASE("frames go both ways, around the rings and beyond 65,536 of them") {
  World world;
  const std::uint64_t frames = 66'000;
  for (unsigned i = 0; i < frames; ++i) {
    const Bytes frame = frame_of(14 + i % 1501, i);
    REQUIRE(world.device.deliver(frame));
    REQUIRE(world.receive() == 1);
    REQUIRE(world.received.back() == frame);
    REQUIRE(world.send(frame));
    world.nic.flush();
    const auto sent = world.device.collect();
    REQUIRE(sent);
    REQUIRE(sent->frame == frame);
    REQUIRE((sent->word3 >> 10 & 3) == 0);  // om
    world.device.complete_sent(sent->last);
    world.reclaim();
    world.received.clear();
    REQUIRE(are_lent(255));
  }
  const DeviceCounters& counters = world.nic.counters();
  CHECK(counters.rx_frames == frames);
  CHECK(counters.tx_frames == frames);
  CHECK(counters.rx_bytes == counters.tx_bytes);
  CHECK(counters.rx_malformed + counters.tx_malformed + counters.tx_full == 0);
  CHECK(counters.doorbells == frames);  // only for transmission
}

TEST_CASE("frames in pieces are joined, and cookies come back") {
  World world;
  const Bytes memory = frame_of(400);
  const std::byte* const start = memory.data();
  const std::array<Piece, 8> segments = {{{start, 54},
                                          {start + 54, 0},
                                          {start + 54, 1},
                                          {start + 55, 45},
                                          {start + 100, 100},
                                          {start + 200, 100},
                                          {start + 300, 100},
                                          {start + 400, 0}}};
  int cookie = 0;
  for (unsigned i = 0; i < 200; ++i) {  // six pieces each: every place meets the ring's end
    REQUIRE(world.nic.transmit(TxFrame{segments, {.start = 34, .offset = 16}, &cookie}));
    world.nic.flush();
    const auto sent = world.device.collect();
    REQUIRE(sent);
    REQUIRE(sent->frame == memory);
    REQUIRE(sent->pieces == 6);
    REQUIRE((sent->word3 & 0x3FF) == 34);   // hlen
    REQUIRE((sent->word3 >> 10 & 3) == 2);  // om: checksum
    REQUIRE((sent->word2 >> 18) == 50);     // msscof
    world.device.complete_sent(sent->last);
    world.reclaim();
  }
  CHECK(world.released == std::vector<void*>(200, &cookie));
  CHECK(world.nic.counters().tx_bytes == 200 * 400);
  CHECK_FALSE(world.nic.transmit(TxFrame{{}, {}, &cookie}));
  CHECK_FALSE(world.nic.transmit(TxFrame{std::array<Piece, 1>{{{start, 0}}}, {}, &cookie}));
  const Bytes large(16'384);
  CHECK_FALSE(
      world.nic.transmit(TxFrame{std::array<Piece, 1>{{{large.data(), 16'384}}}, {}, &cookie}));
}

TEST_CASE("padding is cut off if the device computes the checksum, and only then") {
  World world;
  Bytes frame = frame_of(60);
  frame[16] = std::byte{0};
  frame[17] = std::byte{40};
  const auto sent_bytes = [&](TxChecksum checksum) {
    REQUIRE(world.send(frame, checksum));
    const auto sent = world.device.collect();
    REQUIRE(sent);
    CHECK(std::equal(sent->frame.begin(), sent->frame.end(), frame.begin()));
    return sent->frame.size();
  };
  CHECK(sent_bytes({.start = 34, .offset = 16}) == 54);
  CHECK(sent_bytes({}) == 60);
  frame[17] = std::byte{200};  // more than there is: the frame is sent unchanged
  CHECK(sent_bytes({.start = 34, .offset = 16}) == 60);
  frame.resize(61);
  CHECK(sent_bytes({.start = 34, .offset = 16}) == 61);

  const std::array<Piece, 3> pieces = {
      {{frame.data(), 34}, {frame.data() + 34, 20}, {frame.data() + 54, 6}}};
  frame[17] = std::byte{40};
  int cookie = 0;
  REQUIRE(world.nic.transmit(TxFrame{pieces, {.start = 34, .offset = 16}, &cookie}));
  const auto sent = world.device.collect();
  REQUIRE(sent);
  CHECK(sent->pieces == 2);
  CHECK(sent->frame.size() == 54);
}

TEST_CASE("a checksum is right if the device found all of it right") {
  World world;
  constexpr std::uint32_t kTuc = 1 << 16, kUdp = 1 << 17, kTcp = 1 << 18, kIpc = 1 << 19,
                          kV6 = 1 << 20, kV4 = 1 << 21, kFrg = 1 << 22;
  const auto said = [&](std::uint32_t word3, std::uint32_t cnc = 0) {
    REQUIRE(world.device.deliver(frame_of(60), FakeDevice::kWhole | cnc, word3));
    REQUIRE(world.receive() == 1);
    return world.checksums.back();
  };
  CHECK(said(kV4 | kIpc | kTcp | kTuc) == RxChecksum::kVerified);
  CHECK(said(kV4 | kIpc | kUdp | kTuc) == RxChecksum::kVerified);
  CHECK(said(kV6 | kTcp | kTuc) == RxChecksum::kVerified);
  CHECK(said(kV4 | kIpc | kTcp | kTuc, FakeDevice::kNotSummed) == RxChecksum::kUnknown);
  CHECK(said(kV4 | kIpc | kTcp) == RxChecksum::kUnknown);
  CHECK(said(kV4 | kTcp | kTuc) == RxChecksum::kUnknown);
  CHECK(said(kV4 | kIpc | kTuc) == RxChecksum::kUnknown);
  CHECK(said(kTcp | kTuc) == RxChecksum::kUnknown);
  CHECK(said(kV4 | kIpc | kTcp | kTuc | kFrg) == RxChecksum::kUnknown);
}

TEST_CASE("a full transmit ring refuses, and goes on once the device has sent") {
  World world({}, 32);
  const Bytes frame = frame_of(100);
  unsigned fitted = 0;
  while (world.send(frame)) {
    ++fitted;
  }
  CHECK(fitted == 511);
  CHECK(world.nic.counters().tx_full == 1);
  world.nic.flush();
  CHECK(world.device.doorbells(0x600) == 1);
  CHECK(world.device.accesses.back() == Access{'f', 0x600, 511});
  world.nic.flush();
  CHECK(world.device.doorbells(0x600) == 1);
  std::uint32_t last = 0;
  while (const auto sent = world.device.collect()) {
    last = sent->last;
  }
  CHECK(last == 510);
  world.device.complete_sent(99);  // completes those before it too
  world.reclaim();
  const std::size_t free = Packet::free_count();
  for (unsigned i = 0; i < 100; ++i) {
    REQUIRE(world.send(frame));
  }
  CHECK_FALSE(world.send(frame));
  CHECK(Packet::free_count() == free - 100);
  CHECK(world.nic.counters().tx_malformed == 0);
}

TEST_CASE("with a grant of few buffers few are lent, and an empty pool stops nothing") {
  World world({}, 48);
  CHECK(Packet::free_count() == kAll - 48);
  std::vector<Packet> taken;
  while (Packet packet = Packet::allocate()) {
    taken.push_back(std::move(packet));
  }
  std::vector<Packet> kept;
  struct Keep {
    std::vector<Packet>& kept;
    void operator()(Packet packet, RxChecksum) const { kept.push_back(std::move(packet)); }
    void operator()(std::span<Packet>, RxChecksum) const { FAIL("no frame is large"); }
  };
  const Keep keep{kept};
  for (unsigned i = 0; i < 48; ++i) {
    REQUIRE(world.device.deliver(frame_of(64)));
  }
  CHECK_FALSE(world.device.deliver(frame_of(64)));
  CHECK(world.nic.poll_rx(16, keep) == 16);
  CHECK(world.nic.poll_rx(64, keep) == 32);
  world.nic.flush();
  CHECK(world.nic.counters().rx_no_buffer == 1);
  CHECK_FALSE(world.device.next_buffer());
  kept.resize(47);
  world.nic.flush();
  REQUIRE(world.device.deliver(frame_of(64)));
  CHECK(world.receive() == 1);
  kept.clear();
  taken.clear();
  world.nic.flush();
  CHECK(Packet::free_count() == kAll - 48);
}

// As many frames as a ring of 192 buffers may lack before it is refilled.
void receive_a_batch(World& world) {
  for (unsigned i = 0; i < 12; ++i) {
    world.nic.flush();
    REQUIRE(world.device.deliver(frame_of(64)));
    REQUIRE(world.receive() == 1);
  }
}

TEST_CASE("the receive doorbell is rung when the device wants it and there is news") {
  World world;
  const int before = world.device.doorbells(0x800);
  world.device.want_doorbell(true);
  world.nic.flush();
  CHECK(world.device.doorbells(0x800) == before);
  world.device.want_doorbell(false);
  receive_a_batch(world);
  world.nic.flush();
  CHECK(world.device.doorbells(0x800) == before);
  world.device.want_doorbell(true);  // just after we looked
  world.nic.flush();
  CHECK(world.device.doorbells(0x800) == before + 1);
  CHECK(world.device.accesses.back() == Access{'f', 0x800, 192 + 12});
  world.nic.flush();
  CHECK(world.device.doorbells(0x800) == before + 1);
}

TEST_CASE("the link is what the device says") {
  World world;
  CHECK(world.nic.link_up());
  world.device.link = 10000u << 16;
  CHECK_FALSE(world.nic.link_up());
  world.device.link = 1;
  CHECK(world.nic.link_up());
  world.device.set_events(1 << 2);  // ECR_LINK alone is no error
  CHECK(world.nic.link_up());
  CHECK(world.device.activations == 1);
}

TEST_CASE("the reason why a device can't work is reported") {
  CHECK(failure({.opens = false}) == "vmxnet3: no windows");
  CHECK(failure({.revisions = 0x7E}) ==
        "vmxnet3: the device doesn't offer revision 1 of its interface");
  CHECK(failure({.upt_versions = 2}) == "vmxnet3: the device doesn't offer version 1 of UPT");
  CHECK(failure({.reset_result = 1}) == "vmxnet3: the device refuses to be reset");
  CHECK(failure({.mac = {0, 0}}) == "vmxnet3: the device's MAC address can't be a station's");
  CHECK(failure({.mac = {1, 0}}) == "vmxnet3: the device's MAC address can't be a station's");
  CHECK(failure({.activation_result = 1}) == "vmxnet3: the device refuses to be activated");
}

bool changed(const FakeNic& nic, bool for_sent) {
  Watch watch;
  nic.watch(watch, for_sent);
  return watch.has_changed();
}

TEST_CASE("a received frame changes a watched word, a sent one only if it is waited for") {
  World world;
  for (unsigned i = 0; i < 1300; ++i) {
    REQUIRE_FALSE(changed(world.nic, true));
    REQUIRE(world.device.deliver(frame_of(60)));
    REQUIRE(changed(world.nic, false));
    REQUIRE(world.receive() == 1);
    REQUIRE(world.send(frame_of(60)));
    world.nic.flush();
    REQUIRE_FALSE(changed(world.nic, true));
    const auto sent = world.device.collect();
    REQUIRE(sent);
    world.device.complete_sent(sent->last);
    REQUIRE(changed(world.nic, true));
    REQUIRE_FALSE(changed(world.nic, false));
    world.reclaim();
  }
}

TEST_CASE("the device's wish for the doorbell is seen while there is news for it") {
  World world;
  world.device.want_doorbell(true);
  CHECK_FALSE(changed(world.nic, false));
  world.device.want_doorbell(false);
  receive_a_batch(world);
  world.nic.flush();  // more buffers that the device hasn't been told of
  CHECK_FALSE(changed(world.nic, false));
  world.device.want_doorbell(true);
  CHECK(changed(world.nic, false));
  world.nic.flush();
  CHECK_FALSE(changed(world.nic, false));
}

TEST_CASE("interrupts are enabled as a whole if they can arrive, and masked except in a doze") {
  CHECK_FALSE(World().nic.can_wake());
  FakeDevice device;
  device.can_interrupt = true;
  World world(std::move(device));
  CHECK(world.nic.can_wake());
  CHECK(peek<std::uint32_t>(world.device.shared + 108) == 0);  // intrCtrl
  const std::vector<Access> masked = {{'f', 0x000, 1}};
  const std::vector<Access> open = {{'f', 0x000, 0}};
  CHECK(std::ranges::count(world.device.accesses, masked[0]) == 1);
  world.device.accesses.clear();
  world.nic.arm(false);
  CHECK(world.device.accesses == open);
  world.device.accesses.clear();
  world.nic.disarm();
  CHECK(world.device.accesses == masked);
}

}  // namespace
}  // namespace mote::vmxnet3
