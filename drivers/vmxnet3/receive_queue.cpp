// The receive queue: the refill, and what happens once.
#include "drivers/vmxnet3/receive_queue.hpp"

#include <algorithm>

#include "kernel/barriers.hpp"
#include "kernel/types.hpp"

namespace mote::vmxnet3 {

void ReceiveQueue::restart(std::size_t buffers) {
  memory_->ring = {};
  memory_->second_ring = {};
  completions_.restart(memory_->completions);
  filled_ = lent_ = told_ = 0;
  buffers_ = std::min(buffers, kMostBuffers);
  dropping_ = false;
}

void ReceiveQueue::describe(ReceiveQueueDescriptor& descriptor) const {
  descriptor.rings = {physical(&memory_->ring).value, physical(&memory_->second_ring).value};
  descriptor.ring_entries = {kEntries, kSecondEntries};
  descriptor.completions = physical(&memory_->completions).value;
  descriptor.completion_entries = kCompletions;
}

// Every turn tries again, whatever happened before: a ring is never left without buffers because
// the pool was empty once, or because frames were dropped.
void ReceiveQueue::refill(DeviceCounters& counters) {
  namespace field = receive_field;
  while (lent_ - filled_ < buffers_) {
    const std::uint32_t index = Place::index(lent_);
    PacketIndex& slot = memory_->slots[index];
    if (slot == PacketIndex::kNone) {
      Packet packet = Packet::allocate();
      if (!packet) {
        ++counters.rx_no_buffer;
        return;
      }
      slot = packet.release();
    }
    Descriptor& descriptor = memory_->ring[index];
    descriptor.address = physical(Packet::frame_of(slot)).value;
    write_barrier();  // with the generation the descriptor is the device's
    store(&descriptor.word2, field::kBytes.put(Packet::kMaxFrameBytes) |
                                 field::kGeneration.put(Place::generation(lent_)));
    ++lent_;
  }
}

void ReceiveQueue::take_all() {
  for (PacketIndex& slot : memory_->slots) {
    if (slot != PacketIndex::kNone) {
      static_cast<void>(Packet::adopt(std::exchange(slot, PacketIndex::kNone), 0));
    }
  }
}

}  // namespace mote::vmxnet3
