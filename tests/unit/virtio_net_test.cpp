// Tests of the virtio network driver on a simulated device: every mix of features, frames both
// ways, mistakes of the device, and what becomes of each packet.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "drivers/virtio/net_bring_up.hpp"
#include "tests/unit/virtio_device.hpp"

namespace mote::entropy {
std::uint64_t random64() { return 0x1234'5678'9ABC'DEF1; }
}  // namespace mote::entropy

// Memory for rings, each piece of exactly its size, so that the sanitizer sees every step outside.
namespace mote::dma {
std::span<std::byte> allocate(std::size_t bytes, std::size_t alignment) {
  struct Free {
    void operator()(std::byte* memory) const { operator delete(memory, std::align_val_t{4096}); }
  };
  static std::vector<std::unique_ptr<std::byte, Free>> pieces;
  REQUIRE(alignment <= 4096);
  auto* const memory = static_cast<std::byte*>(operator new(bytes, std::align_val_t{4096}));
  std::memset(memory, 0, bytes);
  pieces.emplace_back(memory);
  return {memory, bytes};
}
}  // namespace mote::dma

namespace mote::virtio {
namespace {

using Bytes = std::vector<std::byte>;

// What a device is and does; the driver reaches it by FakeTransport.
struct FakeDevice {
  bool legacy = false;
  bool ends_reset = true;
  bool refuses_features = false;
  bool refuses_queue = false;
  Features offered = feature::kVersion1 | feature::kNetMac;
  std::array<std::uint16_t, 2> entries = {64, 64};
  std::array<std::uint8_t, 12> config = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0};
  std::uint8_t generation_steps = 0;  // how many reads see another generation

  std::uint8_t status = 0;
  Features accepted = 0;
  std::array<DeviceQueue, 2> queues{};
  std::array<int, 2> doorbells{};
  std::vector<std::uint8_t> statuses{};

  [[nodiscard]] bool has(Features bits) const { return (accepted & bits) == bits; }
  [[nodiscard]] std::size_t header_bytes() const {
    return legacy && !has(feature::kNetMergeable) ? 10 : 12;
  }

  // Writes a frame, with its header in front, into one buffer of the driver's; false without one.
  bool deliver(const Bytes& frame, NetHeader header = {}, std::uint16_t buffers = 1) {
    const auto chain = queues[0].pop();
    if (!chain) {
      return false;
    }
    header.buffers = buffers;
    Bytes all(header_bytes());
    std::memcpy(all.data(), &header, all.size());
    if (legacy && !has(feature::kAnyLayout)) {
      REQUIRE(chain->buffers.size() == 2);
      REQUIRE(chain->buffers[0].bytes == header_bytes());
    } else {
      REQUIRE(chain->buffers.size() == 1);
    }
    all.insert(all.end(), frame.begin(), frame.end());
    std::size_t at = 0;
    for (const auto& buffer : chain->buffers) {
      REQUIRE(buffer.writable);
      const std::size_t some = std::min<std::size_t>(buffer.bytes, all.size() - at);
      std::memcpy(buffer.data, all.data() + at, some);
      at += some;
    }
    REQUIRE(at == all.size());
    queues[0].complete(chain->head, static_cast<std::uint32_t>(all.size()));
    return true;
  }

  struct Sent {
    std::uint16_t head;
    NetHeader header;
    Bytes frame;
  };

  // The next frame that the driver sent, not yet completed.
  std::optional<Sent> collect() {
    const auto chain = queues[1].pop();
    if (!chain) {
      return std::nullopt;
    }
    if (legacy && !has(feature::kAnyLayout)) {
      REQUIRE(chain->buffers.size() >= 2);
      REQUIRE(chain->buffers[0].bytes == header_bytes());
    }
    Bytes all;
    for (const auto& buffer : chain->buffers) {
      REQUIRE_FALSE(buffer.writable);
      REQUIRE(buffer.bytes != 0);
      all.insert(all.end(), buffer.data, buffer.data + buffer.bytes);
    }
    Sent sent{chain->head, {}, {}};
    std::memcpy(&sent.header, all.data(), header_bytes());
    sent.frame.assign(all.begin() + static_cast<std::ptrdiff_t>(header_bytes()), all.end());
    return sent;
  }
};

class FakeTransport {
 public:
  using Location = FakeDevice*;

  static bool is_device(FakeDevice* const&, std::uint16_t identifier) { return identifier == 1; }
  std::string_view open(FakeDevice* const& device) {
    device_ = device;
    return {};
  }
  [[nodiscard]] bool is_legacy() const { return device_->legacy; }
  bool reset() {
    if (device_->ends_reset) {
      device_->status = 0;
      device_->queues = {};
    }
    return device_->ends_reset;
  }
  [[nodiscard]] std::uint8_t status() const { return device_->status; }
  void set_status(std::uint8_t value) {
    if (device_->refuses_features) {
      value &= static_cast<std::uint8_t>(~status::kFeaturesOk);
    }
    device_->status = value;
    device_->statuses.push_back(value);
  }
  Features offered_features() { return device_->offered; }
  void accept_features(Features features) {
    REQUIRE((features & ~device_->offered) == 0);
    device_->accepted = features;
  }
  std::uint16_t queue_entries(std::uint16_t queue) { return device_->entries[queue]; }
  std::uint16_t set_queue_entries(std::uint16_t queue, std::uint16_t entries) {
    REQUIRE_FALSE(device_->legacy);
    return device_->entries[queue] = entries;
  }
  bool enable_queue(std::uint16_t queue, const QueueAddresses& addresses) {
    if (device_->legacy) {
      const RingLayout layout = RingLayout::of(device_->entries[queue], 4096);
      REQUIRE(addresses.descriptors.value % 4096 == 0);
      REQUIRE(addresses.available.value == addresses.descriptors.value + layout.available);
      REQUIRE(addresses.used.value == addresses.descriptors.value + layout.used);
    }
    device_->queues[queue].attach(addresses, device_->entries[queue]);
    return !device_->refuses_queue;
  }
  void notify(std::uint16_t queue) {
    REQUIRE((device_->status & status::kDriverOk) != 0);
    ++device_->doorbells[queue];
  }
  [[nodiscard]] std::uint8_t config8(std::uint16_t offset) const { return device_->config[offset]; }
  [[nodiscard]] std::uint16_t config16(std::uint16_t offset) const {
    return static_cast<std::uint16_t>(device_->config[offset] | device_->config[offset + 1] << 8);
  }
  [[nodiscard]] std::uint8_t config_generation() const {
    return device_->generation_steps > 0 ? device_->generation_steps-- : std::uint8_t{0};
  }

 private:
  FakeDevice* device_ = nullptr;
};

using FakeNet = Net<FakeTransport>;
static_assert(NetDevice<FakeNet>);

constexpr std::size_t kAll = limits::kPackets;

Bytes frame_of(std::size_t bytes, unsigned seed = 1) {
  Bytes frame(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    frame[i] = static_cast<std::byte>(i * 7 + seed);
  }
  return frame;
}

// A driver over a device, ended with every packet back in the pool.
struct World {
  explicit World(FakeDevice prepared) : device(prepared) {
    REQUIRE(Packet::free_count() == kAll);
    came_up = net.bring_up(&device);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    if (came_up) {
      device.ends_reset = true;
      device.status |= status::kNeedsReset;
      static_cast<void>(net.link_up());
      device.refuses_queue = true;  // ends after the reset, before anything is lent again
      net.reclaim([](void*) {});
    }
    CHECK(Packet::free_count() == kAll);
  }

  // One turn that keeps frames as bytes.
  std::size_t receive(std::size_t budget = 64) {
    return net.poll_rx(budget, [&](Packet packet, RxChecksum checksum) {
      received.emplace_back(packet.frame().begin(), packet.frame().end());
      checksums.push_back(checksum);
    });
  }
  void complete_all() {
    while (auto sent = device.collect()) {
      device.queues[1].complete(sent->head, 0);
      transmitted.push_back(std::move(*sent));
    }
  }
  bool send(const Bytes& bytes, TxChecksum checksum = {}) {
    Packet packet = Packet::allocate();
    REQUIRE(packet);
    packet.set_bytes(bytes.size());
    std::memcpy(packet.data(), bytes.data(), bytes.size());
    const bool sent = net.transmit(packet, checksum);
    CHECK(sent == !packet);
    return sent;
  }

  FakeDevice device;
  FakeNet net;
  bool came_up;
  std::vector<Bytes> received;
  std::vector<RxChecksum> checksums;
  std::vector<FakeDevice::Sent> transmitted;
};

std::string failure(FakeDevice device) {
  FakeNet net;
  REQUIRE_FALSE(net.bring_up(&device));
  CHECK((device.status & status::kDriverOk) == 0);
  return std::string(net.error());
}

TEST_CASE("the status handshake goes in the order of 3.1.1") {
  World world{FakeDevice{}};
  REQUIRE(world.came_up);
  CHECK(world.device.statuses == std::vector<std::uint8_t>{1, 3, 11, 15});
  CHECK(world.net.mac() == MacAddress{{0x52, 0x54, 0, 0x12, 0x34, 0x56}});
  CHECK(world.net.mtu() == 1500);
  CHECK(world.net.link_up());
  CHECK(world.net.features().empty());
  CHECK(world.device.queues[0].waiting() == 64);
  CHECK(world.device.doorbells[0] == 1);
  CHECK(world.device.doorbells[1] == 0);
}

TEST_CASE("frames go both ways with every mix of features") {
  const std::array<Features, 6> bits = {feature::kAnyLayout,   feature::kNetMergeable,
                                        feature::kNetChecksum, feature::kNetGuestChecksum,
                                        feature::kEventIndex,  feature::kNetStatus};
  for (unsigned mix = 0; mix < 64; ++mix) {
    for (const bool legacy : {false, true}) {
      FakeDevice device;
      device.legacy = legacy;
      device.entries = {16, 16};
      device.offered = feature::kNetMac | (legacy ? 0 : feature::kVersion1);
      for (std::size_t i = 0; i < bits.size(); ++i) {
        device.offered |= (mix >> i & 1) != 0 ? bits[i] : 0;
      }
      World world(device);
      REQUIRE(world.came_up);
      for (unsigned i = 0; i < 40; ++i) {
        const Bytes frame = frame_of(14 + i * 37, i);
        REQUIRE(world.device.deliver(frame));
        REQUIRE(world.receive() == 1);
        REQUIRE(world.received.back() == frame);
        REQUIRE(world.send(frame));
        world.net.flush();
        world.complete_all();
        REQUIRE(world.transmitted.back().frame == frame);
        const Bytes header(12);
        REQUIRE(std::memcmp(&world.transmitted.back().header, header.data(), 12) == 0);
        world.net.reclaim([](void*) { FAIL("no cookie was given"); });
      }
      CHECK(world.net.counters().rx_frames == 40);
      CHECK(world.net.counters().tx_frames == 40);
      CHECK(world.net.counters().rx_bytes == world.net.counters().tx_bytes);
      CHECK(world.net.counters().rx_malformed == 0);
    }
  }
}

TEST_CASE("frames in pieces are put together, and cookies come back") {
  for (const bool legacy : {false, true}) {
    FakeDevice device;
    device.legacy = legacy;
    device.offered = legacy ? 0 : feature::kVersion1 | feature::kNetChecksum;
    World world(device);
    Bytes memory = frame_of(limits::kHeadroom + 400);
    const std::byte* const start = memory.data() + limits::kHeadroom;
    const Bytes whole(start, start + 400);
    const std::array<TxSegment, 8> segments = {{{start, 54},
                                                {start + 54, 0},
                                                {start + 54, 1},
                                                {start + 55, 45},
                                                {start + 100, 100},
                                                {start + 200, 100},
                                                {start + 300, 50},
                                                {start + 350, 50}}};
    int cookie = 0;
    REQUIRE(world.net.transmit(TxFrame{segments, {.start = 34, .offset = 16}, &cookie}));
    CHECK_FALSE(world.net.transmit(TxFrame{{}, {}, &cookie}));
    world.net.flush();
    CHECK(world.device.doorbells[1] == 1);
    world.complete_all();
    REQUIRE(world.transmitted.size() == 1);
    CHECK(world.transmitted[0].frame == whole);
    CHECK(world.transmitted[0].header.flags == NetHeader::kNeedsChecksum);
    CHECK(world.transmitted[0].header.checksum_start == 34);
    CHECK(world.transmitted[0].header.checksum_offset == 16);
    std::vector<void*> released;
    world.net.reclaim([&](void* pointer) { released.push_back(pointer); });
    CHECK(released == std::vector<void*>{&cookie});
    CHECK(world.net.counters().tx_bytes == 400);
  }
}

TEST_CASE("facts come from the configuration") {
  FakeDevice device;
  device.offered |= feature::kNetMtu | feature::kNetStatus | feature::kNetMergeable |
                    feature::kNetChecksum | feature::kNetGuestChecksum | feature::kEventIndex |
                    feature::kAccessPlatform | ~std::uint64_t{0} << 50;
  device.config[10] = 0x78;
  device.config[11] = 0x05;  // 1400
  device.generation_steps = 5;
  World world(device);
  REQUIRE(world.came_up);
  CHECK(world.net.mtu() == 1400);
  CHECK(world.net.features() == "csum rxcsum mrg");
  CHECK(world.net.offloads().tx_checksum);
  CHECK(world.net.offloads().rx_checksum);
  CHECK(world.net.link_up());
  world.device.config[6] = 0;
  CHECK_FALSE(world.net.link_up());
  CHECK((world.device.accepted & ~std::uint64_t{0} << 50) == 0);
}

TEST_CASE("without an address a local one is made up") {
  for (const bool zero : {false, true}) {
    FakeDevice device;
    device.offered = zero ? device.offered : feature::kVersion1;
    device.config = zero ? std::array<std::uint8_t, 12>{} : device.config;
    World world(device);
    REQUIRE(world.came_up);
    CHECK((world.net.mac().octets[0] & 3) == 2);
    CHECK(world.net.mac().octets[5] != 0);
  }
}

TEST_CASE("what keeps a device from working is said in words") {
  CHECK(failure({.ends_reset = false}) == "virtio-net: the device does not end its reset");
  CHECK(failure({.refuses_features = true}) == "virtio-net: device refused features");
  CHECK(failure({.offered = feature::kNetMac}) ==
        "virtio-net: modern device without VIRTIO_F_VERSION_1");
  CHECK(failure({.legacy = true, .entries = {4096, 256}}) ==
        "virtio-net: queue 0 of 4096 entries is larger than 1024");
  CHECK(failure({.entries = {64, 0}}) == "virtio-net: queue 1 is missing");
  CHECK(failure({.entries = {8, 64}}) == "virtio-net: queue 0 of 8 entries is smaller than 16");
  CHECK(failure({.entries = {48, 64}}) ==
        "virtio-net: queue 0 of 48 entries is not a power of two");
  CHECK(failure({.refuses_queue = true}) == "virtio-net: the doorbell of queue 0 is out of reach");
  FakeDevice small{.offered = feature::kVersion1 | feature::kNetMtu};
  small.config[10] = 67;
  CHECK(failure(small) == "virtio-net: device's MTU of 67 is smaller than 68");
}

TEST_CASE("a modern queue that is too large is made smaller, and few buffers are lent") {
  FakeDevice device{.entries = {4096, 256}};
  World world(device);
  REQUIRE(world.came_up);
  CHECK(world.device.entries[0] == 1024);
  CHECK(world.device.queues[0].waiting() == limits::kReceiveBuffers);
  CHECK(Packet::free_count() == kAll - limits::kReceiveBuffers);
}

TEST_CASE("a checksum is trusted only as agreed") {
  for (const bool agreed : {false, true}) {
    FakeDevice device;
    device.offered |= agreed ? feature::kNetGuestChecksum : 0;
    World world(device);
    for (const std::uint8_t flags : {0, 1, 2, 4}) {
      REQUIRE(world.device.deliver(frame_of(60), {.flags = flags}));
    }
    CHECK(world.receive() == 4);
    const auto trusted = agreed ? RxChecksum::kVerified : RxChecksum::kUnknown;
    CHECK(world.checksums ==
          std::vector<RxChecksum>{RxChecksum::kUnknown, trusted, trusted, RxChecksum::kUnknown});
  }
}

TEST_CASE("frames that can't be used are counted, and the ring goes on") {
  FakeDevice device;
  device.offered |= feature::kNetMergeable;
  World world(device);
  auto& queue = world.device.queues[0];
  REQUIRE(world.device.deliver(frame_of(13)));                       // a runt
  REQUIRE(world.device.deliver(frame_of(60), {.segmentation = 1}));  // asked for by nobody
  REQUIRE(world.device.deliver(frame_of(60), {}, 0));                // in no buffer
  REQUIRE(world.device.deliver(frame_of(60), {}, 1000));             // in more than there are
  queue.complete(queue.pop()->head, 5);                              // shorter than a header
  queue.complete(queue.pop()->head, 1'000'000);                      // longer than the buffer
  queue.complete(9999, 60);                                          // nobody's
  CHECK(world.receive() == 0);
  CHECK(world.net.counters().rx_malformed == 7);
  // Three buffers for one frame, and a good one behind it.
  REQUIRE(world.device.deliver(frame_of(1000), {}, 3));
  REQUIRE(world.device.deliver(frame_of(1000)));
  REQUIRE(world.device.deliver(frame_of(1000)));
  REQUIRE(world.device.deliver(frame_of(77)));
  CHECK(world.receive() == 1);
  CHECK(world.received.back() == frame_of(77));
  CHECK(world.net.counters().rx_malformed == 8);
  world.net.flush();
  CHECK(queue.waiting() == 64);
  CHECK(world.device.doorbells[0] == 2);
}

TEST_CASE("a budget bounds a turn, good frames or bad") {
  World world{FakeDevice{}};
  for (int i = 0; i < 20; ++i) {
    REQUIRE(world.device.deliver(frame_of(i % 2 == 0 ? 13 : 60)));
  }
  CHECK(world.receive(10) == 5);
  CHECK(world.receive(0) == 0);
  CHECK(world.receive(100) == 5);
  CHECK(world.receive() == 0);
}

TEST_CASE("ten thousand frames back to back lose frames, never the ring") {
  for (const bool event_index : {false, true}) {
    FakeDevice device;
    device.offered |= event_index ? feature::kEventIndex : 0;
    World world(device);
    std::size_t lost = 0;
    for (int i = 0; i < 10'000; ++i) {
      lost += world.device.deliver(frame_of(60)) ? 0 : 1;
      if (i % 1000 == 999) {  // the machine was busy elsewhere
        world.received.clear();
        CHECK(world.receive(1000) == 64);
        world.device.queues[0].set_avail_event(world.device.queues[0].available_index());
        const int before = world.device.doorbells[0];
        world.net.flush();
        CHECK(world.device.doorbells[0] == before + 1);
      }
    }
    CHECK(lost == 10'000 - 640);
    REQUIRE(world.device.deliver(frame_of(60)));
    CHECK(world.receive() == 1);
  }
}

TEST_CASE("an empty pool is tried again at the next flush") {
  World world{FakeDevice{}};
  std::vector<Packet> hoard;
  while (world.device.deliver(frame_of(60))) {
  }
  CHECK(world.receive() == 64);
  while (Packet packet = Packet::allocate()) {
    hoard.push_back(std::move(packet));
  }
  world.net.flush();
  CHECK(world.device.queues[0].waiting() == 0);
  CHECK(world.net.counters().rx_no_buffer == 1);
  hoard.resize(hoard.size() - 10);
  world.net.flush();
  CHECK(world.device.queues[0].waiting() == 10);
  hoard.clear();
  world.net.flush();
  CHECK(world.device.queues[0].waiting() == 64);
  CHECK(world.device.doorbells[0] == 3);
}

TEST_CASE("a full transmit ring refuses, and the packet stays the caller's") {
  World world{FakeDevice{.entries = {64, 16}}};
  for (int i = 0; i < 16; ++i) {
    REQUIRE(world.send(frame_of(60)));
  }
  CHECK_FALSE(world.send(frame_of(60)));
  CHECK(world.net.counters().tx_full == 1);
  world.net.flush();
  world.net.flush();
  CHECK(world.device.doorbells[1] == 1);
  world.complete_all();
  world.net.reclaim([](void*) {});
  world.device.queues[1].complete(77, 0);
  world.net.reclaim([](void*) {});
  CHECK(world.net.counters().tx_malformed == 1);
  CHECK(world.send(frame_of(60)));
}

TEST_CASE("a frame can be answered from within the sink, in its own buffer") {
  World world{FakeDevice{}};
  for (unsigned i = 0; i < 1000; ++i) {
    REQUIRE(world.device.deliver(frame_of(60, i)));
    CHECK(world.net.poll_rx(64, [&](Packet packet, RxChecksum) {
      packet.data()[0] = std::byte{0xEE};
      CHECK(world.net.transmit(packet, {}));
    }) == 1);
    world.net.flush();
    world.complete_all();
    CHECK(world.transmitted.back().frame[0] == std::byte{0xEE});
    CHECK(world.transmitted.back().frame[59] == frame_of(60, i)[59]);
    world.net.reclaim([](void*) {});
  }
  CHECK(world.net.counters().doorbells == 1 + 2 * 1000);
}

TEST_CASE("a device that needs a reset gets it, and loses only what was in flight") {
  World world{FakeDevice{}};
  int cookie = 0;
  Bytes memory(100);
  const TxSegment segment{memory.data() + limits::kHeadroom, 60};
  REQUIRE(world.net.transmit(TxFrame{{&segment, 1}, {}, &cookie}));
  REQUIRE(world.send(frame_of(60)));
  world.net.flush();
  world.device.status |= status::kNeedsReset;
  CHECK_FALSE(world.net.link_up());
  CHECK_FALSE(world.send(frame_of(60)));
  CHECK(world.receive() == 0);
  int released = 0;
  world.net.reclaim([&](void* pointer) {
    CHECK(pointer == &cookie);
    ++released;
  });
  CHECK(released == 1);
  CHECK(world.net.link_up());
  CHECK(world.device.status == 15);
  CHECK(world.device.queues[0].waiting() == 64);
  CHECK(Packet::free_count() == kAll - 64);
  REQUIRE(world.device.deliver(frame_of(99)));
  CHECK(world.receive() == 1);
  CHECK(world.received.back() == frame_of(99));

  // One that doesn't end its reset keeps the memory that it may still write to.
  world.device.status |= status::kNeedsReset;
  CHECK_FALSE(world.net.link_up());
  world.device.ends_reset = false;
  world.net.reclaim([](void*) {});
  CHECK(Packet::free_count() == kAll - 64 + 1);
  CHECK_FALSE(world.net.link_up());
  CHECK(world.net.error() == "virtio-net: the device does not end its reset");
  // When it has ended after all, everything goes on.
  world.device.ends_reset = true;
  world.device.status = 0;
  CHECK_FALSE(world.net.link_up());
  world.net.reclaim([](void*) {});
  CHECK(world.net.link_up());
  CHECK(Packet::free_count() == kAll - 64);
}

}  // namespace
}  // namespace mote::virtio
