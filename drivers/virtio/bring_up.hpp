// The steps of bring-up that all virtio devices share (virtio 1.2, 3.1.1).
#pragma once

#include <cstdint>
#include <string_view>

#include "drivers/limits.hpp"
#include "drivers/virtio/ring.hpp"
#include "drivers/virtio/text.hpp"
#include "drivers/virtio/transport.hpp"

namespace mote::virtio {

inline constexpr std::string_view kEndlessReset = "the device does not end its reset";

template <Transport T>
void add_status(T& transport, std::uint8_t bits) {
  transport.set_status(transport.status() | bits);
}

// Steps 4 to 6: takes `features`, all of them offered.
template <Transport T>
bool accept_features(T& transport, Features features, const Failure& fail) {
  if (!transport.is_legacy() && (features & feature::kVersion1) == 0) {
    return fail("modern device without VIRTIO_F_VERSION_1");
  }
  transport.accept_features(features);
  if (!transport.is_legacy()) {  // 3.1.2: the legacy interface has no FEATURES_OK
    add_status(transport, status::kFeaturesOk);
    if ((transport.status() & status::kFeaturesOk) == 0) {
      return fail("device refused features");
    }
  }
  return true;
}

// A driver's demands on a queue.
struct QueueNeeds {
  std::uint16_t number = 0;
  std::uint16_t least_entries = 0;
  std::uint16_t most_entries = limits::kQueueEntries;  // a power of two; taken if it can be chosen
  bool event_index = false;
};

// Whether the driver can do with a queue of `entries`; it's missing if there are none.
[[nodiscard]] bool is_usable(const QueueNeeds& needs, std::uint16_t entries, const Failure& fail);

// Makes an empty ring of `entries`. One used before keeps its memory.
[[nodiscard]] bool prepare(SplitRing& ring, const QueueNeeds& needs, std::uint16_t entries,
                           bool legacy, const Failure& fail);

// Step 7: gives the device an empty queue.
template <Transport T>
bool set_up_queue(T& transport, const QueueNeeds& needs, SplitRing& ring, const Failure& fail) {
  std::uint16_t entries = transport.queue_entries(needs.number);
  if (!transport.is_legacy() && entries > needs.most_entries) {  // 4.1.5.1.3: may be reduced
    entries = transport.set_queue_entries(needs.number, needs.most_entries);
  }
  if (!is_usable(needs, entries, fail) ||
      !prepare(ring, needs, entries, transport.is_legacy(), fail)) {
    return false;
  }
  return transport.enable_queue(needs.number, ring.addresses()) ||
         fail("the doorbell of queue # is out of reach", needs.number);
}

}  // namespace mote::virtio
