// A simulated virtio console device with ports, and a driver over it, for tests.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/virtio/serial_port_bring_up.hpp"
#include "kernel/memory/arena.hpp"
#include "kernel/memory/dma.hpp"
#include "tests/unit/drivers/virtio/device.hpp"

namespace mote::virtio {

inline constexpr std::string_view kAgentName = "org.qemu.guest_agent.0";

// The device's state and behaviour; the driver reaches it through FakeSerialTransport.
struct FakeSerialDevice {
  bool legacy = false;
  bool ends_reset = true;
  bool refuses_features = false;
  bool refuses_queue = false;
  std::string unreachable = {};
  Features offered = feature::kVersion1 | feature::kConsoleMultiport;
  std::map<std::uint16_t, std::uint16_t> entries = {{0, 128}, {1, 128}, {2, 32},  {3, 32},
                                                    {4, 128}, {5, 128}, {6, 128}, {7, 128}};
  std::map<std::uint32_t, std::string> ports = {{1, std::string(kAgentName)}};
  bool is_open = true;  // the other end of each port

  std::uint8_t status = 0;
  Features accepted = 0;
  std::map<std::uint16_t, DeviceQueue> queues{};
  std::map<std::uint16_t, int> doorbells{};
  int resets = 0;
  int cleared = 0;
  std::vector<PortControl> told{};  // by the driver

  [[nodiscard]] bool runs() const { return (status & status::kDriverOk) != 0; }

  // The next chain lent in a queue, if there are both.
  std::optional<DeviceQueue::Chain> next(std::uint16_t queue) {
    return queues[queue].attached() ? queues[queue].pop() : std::nullopt;
  }

  // Sends a control message; false if the driver has lent no buffer.
  bool control(std::uint32_t id, std::uint16_t event, std::uint16_t value,
               std::string_view name = {}) {
    const PortControl message{id, event, value};
    std::string bytes(sizeof(message), '\0');
    std::memcpy(bytes.data(), &message, sizeof(message));
    return write(2, bytes + std::string(name));
  }

  // Writes bytes into the next buffer, with its own account of how many.
  bool write(std::uint16_t queue, std::string_view bytes, std::uint32_t claims = ~0U) {
    const auto chain = next(queue);
    if (!chain) {
      return false;
    }
    REQUIRE(chain->buffers.size() == 1);
    REQUIRE(chain->buffers[0].writable);
    const std::size_t count = std::min<std::size_t>(bytes.size(), chain->buffers[0].bytes);
    std::memcpy(chain->buffers[0].data, bytes.data(), count);
    queues[queue].complete(chain->head,
                           claims == ~0U ? static_cast<std::uint32_t>(bytes.size()) : claims);
    return true;
  }

  // The bytes of the next chain that the driver sent, given back.
  std::string read(std::uint16_t queue) {
    const auto chain = next(queue);
    if (!chain) {
      return {};
    }
    REQUIRE(chain->buffers.size() == 1);
    REQUIRE_FALSE(chain->buffers[0].writable);
    const std::string bytes(reinterpret_cast<const char*>(chain->buffers[0].data),
                            chain->buffers[0].bytes);
    queues[queue].complete(chain->head, 0);
    return bytes;
  }

  // Answers the driver's control messages as QEMU does. Returns whether there were any.
  bool answer_control() {
    bool any = false;
    for (std::string bytes = read(3); !bytes.empty(); bytes = read(3)) {
      any = true;
      PortControl message;
      REQUIRE(bytes.size() == sizeof(message));
      std::memcpy(&message, bytes.data(), sizeof(message));
      told.push_back(message);
      if (message.event == port_event::kDeviceReady) {
        for (const auto& [id, name] : ports) {
          control(id, port_event::kAdd, 1);
        }
      } else if (message.event == port_event::kReady) {
        const auto& name = ports.at(message.id);
        if (!name.empty()) {
          control(message.id, port_event::kName, 1, name + std::string(1, '\0'));
        }
        if (is_open) {
          control(message.id, port_event::kOpen, 1);
        }
      }
    }
    return any;
  }
};

class FakeSerialTransport {
 public:
  using Location = FakeSerialDevice*;

  static bool is_device(FakeSerialDevice* const&, std::uint16_t identifier) {
    return identifier == 3;
  }
  std::string_view open(FakeSerialDevice* const& device) {
    device_ = device;
    return device->unreachable;
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
        device_->queues.clear();
      }
      return;
    }
    if (device_->refuses_features) {
      value &= static_cast<std::uint8_t>(~status::kFeaturesOk);
    }
    device_->status = value;
  }
  Features offered_features() { return device_->offered; }
  void accept_features(Features features) {
    REQUIRE((features & ~device_->offered) == 0);
    device_->accepted = features;
  }
  std::uint16_t queue_entries(std::uint16_t queue) { return device_->entries[queue]; }
  std::uint16_t set_queue_entries(std::uint16_t queue, std::uint16_t entries) {
    return device_->legacy ? device_->entries[queue] : device_->entries[queue] = entries;
  }
  bool enable_queue(std::uint16_t queue, const QueueAddresses& addresses) {
    REQUIRE_FALSE(device_->runs());
    REQUIRE((!device_->legacy || addresses.descriptors.value % 4096 == 0));
    device_->queues[queue].attach(addresses, device_->entries[queue]);
    return !device_->refuses_queue;
  }
  void notify(std::uint16_t queue) {
    REQUIRE(device_->runs());
    ++device_->doorbells[queue];
  }
  [[nodiscard]] bool can_interrupt() const { return true; }
  void clear_interrupt() { ++device_->cleared; }
  [[nodiscard]] std::uint8_t config8(std::uint16_t) const { return 0; }
  [[nodiscard]] std::uint16_t config16(std::uint16_t) const { return 0; }
  [[nodiscard]] std::uint32_t config32(std::uint16_t) const { return 0; }
  [[nodiscard]] std::uint8_t config_generation() const { return 0; }

 private:
  FakeSerialDevice* device_ = nullptr;
};

using FakeSerialPort = SerialPort<FakeSerialTransport>;

// A driver and its device. The rings' memory comes from one piece for all tests.
struct SerialWorld {
  explicit SerialWorld(FakeSerialDevice prepared = {}) : device(std::move(prepared)) {
    take_dma_memory();
    dma::rewind(0);
  }
  SerialWorld(const SerialWorld&) = delete;
  SerialWorld& operator=(const SerialWorld&) = delete;

  static void take_dma_memory() {
    static std::vector<std::byte> memory(1 << 20, std::byte{0xA5});
    static const std::uint64_t start = physical(memory.data()).value;
    static Arena arena(AddressRange{start, start + memory.size()});
    static const bool is_set_up = dma::set_up(arena, 512 << 10);
    REQUIRE(is_set_up);
  }

  bool bring_up() { return port.bring_up(&device, kAgentName); }

  // A turn of the driver's and of the device's, until both rest.
  void settle() {
    do {
      port.queues().poll();
      port.flush();
    } while (device.runs() && device.answer_control());
  }

  // Brings the port up and leads it to its open state.
  void open() {
    REQUIRE(bring_up());
    settle();
    REQUIRE(port.queues().is_open());
  }

  std::string receive() {
    std::string all;
    for (auto some = port.queues().received(); !some.empty(); some = port.queues().received()) {
      all.append(some.data(), some.size());
      port.queues().consume(some.size());
    }
    port.flush();
    return all;
  }
  bool send(std::string_view bytes) {
    const auto room = port.queues().room();
    if (room.size() < bytes.size()) {
      return false;
    }
    bytes.copy(room.data(), bytes.size());
    port.queues().send(bytes.size());
    port.flush();
    return true;
  }

  FakeSerialDevice device;
  FakeSerialPort port;
};

}  // namespace mote::virtio
