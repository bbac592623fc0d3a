// What the bring-up of every virtio device has in common (virtio 1.2, 3.1.1).
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "drivers/limits.hpp"
#include "drivers/virtio/mmio_transport.hpp"
#include "drivers/virtio/pci_transport.hpp"
#include "drivers/virtio/ring.hpp"
#include "drivers/virtio/text.hpp"
#include "drivers/virtio/transport.hpp"
#include "kernel/memory/dma.hpp"

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

// What a driver needs of a queue.
struct QueueNeeds {
  std::uint16_t number = 0;
  std::uint16_t least_entries = 0;
  std::uint16_t most_entries = limits::kQueueEntries;  // a power of two; used if it can be chosen
  bool event_index = false;
};

// The number of entries for a queue; 0 if it can't be used.
template <Transport T>
std::uint16_t agree_on_entries(T& transport, const QueueNeeds& needs, const Failure& fail) {
  constexpr std::uint16_t kLimit = limits::kQueueEntries;
  static_assert(std::has_single_bit(limits::kQueueEntries));
  const std::uint16_t offered = transport.queue_entries(needs.number);
  std::uint16_t entries = offered;
  if (!transport.is_legacy() && offered > needs.most_entries) {  // 4.1.5.1.3: may be reduced
    entries = transport.set_queue_entries(needs.number, needs.most_entries);
  }
  if (offered == 0) {
    fail("queue ", needs.number, " is missing");
  } else if (entries > kLimit) {
    fail("queue ", needs.number, " of ", entries, " entries is larger than ", kLimit);
  } else if (entries < needs.least_entries) {
    fail("queue ", needs.number, " of ", entries, " entries is smaller than ", needs.least_entries);
  } else if (!std::has_single_bit(entries)) {
    fail("queue ", needs.number, " of ", entries, " entries is not a power of two");
  } else {
    return entries;
  }
  return 0;
}

// Step 7: gives the device an empty queue. A ring used before keeps its memory.
template <Transport T>
bool set_up_queue(T& transport, const QueueNeeds& needs, SplitRing& ring, const Failure& fail) {
  const std::uint16_t entries = agree_on_entries(transport, needs, fail);
  if (entries == 0) {
    return false;
  }
  const std::size_t alignment =
      transport.is_legacy() ? RingLayout::kLegacyAlignment : RingLayout::kModernAlignment;
  const RingLayout layout = RingLayout::of(entries, alignment);
  if (ring.entries() == 0) {
    const auto memory = dma::allocate(layout.bytes, alignment);
    const auto slots = dma::allocate(entries * sizeof(Slot), alignof(Slot));
    if (memory.empty() || slots.empty()) {
      return fail("no memory left for queue ", needs.number, " of ", entries, " entries");
    }
    ring.attach(layout, memory, {reinterpret_cast<Slot*>(slots.data()), entries});
  } else if (ring.entries() != entries) {
    return fail("queue ", needs.number, " changed its size at reset");
  }
  ring.restart(needs.event_index);
  if (!transport.enable_queue(needs.number, ring.addresses())) {
    return fail("the doorbell of queue ", needs.number, " is out of reach");
  }
  return true;
}

// Compiled once for real registers.
extern template bool accept_features(PciTransport&, Features, const Failure&);
extern template bool accept_features(MmioTransport&, Features, const Failure&);
extern template bool set_up_queue(PciTransport&, const QueueNeeds&, SplitRing&, const Failure&);
extern template bool set_up_queue(MmioTransport&, const QueueNeeds&, SplitRing&, const Failure&);

}  // namespace mote::virtio
