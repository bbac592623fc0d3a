// virtio over PCI: finds the device's registers and accesses them.
#include "drivers/virtio/pci_transport.hpp"

#include "kernel/interrupts/interrupts.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/pci/interrupts.hpp"
#include "kernel/time/clock.hpp"

namespace mote::virtio {
namespace {

// 4.1.2: identifiers of virtio devices on PCI.
constexpr std::uint16_t kVendor = 0x1AF4;
constexpr std::uint16_t kFirstTransitional = 0x1000;
constexpr std::uint16_t kFirstModern = 0x1040;  // the device's identifier is added

// 4.1.4.3: the common configuration.
namespace common {
constexpr std::uint32_t kDeviceFeatureSelect = 0;
constexpr std::uint32_t kDeviceFeature = 4;
constexpr std::uint32_t kDriverFeatureSelect = 8;
constexpr std::uint32_t kDriverFeature = 12;
constexpr std::uint32_t kConfigVector = 16;
constexpr std::uint32_t kStatus = 20;
constexpr std::uint32_t kConfigGeneration = 21;
constexpr std::uint32_t kQueueSelect = 22;
constexpr std::uint32_t kQueueSize = 24;
constexpr std::uint32_t kQueueVector = 26;
constexpr std::uint32_t kQueueEnable = 28;
constexpr std::uint32_t kQueueNotifyOffset = 30;
constexpr std::uint32_t kQueueDescriptors = 32;
constexpr std::uint32_t kQueueAvailable = 40;
constexpr std::uint32_t kQueueUsed = 48;
constexpr std::uint32_t kBytes = 56;
}  // namespace common

// 4.1.4.10: the legacy interface's registers, in BAR 0.
namespace legacy {
constexpr std::uint32_t kDeviceFeatures = 0;
constexpr std::uint32_t kDriverFeatures = 4;
constexpr std::uint32_t kQueueAddress = 8;  // in pages of 4096 bytes
constexpr std::uint32_t kQueueSize = 12;
constexpr std::uint32_t kQueueSelect = 14;
constexpr std::uint32_t kQueueNotify = 16;
constexpr std::uint32_t kStatus = 18;
constexpr std::uint32_t kInterruptStatus = 19;
constexpr std::uint32_t kConfigVector = 20;  // only while MSI-X is enabled
constexpr std::uint32_t kQueueVector = 22;   // likewise
constexpr std::uint32_t kConfig = 20;
constexpr std::uint32_t kConfigWithMsiX = 24;
constexpr unsigned kPageShift = 12;
}  // namespace legacy

// 4.1.4: a vendor-specific capability says where a structure lies.
namespace capability {
constexpr std::uint8_t kVendorSpecific = 0x09;  // PCI Local Bus 3.0, appendix H
constexpr std::uint8_t kMsiX = 0x11;
constexpr std::uint8_t kType = 3;
constexpr std::uint8_t kBar = 4;
constexpr std::uint8_t kOffset = 8;
constexpr std::uint8_t kLength = 12;
constexpr std::uint8_t kNotifyMultiplier = 16;
constexpr std::uint8_t kTypeCommon = 1;
constexpr std::uint8_t kTypeNotify = 2;
constexpr std::uint8_t kTypeInterruptStatus = 3;
constexpr std::uint8_t kTypeDevice = 4;
constexpr std::uint8_t kBars = 6;  // larger numbers are reserved
// PCI Local Bus 3.0, 6.8.2.3: MSI-X message control.
constexpr std::uint8_t kMsiXControl = 2;
constexpr std::uint16_t kMsiXEnable = 1 << 15;
}  // namespace capability

// The one MSI-X table entry used for everything, and the value read back if it could not be set
// (4.1.5.1.2).
constexpr std::uint16_t kVector = 0;
constexpr std::uint16_t kNoVector = 0xFFFF;

// A reset is instant in QEMU; a hardware device may have transfers to finish.
constexpr Nanoseconds kResetTime = milliseconds(500);

std::uint16_t at(pci::Capability capability, std::uint8_t field) {
  return static_cast<std::uint16_t>(capability.offset + field);
}

// The firmware may have enabled MSI-X, which moves the legacy configuration.
void disable_msi_x(const pci::Function& function) {
  for (const pci::Capability capability : function.capabilities()) {
    if (capability.id == capability::kMsiX) {
      const std::uint16_t control = at(capability, capability::kMsiXControl);
      const auto off = static_cast<std::uint16_t>(~capability::kMsiXEnable);
      function.write16(control, function.read16(control) & off);
    }
  }
}

// Maps the window that a capability describes; empty if it can't be reached.
Window window_of(const pci::Function& function, pci::Capability capability) {
  const std::uint8_t index = function.read8(at(capability, capability::kBar));
  if (index >= capability::kBars) {
    return {};
  }
  const pci::Bar bar = function.bar(index);
  const std::uint32_t offset = function.read32(at(capability, capability::kOffset));
  const std::uint32_t bytes = function.read32(at(capability, capability::kLength));
  if (!bar || bytes == 0 || offset > bar.bytes || bytes > bar.bytes - offset) {
    return {};
  }
  if (!bar.is_io && !paging::map_device({bar.address + offset}, bytes)) {
    return {};
  }
  return {.address = bar.address + offset, .bytes = bytes, .is_io = bar.is_io};
}

void write64(const Window& window, std::uint32_t offset, std::uint64_t value) {
  // 4.1.3.1: 64-bit fields are written as two of 32 bits.
  window.write32(offset, static_cast<std::uint32_t>(value));
  window.write32(offset + 4, static_cast<std::uint32_t>(value >> 32));
}

// Transitional devices have their identifier in the subsystem's (4.1.2.3).
bool is_transitional(const pci::Function& function) {
  return function.device_id >= kFirstTransitional && function.device_id < kFirstModern;
}

}  // namespace

bool PciTransport::is_device(const pci::Function& function, std::uint16_t identifier) {
  return function.vendor == kVendor &&
         (is_transitional(function) ? function.subsystem_id == identifier
                                    : function.device_id == kFirstModern + identifier);
}

std::string_view PciTransport::open(const pci::Function& function) {
  *this = {};
  disable_msi_x(function);
  if (!open_modern(function) && !open_legacy(function)) {
    return "none of the device's registers can be reached";
  }
  function.enable_bus_master();
  choose_way(function);
  return {};
}

bool PciTransport::open_modern(const pci::Function& function) {
  for (const pci::Capability capability : function.capabilities()) {
    if (capability.id != capability::kVendorSpecific) {
      continue;
    }
    // The device lists structures of one type in order of preference (4.1.4.1): take the first that
    // can be reached.
    const std::uint8_t type = function.read8(at(capability, capability::kType));
    if (type == capability::kTypeCommon && !common_) {
      common_ = window_of(function, capability);
    } else if (type == capability::kTypeNotify && !notify_) {
      notify_ = window_of(function, capability);
      notify_multiplier_ = function.read32(at(capability, capability::kNotifyMultiplier));
    } else if (type == capability::kTypeInterruptStatus && interrupts::message() &&
               !interrupt_status_) {
      interrupt_status_ = window_of(function, capability);
    } else if (type == capability::kTypeDevice && !config_) {
      config_ = window_of(function, capability);
    }
  }
  return common_.bytes >= common::kBytes && notify_;
}

bool PciTransport::open_legacy(const pci::Function& function) {
  *this = {};
  const pci::Bar bar = function.bar(0);
  if (!is_transitional(function) || !bar || bar.bytes <= legacy::kConfig) {
    return false;
  }
  if (!bar.is_io && !paging::map_device({bar.address}, bar.bytes)) {
    return false;
  }
  const auto bytes = static_cast<std::uint32_t>(bar.bytes);
  common_ = {.address = bar.address, .bytes = bytes, .is_io = bar.is_io};
  interrupt_status_ = {
      .address = bar.address + legacy::kInterruptStatus, .bytes = 1, .is_io = bar.is_io};
  legacy_ = true;
  return true;
}

// Call after bus mastering is enabled, because a message is a write to memory, and before the
// legacy configuration is read, because MSI-X moves it.
void PciTransport::choose_way(const pci::Function& function) {
  if (const auto message = interrupts::message()) {
    if (pci::use_msi_x(function, *message)) {
      way_ = Way::kMsiX;
    } else if (interrupt_status_ && pci::use_pin(function)) {
      way_ = Way::kPin;
    }
  }
  if (legacy_) {
    const std::uint32_t at = way_ == Way::kMsiX ? legacy::kConfigWithMsiX : legacy::kConfig;
    config_ = {.address = common_.address + at,
               .bytes = common_.bytes > at ? common_.bytes - at : 0,
               .is_io = common_.is_io};
  }
}

// Sets the vectors of the selected queue and of the configuration. A device that can't spare a
// vector won't interrupt.
void PciTransport::set_vectors() {
  const std::uint32_t config = legacy_ ? legacy::kConfigVector : common::kConfigVector;
  const std::uint32_t queue = legacy_ ? legacy::kQueueVector : common::kQueueVector;
  common_.write16(config, kVector);
  common_.write16(queue, kVector);
  if (common_.read16(config) == kNoVector || common_.read16(queue) == kNoVector) {
    way_ = Way::kNone;
  }
}

void PciTransport::clear_interrupt() const {
  if (way_ == Way::kPin) {
    static_cast<void>(interrupt_status_.read8(0));  // 4.1.4.5: reading clears it
  }
}

bool PciTransport::reset() {
  set_status(0);
  const Nanoseconds deadline = clock::now() + kResetTime;
  // 4.1.4.3.2: done when the status reads 0.
  while (status() != 0) {
    if (clock::now() > deadline) {
      return false;
    }
  }
  return true;
}

std::uint8_t PciTransport::status() const {
  return common_.read8(legacy_ ? legacy::kStatus : common::kStatus);
}

void PciTransport::set_status(std::uint8_t value) {
  common_.write8(legacy_ ? legacy::kStatus : common::kStatus, value);
}

Features PciTransport::offered_features() {
  if (legacy_) {
    return common_.read32(legacy::kDeviceFeatures);
  }
  common_.write32(common::kDeviceFeatureSelect, 0);
  const Features low = common_.read32(common::kDeviceFeature);
  common_.write32(common::kDeviceFeatureSelect, 1);
  const Features high = common_.read32(common::kDeviceFeature);
  return high << 32 | low;
}

void PciTransport::accept_features(Features features) {
  const auto low = static_cast<std::uint32_t>(features);
  if (legacy_) {
    common_.write32(legacy::kDriverFeatures, low);
    return;
  }
  common_.write32(common::kDriverFeatureSelect, 0);
  common_.write32(common::kDriverFeature, low);
  common_.write32(common::kDriverFeatureSelect, 1);
  common_.write32(common::kDriverFeature, static_cast<std::uint32_t>(features >> 32));
}

std::uint16_t PciTransport::queue_entries(std::uint16_t queue) {
  common_.write16(legacy_ ? legacy::kQueueSelect : common::kQueueSelect, queue);
  return common_.read16(legacy_ ? legacy::kQueueSize : common::kQueueSize);
}

std::uint16_t PciTransport::set_queue_entries(std::uint16_t queue, std::uint16_t entries) {
  if (!legacy_) {
    common_.write16(common::kQueueSelect, queue);
    common_.write16(common::kQueueSize, entries);
  }
  return queue_entries(queue);
}

bool PciTransport::enable_queue(std::uint16_t queue, const QueueAddresses& addresses) {
  common_.write16(legacy_ ? legacy::kQueueSelect : common::kQueueSelect, queue);
  if (way_ == Way::kMsiX) {
    set_vectors();
  }
  if (legacy_) {
    const std::uint64_t page = addresses.descriptors.value >> legacy::kPageShift;
    common_.write32(legacy::kQueueAddress, static_cast<std::uint32_t>(page));
    doorbells_[place_of(queue)] = {.address = common_.address + legacy::kQueueNotify,
                                   .bytes = sizeof(std::uint16_t),
                                   .is_io = common_.is_io};
    return true;
  }
  // 4.1.4.4: the doorbell's place in the notification structure.
  const std::uint64_t offset =
      std::uint64_t{common_.read16(common::kQueueNotifyOffset)} * notify_multiplier_;
  if (offset + sizeof(std::uint16_t) > notify_.bytes) {
    return false;
  }
  doorbells_[place_of(queue)] = {
      .address = notify_.address + offset, .bytes = sizeof(std::uint16_t), .is_io = notify_.is_io};
  write64(common_, common::kQueueDescriptors, addresses.descriptors.value);
  write64(common_, common::kQueueAvailable, addresses.available.value);
  write64(common_, common::kQueueUsed, addresses.used.value);
  common_.write16(common::kQueueEnable, 1);
  return true;
}

std::uint8_t PciTransport::config8(std::uint16_t offset) const {
  return offset < config_.bytes ? config_.read8(offset) : std::uint8_t{0};
}

std::uint16_t PciTransport::config16(std::uint16_t offset) const {
  const bool inside = offset + sizeof(std::uint16_t) <= config_.bytes;
  return inside ? config_.read16(offset) : std::uint16_t{0};
}

std::uint32_t PciTransport::config32(std::uint16_t offset) const {
  const bool inside = offset + sizeof(std::uint32_t) <= config_.bytes;
  return inside ? config_.read32(offset) : std::uint32_t{0};
}

// 4.1.4.10: the legacy interface has none: there, reading twice can't detect a change.
std::uint8_t PciTransport::config_generation() const {
  return legacy_ ? std::uint8_t{0} : common_.read8(common::kConfigGeneration);
}

}  // namespace mote::virtio
