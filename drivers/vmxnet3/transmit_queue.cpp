// The transmit queue: a frame's way into the ring.
#include "drivers/vmxnet3/transmit_queue.hpp"

#include "kernel/barriers.hpp"
#include "kernel/types.hpp"

namespace mote::vmxnet3 {
namespace {

// The shortest Ethernet frame (IEEE 802.3, 3.2.8), without its frame check sequence.
constexpr std::size_t kPaddedBytes = 60;

std::size_t bytes_of(std::span<const TxSegment> pieces) {
  std::size_t bytes = 0;
  for (const TxSegment& piece : pieces) {
    bytes += piece.bytes;
  }
  return bytes;
}

// Cuts a frame at the end of its IPv4 packet (RFC 791, 3.1: the total length is its second 16
// bits). Behind IPv6's longer header no segment is so short that it needs padding.
std::span<TxSegment> without_padding(std::span<TxSegment> pieces) {
  constexpr std::size_t kEthernetBytes = 14;
  constexpr std::size_t kTotalLength = kEthernetBytes + 2;
  if (pieces.empty() || pieces[0].bytes < kTotalLength + 2) {
    return pieces;
  }
  const auto high = std::to_integer<std::uint32_t>(pieces[0].data[kTotalLength]);
  const auto low = std::to_integer<std::uint32_t>(pieces[0].data[kTotalLength + 1]);
  std::uint32_t left = kEthernetBytes + (high << 8 | low);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].bytes >= left) {
      pieces[i].bytes = left;
      return pieces.first(i + 1);
    }
    left -= pieces[i].bytes;
  }
  return pieces;
}

}  // namespace

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

bool TransmitQueue::lend(std::span<TxSegment> pieces, TxChecksum checksum, Slot slot,
                         DeviceCounters& counters) {
  std::size_t bytes = bytes_of(pieces);
  if (checksum.start != 0 && bytes <= kPaddedBytes) {
    pieces = without_padding(pieces);
    bytes = bytes_of(pieces);
  }
  if (bytes == 0 || bytes > transmit_field::kBytes.most()) {
    return false;
  }
  if (pieces.size() > kEntries - 1 - (lent_ - sent_)) {
    ++counters.tx_full;
    return false;
  }
  write(pieces, checksum);
  lent_ += static_cast<std::uint32_t>(pieces.size());
  memory_->slots[Place::index(lent_ - 1)] = slot;
  ++counters.tx_frames;
  counters.tx_bytes += bytes;
  return true;
}

// From the last descriptor to the first: the device may look at the ring at any time, and begins
// with a frame only when its first descriptor has the generation.
void TransmitQueue::write(std::span<const TxSegment> pieces, TxChecksum checksum) {
  namespace field = transmit_field;
  for (std::size_t i = pieces.size(); i-- != 0;) {
    const std::uint32_t place = lent_ + static_cast<std::uint32_t>(i);
    std::uint32_t word2 =
        field::kBytes.put(pieces[i].bytes) | field::kGeneration.put(Place::generation(place));
    std::uint32_t word3 = 0;
    if (i == pieces.size() - 1) {
      word3 |= field::kEnds.put(1) | field::kComplete.put(1);
    }
    if (i == 0 && checksum.start != 0) {
      word2 |= field::kChecksumAt.put(std::uint32_t{checksum.start} + checksum.offset);
      word3 |=
          field::kOffload.put(field::kOffloadChecksum) | field::kChecksumFrom.put(checksum.start);
    }
    Descriptor& descriptor = memory_->ring[Place::index(place)];
    descriptor.address = physical(pieces[i].data).value;
    descriptor.word3 = word3;
    write_barrier();  // with the generation the descriptor is the device's
    store(&descriptor.word2, word2);
  }
}

}  // namespace mote::vmxnet3
