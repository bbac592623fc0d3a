// The parts of every virtio device, by whatever transport: status, features, queues, configuration.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/virtio/ring.hpp"

namespace mote::virtio {

// Bits of the device status field (virtio 1.2, 2.1).
namespace status {
inline constexpr std::uint8_t kAcknowledge = 1;
inline constexpr std::uint8_t kDriver = 2;
inline constexpr std::uint8_t kDriverOk = 4;
inline constexpr std::uint8_t kFeaturesOk = 8;
inline constexpr std::uint8_t kNeedsReset = 64;
inline constexpr std::uint8_t kFailed = 128;
}  // namespace status

// A set of feature bits (2.2), and those for all types of device (6).
using Features = std::uint64_t;
namespace feature {
constexpr Features bit(unsigned number) { return Features{1} << number; }
inline constexpr Features kAnyLayout = bit(27);  // legacy only (6.3): the device accepts any
                                                 // framing
inline constexpr Features kEventIndex = bit(29);
inline constexpr Features kVersion1 = bit(32);
// The platform decides how, and in which order, the device accesses memory. Without an IOMMU that
// means plain physical addresses, and x86 keeps the order that a device on a bus needs.
inline constexpr Features kAccessPlatform = bit(33);
inline constexpr Features kOrderPlatform = bit(36);
}  // namespace feature

// The number of queues about which a transport keeps facts. Drivers enable only the first four, or
// instead of 0 and 1 one pair beyond them (a port of the console device).
inline constexpr std::size_t kQueuePlaces = 4;
constexpr std::size_t place_of(std::uint16_t queue) {
  return queue < kQueuePlaces ? queue : queue & 1U;
}

// A way to reach one device. `open` comes first; it returns an empty text, or what is missing.
template <typename T>
concept Transport = requires(T transport, const T& constant, const typename T::Location& location,
                             std::uint16_t queue, std::uint16_t offset) {
  // Whether a virtio device of this identifier (5) is there.
  { T::is_device(location, std::uint16_t{}) } -> std::same_as<bool>;

  { transport.open(location) } -> std::same_as<std::string_view>;

  // Whether the device is driven by the legacy interface (1.3.1). Fixed by `open`.
  { constant.is_legacy() } -> std::same_as<bool>;

  // Resets the device and waits. False: it did not finish in time, and may still use memory. After
  // bring-up nobody waits: write status 0; the reset has ended when 0 is read. `accept_features`
  // and the calls after it restore what a reset undoes in the transport.
  { transport.reset() } -> std::same_as<bool>;
  { constant.status() } -> std::same_as<std::uint8_t>;
  { transport.set_status(std::uint8_t{}) } -> std::same_as<void>;

  { transport.offered_features() } -> std::same_as<Features>;
  { transport.accept_features(Features{}) } -> std::same_as<void>;

  // Entries of a queue; 0 if there is no such queue. Only a modern device can be asked to use
  // fewer; the number that it then uses is returned.
  { transport.queue_entries(queue) } -> std::same_as<std::uint16_t>;
  { transport.set_queue_entries(queue, std::uint16_t{}) } -> std::same_as<std::uint16_t>;

  // Gives the device a queue's memory. False: the queue's doorbell is out of reach.
  { transport.enable_queue(queue, QueueAddresses{}) } -> std::same_as<bool>;

  // Rings an enabled queue's doorbell.
  { transport.notify(queue) } -> std::same_as<void>;

  // Whether the device's interrupts reach us: for its queues, and for a changed configuration.
  { constant.can_interrupt() } -> std::same_as<bool>;

  // Clears an interrupt that the device keeps raised until told.
  { transport.clear_interrupt() } -> std::same_as<void>;

  // The device's own configuration, accessed by its fields' widths (4.1.3.1); reads 0 beyond its
  // end. A value that takes several accesses is consistent if the generation is the same before and
  // after.
  { constant.config8(offset) } -> std::same_as<std::uint8_t>;
  { constant.config16(offset) } -> std::same_as<std::uint16_t>;
  { constant.config32(offset) } -> std::same_as<std::uint32_t>;
  { constant.config_generation() } -> std::same_as<std::uint8_t>;
};

}  // namespace mote::virtio
