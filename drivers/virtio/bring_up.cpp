// Bring-up: queues of a usable size, and the rings' memory.
#include "drivers/virtio/bring_up.hpp"

#include <bit>

#include "kernel/memory/dma.hpp"

namespace mote::virtio {

bool is_usable(const QueueNeeds& needs, std::uint16_t entries, const Failure& fail) {
  constexpr std::uint16_t kLimit = limits::kQueueEntries;
  static_assert(std::has_single_bit(limits::kQueueEntries));
  if (entries == 0) {
    return fail("queue # is missing", needs.number);
  }
  if (entries > kLimit) {
    return fail("queue # of # entries is larger than #", needs.number, entries, kLimit);
  }
  if (entries < needs.least_entries) {
    return fail("queue # of # entries is smaller than #", needs.number, entries,
                needs.least_entries);
  }
  return std::has_single_bit(entries) ||
         fail("queue # of # entries is not a power of two", needs.number, entries);
}

bool prepare(SplitRing& ring, const QueueNeeds& needs, std::uint16_t entries, bool legacy,
             const Failure& fail) {
  if (ring.entries() == 0) {
    const std::size_t alignment =
        legacy ? RingLayout::kLegacyAlignment : RingLayout::kModernAlignment;
    const RingLayout layout = RingLayout::of(entries, alignment);
    const auto memory = dma::allocate(layout.bytes, alignment);
    const auto slots = dma::allocate(entries * sizeof(Slot), alignof(Slot));
    if (memory.empty() || slots.empty()) {
      return fail("no memory left for queue # of # entries", needs.number, entries);
    }
    ring.attach(layout, memory, {reinterpret_cast<Slot*>(slots.data()), entries});
  } else if (ring.entries() != entries) {
    return fail("queue # changed its size at reset", needs.number);
  }
  ring.restart(needs.event_index);
  return true;
}

}  // namespace mote::virtio
