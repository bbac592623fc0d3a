// A simulated PCI configuration space.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>

#include "kernel/pci/config.hpp"

namespace mote::pci {

inline constexpr std::uint32_t kBridgeClass = 0x0604'0000;
inline constexpr std::uint32_t kNetworkClass = 0x0200'0000;

// One function's registers. Bits of base addresses that are zero in `writable` can't be changed.
struct Device {
  std::array<std::uint8_t, 256> bytes{};
  std::array<std::uint32_t, 6> writable{};
  bool deaf_when_sized = true;  // false once a base address was written with decoding on

  template <typename T>
  void put(std::uint16_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof(T));
  }
  template <typename T>
  [[nodiscard]] T get(std::uint16_t offset) const {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
  }
};

// The space: a map of functions, and a count of accesses.
class FakeSpace {
 public:
  Device& add(Address address, std::uint32_t classes = kNetworkClass) {
    Device& device = devices_[address];
    device.put<std::uint32_t>(kVendor, 0x1041'1AF4);
    device.put<std::uint32_t>(kClass, classes);
    return device;
  }
  Device& add_bridge(Address address, std::uint8_t secondary) {
    Device& bridge = add(address, kBridgeClass);
    bridge.put<std::uint8_t>(kHeaderType, kHeaderBridge);
    bridge.put<std::uint8_t>(kSecondaryBus, secondary);
    return bridge;
  }

  std::uint8_t read8(Address a, std::uint16_t offset) { return read<std::uint8_t>(a, offset); }
  std::uint16_t read16(Address a, std::uint16_t offset) { return read<std::uint16_t>(a, offset); }
  std::uint32_t read32(Address a, std::uint16_t offset) { return read<std::uint32_t>(a, offset); }
  void write8(Address a, std::uint16_t offset, std::uint8_t value) {
    devices_.at(a).put(offset, value);
  }
  void write16(Address a, std::uint16_t offset, std::uint16_t value) {
    devices_.at(a).put(offset, value);
  }
  void write32(Address a, std::uint16_t offset, std::uint32_t value) {
    Device& device = devices_.at(a);
    if (offset < kBar0 || offset >= kBar0 + 24) {
      device.put(offset, value);
      return;
    }
    if ((device.get<std::uint16_t>(kCommand) & (kCommandIo | kCommandMemory)) != 0) {
      device.deaf_when_sized = false;
    }
    const std::uint32_t writable = device.writable[(offset - kBar0) / 4u];
    device.put(offset, (device.get<std::uint32_t>(offset) & ~writable) | (value & writable));
  }

  [[nodiscard]] Device& at(Address address) { return devices_.at(address); }
  void remove(Address address) { devices_.erase(address); }

  std::size_t reads = 0;

 private:
  template <typename T>
  T read(Address address, std::uint16_t offset) {
    ++reads;
    const auto device = devices_.find(address);
    return device == devices_.end() ? static_cast<T>(~T{0}) : device->second.get<T>(offset);
  }

  std::map<Address, Device> devices_;
};
static_assert(ConfigSpace<FakeSpace>);

inline constexpr Address kHere{0, 3, 0};

}  // namespace mote::pci
