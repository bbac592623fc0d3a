// A simulated virtio device that takes requests, and the time that passes while it doesn't answer.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <vector>

#include "drivers/virtio/request_device.hpp"
#include "kernel/time/allowance.hpp"
#include "tests/unit/drivers/virtio/device.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::virtio {

struct RequestFake {
  bool legacy = false;
  bool opens = true;
  bool ends_reset = true;
  bool refuses_features = false;
  bool refuses_queue = false;
  Features offered = feature::kVersion1;
  std::array<std::uint16_t, 3> entries = {256, 256, 256};
  std::array<std::uint8_t, 64> config{};
  std::uint8_t generation_steps = 0;  // reads that see another generation

  // Called for each request that the driver rings for, with its queue; completes it or doesn't.
  std::function<void(DeviceQueue&, const DeviceQueue::Chain&)> serve;

  std::uint8_t status = 0;
  Features accepted = 0;
  std::array<DeviceQueue, 3> queues{};
  std::vector<std::uint8_t> statuses{};
  unsigned resets = 0;
  unsigned doorbells = 0;
  bool is_bus_master = true;

  template <typename T>
  void put_config(std::size_t offset, T value) {
    std::memcpy(&config.at(offset), &value, sizeof(value));
  }
};

// The writable and the readable bytes of a chain.
inline std::size_t writable_bytes(const DeviceQueue::Chain& chain) {
  std::size_t bytes = 0;
  for (const auto& buffer : chain.buffers) {
    bytes += buffer.writable ? buffer.bytes : 0;
  }
  return bytes;
}

class RequestTransport {
 public:
  // A device's place, with a bus master's switch as a PCI function has.
  struct Location {
    RequestFake* device = nullptr;
    void disable_bus_master() const { device->is_bus_master = false; }
  };

  static inline std::uint16_t identifier = 0;  // of the device at every location

  static bool is_device(const Location&, std::uint16_t wanted) { return wanted == identifier; }
  std::string_view open(const Location& location) {
    device_ = location.device;
    return device_->opens ? "" : "none of the device's registers can be reached";
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
  std::uint16_t queue_entries(std::uint16_t queue) { return device_->entries.at(queue); }
  std::uint16_t set_queue_entries(std::uint16_t queue, std::uint16_t entries) {
    REQUIRE_FALSE(device_->legacy);
    return device_->entries.at(queue) = entries;
  }
  bool enable_queue(std::uint16_t queue, const QueueAddresses& addresses) {
    REQUIRE(addresses.descriptors.value % (device_->legacy ? 4096 : 16) == 0);
    device_->queues.at(queue).attach(addresses, device_->entries.at(queue));
    return !device_->refuses_queue;
  }
  void notify(std::uint16_t queue) {
    REQUIRE((device_->status & status::kDriverOk) != 0);
    ++device_->doorbells;
    DeviceQueue& own = device_->queues.at(queue);
    while (const auto chain = own.pop()) {
      if (device_->serve) {
        device_->serve(own, *chain);
      }
    }
  }
  [[nodiscard]] bool can_interrupt() const { return false; }
  void clear_interrupt() {}
  [[nodiscard]] std::uint8_t config8(std::uint16_t offset) const {
    return device_->config.at(offset);
  }
  [[nodiscard]] std::uint16_t config16(std::uint16_t offset) const {
    return config<std::uint16_t>(offset);
  }
  [[nodiscard]] std::uint32_t config32(std::uint16_t offset) const {
    return config<std::uint32_t>(offset);
  }
  [[nodiscard]] std::uint8_t config_generation() const {
    return device_->generation_steps > 0 ? device_->generation_steps-- : std::uint8_t{0};
  }

 private:
  template <typename T>
  [[nodiscard]] T config(std::uint16_t offset) const {
    REQUIRE(offset % sizeof(T) == 0);
    REQUIRE(offset + sizeof(T) <= device_->config.size());
    T value;
    std::memcpy(&value, &device_->config[offset], sizeof(value));
    return value;
  }

  RequestFake* device_ = nullptr;
};
static_assert(Transport<RequestTransport>);

// A machine whose clock moves on with every look and pause.
struct RequestWorld : FakeMachine {
  RequestFake device;

  RequestWorld() {
    ticks_a_look = 1'000;
    ticks_a_pause = 50'000;
    allowance::begin();
  }
  [[nodiscard]] RequestTransport::Location place() { return {&device}; }
};

}  // namespace mote::virtio
