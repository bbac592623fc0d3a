// Either transport, for a driver that isn't worth being compiled for each.
#pragma once

#include <cstdint>
#include <string_view>

#include "drivers/virtio/mmio_transport.hpp"
#include "drivers/virtio/pci_transport.hpp"
#include "drivers/virtio/transport.hpp"

namespace mote::virtio {

// A place of either kind. What it refers to need only live while it is used.
class AnyLocation {
 public:
  AnyLocation() = default;
  // Implicit, so that a driver for either kind takes each.
  AnyLocation(const pci::Function& place) : function(&place) {}  // NOLINT
  AnyLocation(const MmioWindow& place) : window(&place) {}       // NOLINT

  const pci::Function* function = nullptr;
  const MmioWindow* window = nullptr;  // if there is no function
};

// See the concept `Transport`.
class AnyTransport {
 public:
  using Location = AnyLocation;

  [[nodiscard]] static bool is_device(const AnyLocation& location, std::uint16_t identifier);
  [[nodiscard]] std::string_view open(const AnyLocation& location);
  [[nodiscard]] bool is_legacy() const;
  [[nodiscard]] bool reset();
  [[nodiscard]] std::uint8_t status() const;
  void set_status(std::uint8_t value);
  [[nodiscard]] Features offered_features();
  void accept_features(Features features);
  [[nodiscard]] std::uint16_t queue_entries(std::uint16_t queue);
  [[nodiscard]] std::uint16_t set_queue_entries(std::uint16_t queue, std::uint16_t entries);
  [[nodiscard]] bool enable_queue(std::uint16_t queue, const QueueAddresses& addresses);
  void notify(std::uint16_t queue) const;
  [[nodiscard]] bool can_interrupt() const;
  void clear_interrupt() const;
  [[nodiscard]] std::uint8_t config8(std::uint16_t offset) const;
  [[nodiscard]] std::uint16_t config16(std::uint16_t offset) const;
  [[nodiscard]] std::uint32_t config32(std::uint16_t offset) const;
  [[nodiscard]] std::uint8_t config_generation() const;

 private:
  decltype(auto) with(auto&& use) { return is_pci_ ? use(pci_) : use(mmio_); }
  decltype(auto) with(auto&& use) const { return is_pci_ ? use(pci_) : use(mmio_); }

  PciTransport pci_{};
  MmioTransport mmio_{};
  bool is_pci_ = false;
};
static_assert(Transport<AnyTransport>);

}  // namespace mote::virtio
