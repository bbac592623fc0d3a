// The transmit queue: a frame's way into the ring.
#include "drivers/vmxnet3/transmit_queue.hpp"

#include "kernel/barriers.hpp"
#include "kernel/types.hpp"

namespace mote::vmxnet3 {

void TransmitQueue::restart() {
  memory_->ring = {};
  memory_->slots = {};
  completions_.restart(memory_->completions);
  sent_ = lent_ = told_ = 0;
}

void TransmitQueue::describe(TransmitQueueDescriptor& descriptor) const {
  descriptor.ring = physical(&memory_->ring).value;
  descriptor.ring_entries = kEntries;
  descriptor.completions = physical(&memory_->completions).value;
  descriptor.completion_entries = kEntries;
}

bool TransmitQueue::transmit(const TxFrame& frame, DeviceCounters& counters) {
  if (frame.segments.size() > limits::kTxSegments) {
    return false;
  }
  // No bytes would be taken for 16,384.
  std::array<TxSegment, limits::kTxSegments> pieces;
  std::size_t count = 0;
  for (const TxSegment& segment : frame.segments) {
    if (segment.bytes != 0) {
      pieces[count++] = segment;
    }
  }
  return lend(std::span(pieces).first(count), frame.checksum,
              {.cookie = frame.cookie, .ends = true}, counters);
}

bool TransmitQueue::lend(std::span<const TxSegment> pieces, TxChecksum checksum, Slot slot,
                         DeviceCounters& counters) {
  namespace field = transmit_field;
  std::size_t bytes = 0;
  for (const TxSegment& piece : pieces) {
    bytes += piece.bytes;
  }
  if (bytes == 0 || bytes > field::kBytes.most()) {
    return false;
  }
  if (pieces.size() > kEntries - 1 - (lent_ - sent_)) {
    ++counters.tx_full;
    return false;
  }
  const auto last = static_cast<std::uint32_t>(pieces.size() - 1);
  // From the last to the first: the device may look at the ring at any time, and goes on from the
  // first descriptor only when that has its generation.
  for (std::uint32_t i = last; i <= last; --i) {
    const std::uint32_t place = lent_ + i;
    Descriptor& descriptor = memory_->ring[Place::index(place)];
    std::uint32_t word2 =
        field::kBytes.put(pieces[i].bytes) | field::kGeneration.put(Place::generation(place));
    std::uint32_t word3 = i == last ? field::kEnds.put(1) | field::kComplete.put(1) : 0;
    if (i == 0 && checksum.start != 0) {
      const auto sum_at = static_cast<std::uint32_t>(checksum.start + checksum.offset);
      word2 |= field::kChecksumAt.put(sum_at);
      word3 |=
          field::kOffload.put(field::kOffloadChecksum) | field::kChecksumFrom.put(checksum.start);
    }
    descriptor.address = physical(pieces[i].data).value;
    descriptor.word3 = word3;
    write_barrier();
    store(&descriptor.word2, word2);
  }
  memory_->slots[Place::index(lent_ + last)] = slot;
  lent_ += last + 1;
  ++counters.tx_frames;
  counters.tx_bytes += bytes;
  return true;
}

}  // namespace mote::vmxnet3
