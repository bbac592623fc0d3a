// virtio over PCI (virtio 1.2, 4.1): legacy, transitional and modern devices.
//
// Prefers the modern interface if it can be reached, else takes the legacy one in BAR 0. If
// interrupts are wanted (only for dozing), they come by MSI-X, or by the device's pin if it has no
// MSI-X; otherwise MSI-X stays off.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "drivers/virtio/transport.hpp"
#include "drivers/virtio/window.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::virtio {

class PciTransport {
 public:
  using Location = pci::Function;

  // See the concept `Transport`.
  [[nodiscard]] static bool is_device(const pci::Function& function, std::uint16_t identifier);
  [[nodiscard]] std::string_view open(const pci::Function& function);
  [[nodiscard]] bool is_legacy() const { return legacy_; }
  [[nodiscard]] bool reset();
  [[nodiscard]] std::uint8_t status() const;
  void set_status(std::uint8_t value);
  [[nodiscard]] Features offered_features();
  void accept_features(Features features);
  [[nodiscard]] std::uint16_t queue_entries(std::uint16_t queue);
  [[nodiscard]] std::uint16_t set_queue_entries(std::uint16_t queue, std::uint16_t entries);
  [[nodiscard]] bool enable_queue(std::uint16_t queue, const QueueAddresses& addresses);
  [[nodiscard]] bool can_interrupt() const { return way_ != Way::kNone; }
  void clear_interrupt() const;
  [[nodiscard]] std::uint8_t config8(std::uint16_t offset) const;
  [[nodiscard]] std::uint16_t config16(std::uint16_t offset) const;
  [[nodiscard]] std::uint32_t config32(std::uint16_t offset) const;
  [[nodiscard]] std::uint8_t config_generation() const;

  // Writes the queue's number, wherever its doorbell is (4.1.5.2).
  void notify(std::uint16_t queue) const { doorbells_[place_of(queue)].write16(0, queue); }

 private:
  // How the device interrupts.
  enum class Way : std::uint8_t { kNone, kMsiX, kPin };

  void choose_way(const pci::Function& function);
  void set_vectors();
  [[nodiscard]] bool open_modern(const pci::Function& function);
  [[nodiscard]] bool open_legacy(const pci::Function& function);

  Window common_;  // the legacy interface's only window, or the common configuration
  Window notify_;
  Window config_;
  Window interrupt_status_;
  std::uint32_t notify_multiplier_ = 0;
  bool legacy_ = false;
  Way way_ = Way::kNone;
  std::array<Window, kQueuePlaces> doorbells_{};
};
static_assert(Transport<PciTransport>);

}  // namespace mote::virtio
