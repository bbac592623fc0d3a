// virtio over MMIO (virtio 1.2, 4.2): version 2, and version 1, which is the legacy interface.
//
// The registers are a parameter, so that tests can observe accesses; MmioTransport is the real one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/limits.hpp"
#include "drivers/virtio/transport.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/memory/mmio_window.hpp"
#include "kernel/time/clock.hpp"

namespace mote::virtio {

// 4.2.2, and for version 1 4.2.4: the registers, as offsets. Each has 32 bits.
namespace mmio_register {
inline constexpr std::uint32_t kMagic = 0x000;
inline constexpr std::uint32_t kVersion = 0x004;
inline constexpr std::uint32_t kDevice = 0x008;
inline constexpr std::uint32_t kDeviceFeatures = 0x010;
inline constexpr std::uint32_t kDeviceFeaturesSelect = 0x014;
inline constexpr std::uint32_t kDriverFeatures = 0x020;
inline constexpr std::uint32_t kDriverFeaturesSelect = 0x024;
inline constexpr std::uint32_t kPageBytes = 0x028;  // version 1
inline constexpr std::uint32_t kQueueSelect = 0x030;
inline constexpr std::uint32_t kQueueMost = 0x034;  // QueueNumMax
inline constexpr std::uint32_t kQueueEntries = 0x038;
inline constexpr std::uint32_t kQueueAlignment = 0x03C;  // version 1
inline constexpr std::uint32_t kQueuePage = 0x040;       // version 1
inline constexpr std::uint32_t kQueueReady = 0x044;
inline constexpr std::uint32_t kQueueNotify = 0x050;
inline constexpr std::uint32_t kInterruptStatus = 0x060;
inline constexpr std::uint32_t kInterruptAcknowledge = 0x064;
inline constexpr std::uint32_t kStatus = 0x070;
inline constexpr std::uint32_t kQueueDescriptors = 0x080;  // upper half 4 bytes further, as below
inline constexpr std::uint32_t kQueueAvailable = 0x090;
inline constexpr std::uint32_t kQueueUsed = 0x0A0;
inline constexpr std::uint32_t kConfigGeneration = 0x0FC;
inline constexpr std::uint32_t kConfig = 0x100;

inline constexpr std::uint32_t kMagicValue = 0x7472'6976;  // "virt"
inline constexpr std::uint32_t kLegacyVersion = 1;
inline constexpr std::uint32_t kModernVersion = 2;
}  // namespace mmio_register

// A window's registers. Offsets are in bytes, aligned to the access; the caller keeps them within
// the window.
template <typename T>
concept MmioRegisters =
    requires(T registers, const T& constant, const MmioWindow& window, std::uint32_t offset) {
      // Makes the window reachable; false if it can't be.
      { registers.open(window) } -> std::same_as<bool>;
      // Routes the window's interrupt to us, if interrupts are wanted; false if it can't reach us.
      { registers.open_interrupt(window) } -> std::same_as<bool>;
      { constant.read8(offset) } -> std::same_as<std::uint8_t>;
      { constant.read16(offset) } -> std::same_as<std::uint16_t>;
      { constant.read32(offset) } -> std::same_as<std::uint32_t>;
      { constant.write32(offset, std::uint32_t{}) } -> std::same_as<void>;
    };

// Registers in memory.
class MappedRegisters {
 public:
  [[nodiscard]] bool open(const MmioWindow& window);
  [[nodiscard]] bool open_interrupt(const MmioWindow& window);
  [[nodiscard]] std::uint8_t read8(std::uint32_t offset) const { return mmio::read8(at(offset)); }
  [[nodiscard]] std::uint16_t read16(std::uint32_t offset) const {
    return mmio::read16(at(offset));
  }
  [[nodiscard]] std::uint32_t read32(std::uint32_t offset) const {
    return mmio::read32(at(offset));
  }
  void write32(std::uint32_t offset, std::uint32_t value) const {
    mmio::write32(at(offset), value);
  }

 private:
  [[nodiscard]] PhysicalAddress at(std::uint32_t offset) const { return base_ + offset; }

  PhysicalAddress base_;
};

template <MmioRegisters Registers>
class BasicMmioTransport {
 public:
  using Location = MmioWindow;

  // Entries that a queue gets at most. QEMU offers 1024 for every queue, whatever the device needs;
  // more than a NIC keeps posted would only cost memory.
  static constexpr std::uint32_t kMostEntries = std::bit_floor(limits::kReceiveBuffers);

  // See the concept `Transport`. Maps the window.
  [[nodiscard]] static bool is_device(const MmioWindow& window, std::uint16_t identifier);
  [[nodiscard]] std::string_view open(const MmioWindow& window);
  [[nodiscard]] bool is_legacy() const { return legacy_; }
  [[nodiscard]] bool reset();
  [[nodiscard]] std::uint8_t status() const {
    return static_cast<std::uint8_t>(registers_.read32(mmio_register::kStatus));
  }
  void set_status(std::uint8_t value) { registers_.write32(mmio_register::kStatus, value); }
  [[nodiscard]] Features offered_features();
  void accept_features(Features features);
  [[nodiscard]] std::uint16_t queue_entries(std::uint16_t queue) {
    return set_queue_entries(queue, kMostEntries);
  }
  [[nodiscard]] std::uint16_t set_queue_entries(std::uint16_t queue, std::uint16_t entries);
  [[nodiscard]] bool enable_queue(std::uint16_t queue, const QueueAddresses& addresses);
  void notify(std::uint16_t queue) const { registers_.write32(mmio_register::kQueueNotify, queue); }
  [[nodiscard]] bool can_interrupt() const { return can_interrupt_; }
  void clear_interrupt() const {
    if (can_interrupt_) {
      registers_.write32(mmio_register::kInterruptAcknowledge,
                         registers_.read32(mmio_register::kInterruptStatus));
    }
  }
  [[nodiscard]] std::uint8_t config8(std::uint16_t offset) const {
    return offset < config_bytes_ ? registers_.read8(mmio_register::kConfig + offset)
                                  : std::uint8_t{0};
  }
  [[nodiscard]] std::uint16_t config16(std::uint16_t offset) const {
    const bool inside = offset + sizeof(std::uint16_t) <= config_bytes_;
    return inside ? registers_.read16(mmio_register::kConfig + offset) : std::uint16_t{0};
  }
  [[nodiscard]] std::uint32_t config32(std::uint16_t offset) const {
    const bool inside = offset + sizeof(std::uint32_t) <= config_bytes_;
    return inside ? registers_.read32(mmio_register::kConfig + offset) : std::uint32_t{0};
  }
  // Version 1 has none: there, reading twice can't detect a change.
  [[nodiscard]] std::uint8_t config_generation() const {
    return legacy_ ? std::uint8_t{0}
                   : static_cast<std::uint8_t>(registers_.read32(mmio_register::kConfigGeneration));
  }

 private:
  static constexpr std::uint32_t kPageBytes = 4096;

  void write64(std::uint32_t offset, std::uint64_t value) const {
    registers_.write32(offset, static_cast<std::uint32_t>(value));
    registers_.write32(offset + 4, static_cast<std::uint32_t>(value >> 32));
  }

  Registers registers_;
  std::uint64_t config_bytes_ = 0;
  bool legacy_ = false;
  bool can_interrupt_ = false;
  std::array<std::uint16_t, kQueuePlaces> entries_{};  // as agreed with the device
};

// 4.2.2.2: a window with another magic value, or with device 0, is to be left alone.
template <MmioRegisters Registers>
bool BasicMmioTransport<Registers>::is_device(const MmioWindow& window, std::uint16_t identifier) {
  Registers registers;
  return window.bytes > mmio_register::kConfig && registers.open(window) &&
         registers.read32(mmio_register::kMagic) == mmio_register::kMagicValue &&
         registers.read32(mmio_register::kDevice) == identifier;
}

template <MmioRegisters Registers>
std::string_view BasicMmioTransport<Registers>::open(const MmioWindow& window) {
  *this = {};
  if (window.bytes <= mmio_register::kConfig || !registers_.open(window)) {
    return "the device's registers can't be reached";
  }
  const std::uint32_t version = registers_.read32(mmio_register::kVersion);
  if (version != mmio_register::kLegacyVersion && version != mmio_register::kModernVersion) {
    return "the registers' version is neither 1 nor 2";
  }
  legacy_ = version == mmio_register::kLegacyVersion;
  config_bytes_ = window.bytes - mmio_register::kConfig;
  can_interrupt_ = registers_.open_interrupt(window);
  return {};
}

template <MmioRegisters Registers>
bool BasicMmioTransport<Registers>::reset() {
  // Instant in QEMU; a hardware device may have transfers to finish.
  constexpr Nanoseconds kResetTime = milliseconds(500);
  set_status(0);
  const Nanoseconds deadline = clock::now() + kResetTime;
  // 2.4.2: done when the status reads 0.
  while (status() != 0) {
    if (clock::now() > deadline) {
      return false;
    }
  }
  return true;
}

template <MmioRegisters Registers>
Features BasicMmioTransport<Registers>::offered_features() {
  registers_.write32(mmio_register::kDeviceFeaturesSelect, 0);
  const Features low = registers_.read32(mmio_register::kDeviceFeatures);
  if (legacy_) {
    return low;
  }
  registers_.write32(mmio_register::kDeviceFeaturesSelect, 1);
  const Features high = registers_.read32(mmio_register::kDeviceFeatures);
  return high << 32 | low;
}

template <MmioRegisters Registers>
void BasicMmioTransport<Registers>::accept_features(Features features) {
  registers_.write32(mmio_register::kDriverFeaturesSelect, 0);
  registers_.write32(mmio_register::kDriverFeatures, static_cast<std::uint32_t>(features));
  if (legacy_) {  // 4.2.4: before any queue is used, and again after each reset
    registers_.write32(mmio_register::kPageBytes, kPageBytes);
    return;
  }
  registers_.write32(mmio_register::kDriverFeaturesSelect, 1);
  registers_.write32(mmio_register::kDriverFeatures, static_cast<std::uint32_t>(features >> 32));
}

// Steps 1 to 3 of 4.2.3.2. In both versions the driver chooses any number up to the device's.
template <MmioRegisters Registers>
std::uint16_t BasicMmioTransport<Registers>::set_queue_entries(std::uint16_t queue,
                                                               std::uint16_t entries) {
  registers_.write32(mmio_register::kQueueSelect, queue);
  const bool in_use =
      registers_.read32(legacy_ ? mmio_register::kQueuePage : mmio_register::kQueueReady) != 0;
  const std::uint32_t most = in_use ? 0 : registers_.read32(mmio_register::kQueueMost);
  entries_[place_of(queue)] =
      static_cast<std::uint16_t>(std::bit_floor(std::min<std::uint32_t>(entries, most)));
  return entries_[place_of(queue)];
}

// Steps 5 to 7 of 4.2.3.2, and of 4.2.4 for version 1.
template <MmioRegisters Registers>
bool BasicMmioTransport<Registers>::enable_queue(std::uint16_t queue,
                                                 const QueueAddresses& addresses) {
  registers_.write32(mmio_register::kQueueSelect, queue);
  registers_.write32(mmio_register::kQueueEntries, entries_[place_of(queue)]);
  if (legacy_) {
    registers_.write32(mmio_register::kQueueAlignment, RingLayout::kLegacyAlignment);
    const std::uint64_t page = addresses.descriptors.value / kPageBytes;
    registers_.write32(mmio_register::kQueuePage, static_cast<std::uint32_t>(page));
    return true;
  }
  write64(mmio_register::kQueueDescriptors, addresses.descriptors.value);
  write64(mmio_register::kQueueAvailable, addresses.available.value);
  write64(mmio_register::kQueueUsed, addresses.used.value);
  registers_.write32(mmio_register::kQueueReady, 1);
  return true;
}

using MmioTransport = BasicMmioTransport<MappedRegisters>;
static_assert(Transport<MmioTransport>);

extern template class BasicMmioTransport<MappedRegisters>;

}  // namespace mote::virtio
