// A simulated virtio network device and a driver over it, for tests.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/virtio/nic_bring_up.hpp"
#include "kernel/limits.hpp"
#include "tests/unit/drivers/virtio/device.hpp"

namespace mote::virtio {

using Bytes = std::vector<std::byte>;

// The device's state and behaviour; the driver reaches it through FakeTransport.
struct FakeDevice {
  bool legacy = false;
  bool ends_reset = true;
  bool refuses_features = false;
  bool refuses_queue = false;
  Features offered = feature::kVersion1 | feature::kNetMac;
  std::array<std::uint16_t, 2> entries = {64, 64};
  std::array<std::uint8_t, 12> config = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0};
  std::uint8_t generation_steps = 0;  // reads that see another generation

  std::uint8_t status = 0;
  Features accepted = 0;
  std::array<DeviceQueue, 2> queues{};
  std::array<int, 2> doorbells{};
  int resets = 0;
  std::vector<std::uint8_t> statuses{};
  int cleared = 0;  // interrupts acknowledged

  [[nodiscard]] bool has(Features bits) const { return (accepted & bits) == bits; }
  [[nodiscard]] std::size_t header_bytes() const {
    return legacy && !has(feature::kNetMergeable) ? 10 : 12;
  }

  // Writes a frame behind its header into one of the driver's buffers; false if there is none.
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

  // Puts a merged frame into several buffers, with `sizes` bytes in each, its header before the
  // first. The driver sees it after `show`. False if the buffers run out.
  bool put_merged(const Bytes& frame, NetHeader header, std::span<const std::size_t> sizes) {
    header.buffers =
        header.buffers == 0 ? static_cast<std::uint16_t>(sizes.size()) : header.buffers;
    Bytes all(header_bytes());
    std::memcpy(all.data(), &header, all.size());
    all.insert(all.end(), frame.begin(), frame.end());
    std::size_t at = 0;
    for (const std::size_t size : sizes) {
      const auto chain = queues[0].pop();
      if (!chain) {
        return false;
      }
      std::size_t in_buffer = 0;
      for (const auto& buffer : chain->buffers) {
        const std::size_t some = std::min<std::size_t>(buffer.bytes, size - in_buffer);
        REQUIRE(at + some <= all.size());
        std::memcpy(buffer.data, all.data() + at, some);
        at += some;
        in_buffer += some;
      }
      REQUIRE(in_buffer == size);
      queues[0].put(chain->head, static_cast<std::uint32_t>(size));
    }
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
    set_status(0);
    return device_->ends_reset;
  }
  [[nodiscard]] std::uint8_t status() const { return device_->status; }
  void set_status(std::uint8_t value) {
    if (value == 0) {
      ++device_->resets;
      if (device_->ends_reset) {
        device_->status = 0;
        device_->queues = {};
      }
      return;
    }
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
  [[nodiscard]] bool can_interrupt() const { return true; }
  void clear_interrupt() { ++device_->cleared; }
  [[nodiscard]] std::uint8_t config8(std::uint16_t offset) const { return device_->config[offset]; }
  [[nodiscard]] std::uint16_t config16(std::uint16_t offset) const {
    return static_cast<std::uint16_t>(device_->config[offset] | device_->config[offset + 1] << 8);
  }
  [[nodiscard]] std::uint32_t config32(std::uint16_t offset) const {
    return config16(offset) | std::uint32_t{config16(static_cast<std::uint16_t>(offset + 2))} << 16;
  }
  [[nodiscard]] std::uint8_t config_generation() const {
    return device_->generation_steps > 0 ? device_->generation_steps-- : std::uint8_t{0};
  }

 private:
  FakeDevice* device_ = nullptr;
};

using FakeNic = Nic<FakeTransport>;
static_assert(NetDevice<FakeNic>);

inline constexpr std::size_t kAll = limits::kPackets;

inline Bytes frame_of(std::size_t bytes, unsigned seed = 1) {
  Bytes frame(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    frame[i] = static_cast<std::byte>(i * 7 + seed);
  }
  return frame;
}

inline constexpr Features kLargeReceive =
    feature::kNetGuestChecksum | feature::kNetMergeable | feature::kNetGuestTso4;
inline constexpr Features kCutting = feature::kNetChecksum | feature::kNetHostTso4;

inline FakeDevice device_with(Features bits, bool legacy = false, std::uint16_t entries = 64) {
  FakeDevice device{.legacy = legacy, .entries = {entries, entries}};
  device.offered = bits | feature::kNetMac | (legacy ? 0 : feature::kVersion1);
  return device;
}

// A driver and its device; in the end every packet must be back in the pool.
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
      for (unsigned look = 0; look < 50; ++look) {  // enough for a retry, if one is due
        static_cast<void>(net.link_up());
      }
      device.refuses_queue = true;  // fails after the reset, before anything is lent again
      net.reclaim([](void*) {});
    }
    CHECK(Packet::free_count() == kAll);
  }

  // One turn; keeps frames as bytes.
  std::size_t receive(std::size_t budget = 64) { return net.poll_rx(budget, Keep{*this}); }
  struct Keep {
    World& world;
    void operator()(Packet packet, RxChecksum checksum) const {
      world.received.emplace_back(packet.frame().begin(), packet.frame().end());
      world.checksums.push_back(checksum);
      world.packets.push_back(1);
    }
    void operator()(std::span<Packet> pieces, RxChecksum checksum) const {
      Bytes frame;
      for (const Packet& piece : pieces) {
        REQUIRE(piece);
        REQUIRE(piece.bytes() != 0);
        REQUIRE(piece.bytes() <= Packet::kMaxFrameBytes);
        frame.insert(frame.end(), piece.frame().begin(), piece.frame().end());
      }
      world.received.push_back(std::move(frame));
      world.checksums.push_back(checksum);
      world.packets.push_back(pieces.size());
    }
  };
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
  FakeNic net;
  bool came_up;
  std::vector<Bytes> received;
  std::vector<RxChecksum> checksums;
  std::vector<std::size_t> packets;  // the number in each frame
  std::vector<FakeDevice::Sent> transmitted;
};

}  // namespace mote::virtio
