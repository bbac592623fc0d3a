// Either transport: passes every call on.
#include "drivers/virtio/any_transport.hpp"

namespace mote::virtio {

bool AnyTransport::is_device(const AnyLocation& location, std::uint16_t identifier) {
  return location.function != nullptr ? PciTransport::is_device(*location.function, identifier)
                                      : MmioTransport::is_device(*location.window, identifier);
}

std::string_view AnyTransport::open(const AnyLocation& location) {
  is_pci_ = location.function != nullptr;
  return is_pci_ ? pci_.open(*location.function) : mmio_.open(*location.window);
}

bool AnyTransport::is_legacy() const {
  return with([](auto& transport) { return transport.is_legacy(); });
}

bool AnyTransport::reset() {
  return with([](auto& transport) { return transport.reset(); });
}

std::uint8_t AnyTransport::status() const {
  return with([](auto& transport) { return transport.status(); });
}

void AnyTransport::set_status(std::uint8_t value) {
  with([&](auto& transport) { transport.set_status(value); });
}

Features AnyTransport::offered_features() {
  return with([](auto& transport) { return transport.offered_features(); });
}

void AnyTransport::accept_features(Features features) {
  with([&](auto& transport) { transport.accept_features(features); });
}

std::uint16_t AnyTransport::queue_entries(std::uint16_t queue) {
  return with([&](auto& transport) { return transport.queue_entries(queue); });
}

std::uint16_t AnyTransport::set_queue_entries(std::uint16_t queue, std::uint16_t entries) {
  return with([&](auto& transport) { return transport.set_queue_entries(queue, entries); });
}

bool AnyTransport::enable_queue(std::uint16_t queue, const QueueAddresses& addresses) {
  return with([&](auto& transport) { return transport.enable_queue(queue, addresses); });
}

void AnyTransport::notify(std::uint16_t queue) const {
  with([&](auto& transport) { transport.notify(queue); });
}

bool AnyTransport::can_interrupt() const {
  return with([](auto& transport) { return transport.can_interrupt(); });
}

void AnyTransport::clear_interrupt() const {
  with([](auto& transport) { transport.clear_interrupt(); });
}

std::uint8_t AnyTransport::config8(std::uint16_t offset) const {
  return with([&](auto& transport) { return transport.config8(offset); });
}

std::uint16_t AnyTransport::config16(std::uint16_t offset) const {
  return with([&](auto& transport) { return transport.config16(offset); });
}

std::uint32_t AnyTransport::config32(std::uint16_t offset) const {
  return with([&](auto& transport) { return transport.config32(offset); });
}

std::uint8_t AnyTransport::config_generation() const {
  return with([](auto& transport) { return transport.config_generation(); });
}

}  // namespace mote::virtio
