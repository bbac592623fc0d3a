// A device with a RequestQueue: from reset to running and back, in the order of virtio 1.2, 3.1.1.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/virtio/any_transport.hpp"
#include "drivers/virtio/bring_up.hpp"
#include "drivers/virtio/request_queue.hpp"
#include "drivers/virtio/transport.hpp"

namespace mote::virtio {

// A driver's demands on its device.
struct RequestNeeds {
  std::string_view model;
  Features features = 0;         // of its type, to take if offered
  std::uint16_t queue = 0;       // the number of the queue that takes requests
  std::size_t memory_bytes = 0;  // for what the requests consist of
};

// Must stay where it is once it has been brought up.
template <Transport T>
class RequestDevice {
 public:
  using Location = typename T::Location;

  // Resets the device at `location`, which must live until `shut_down`, and starts it. False:
  // `queue().error()` says why.
  [[nodiscard]] bool bring_up(const Location& location, const RequestNeeds& needs);

  // Resets the device. False: the reset doesn't end, so that the device may still write to memory
  // that it was given. To be called after a failed `bring_up`, too.
  [[nodiscard]] bool shut_down();

  [[nodiscard]] bool has(Features bits) const { return (features_ & bits) == bits; }
  [[nodiscard]] std::uint32_t config32(std::uint16_t offset) const {
    return transport_.config32(offset);
  }
  [[nodiscard]] std::uint64_t config64(std::uint16_t offset) const;
  [[nodiscard]] RequestQueue& queue() { return queue_; }
  [[nodiscard]] const RequestQueue& queue() const { return queue_; }

 private:
  // Features that say only how device and memory get along.
  static constexpr Features kModern =
      feature::kVersion1 | feature::kAccessPlatform | feature::kOrderPlatform;

  // With fewer entries a modern device's queue takes less memory; a legacy device insists.
  static constexpr std::uint16_t kEntries = std::bit_ceil(RequestQueue::kMostPieces);

  [[nodiscard]] bool start(const RequestNeeds& needs);

  T transport_;
  RequestQueue queue_;
  Features features_ = 0;
  bool opened_ = false;
};

template <Transport T>
bool RequestDevice<T>::bring_up(const Location& location, const RequestNeeds& needs) {
  queue_.begin(needs.model);
  opened_ = false;
  if (const std::string_view missing = transport_.open(location); !missing.empty()) {
    return queue_.fail(missing);
  }
  opened_ = true;
  // The firmware may have used the device, to boot from it.
  if (!transport_.reset()) {
    return queue_.fail(kEndlessReset);
  }
  add_status(transport_, status::kAcknowledge);
  add_status(transport_, status::kDriver);
  if (!start(needs)) {
    add_status(transport_, status::kFailed);
    return false;
  }
  return true;
}

template <Transport T>
bool RequestDevice<T>::start(const RequestNeeds& needs) {
  const Features wanted = needs.features | (transport_.is_legacy() ? 0 : kModern);
  features_ = transport_.offered_features() & wanted;
  if (!accept_features(transport_, features_, queue_.failure()) ||
      !set_up_queue(transport_,
                    {.number = needs.queue, .least_entries = kEntries, .most_entries = kEntries},
                    queue_.ring(), queue_.failure())) {
    return false;
  }
  const auto ring_bell = [](void* transport, std::uint16_t queue) {
    static_cast<T*>(transport)->notify(queue);
  };
  if (!queue_.start(needs.queue, ring_bell, &transport_, needs.memory_bytes)) {
    return false;
  }
  add_status(transport_, status::kDriverOk);
  return true;
}

template <Transport T>
bool RequestDevice<T>::shut_down() {
  return !opened_ || transport_.reset();
}

// Two accesses: read again if the configuration changed meanwhile (2.5.1).
template <Transport T>
std::uint64_t RequestDevice<T>::config64(std::uint16_t offset) const {
  constexpr unsigned kTries = 16;
  std::uint64_t value = 0;
  for (unsigned i = 0; i < kTries; ++i) {
    const std::uint8_t generation = transport_.config_generation();
    const std::uint64_t low = transport_.config32(offset);
    value = low | std::uint64_t{transport_.config32(static_cast<std::uint16_t>(offset + 4))} << 32;
    if (transport_.config_generation() == generation) {
      break;
    }
  }
  return value;
}

extern template class RequestDevice<AnyTransport>;

}  // namespace mote::virtio
