// The transmit queue: how a frame enters the ring.
#include "drivers/vmxnet3/transmit_queue.hpp"

#include <algorithm>

#include "drivers/limits.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/barriers.hpp"

namespace mote::vmxnet3 {
namespace {

// The shortest Ethernet frame (IEEE 802.3, 3.2.8), without its frame check sequence.
constexpr std::size_t kPaddedBytes = 60;

std::size_t bytes_of(std::span<const Piece> pieces) {
  std::size_t bytes = 0;
  for (const Piece& piece : pieces) {
    bytes += piece.bytes;
  }
  return bytes;
}

// Ends a frame where its IPv4 packet ends (RFC 791, 3.1: the total length is its second 16 bits).
// IPv6 needs no such care: its header is so long that no segment needs padding.
std::span<Piece> without_padding(std::span<Piece> pieces) {
  constexpr std::size_t kTotalLength = kEthernetHeaderBytes + 2;
  if (pieces.empty() || pieces[0].bytes < kTotalLength + 2) {
    return pieces;
  }
  const auto high = std::to_integer<std::uint32_t>(pieces[0].data[kTotalLength]);
  const auto low = std::to_integer<std::uint32_t>(pieces[0].data[kTotalLength + 1]);
  std::uint32_t left = kEthernetHeaderBytes + (high << 8 | low);
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
  memory_->slots.fill({});  // assigning {} would first build all of them on the stack
  completions_.restart(memory_->completions);
  sent_ = lent_ = told_ = 0;
}

void TransmitQueue::describe(TransmitQueueDescriptor& descriptor) const {
  descriptor.ring = physical(&memory_->ring).value;
  descriptor.ring_entries = kEntries;
  descriptor.completions = physical(&memory_->completions).value;
  descriptor.completion_entries = kEntries;
}

// Splits the segments to what a descriptor can hold, and leaves out empty ones, because a length of
// 0 means 16,384.
bool TransmitQueue::transmit(const TxFrame& frame, DeviceCounters& counters) {
  const std::size_t bytes = bytes_of(frame.segments);
  const bool cut = frame.cut.payload_bytes != 0;
  if (frame.segments.size() > limits::kTxSegments || bytes > kMostBytes ||
      (cut && !can_cut(frame.cut, frame.segments, bytes))) {
    return false;
  }
  std::array<Piece, kMostPieces> pieces;
  std::size_t count = 0;
  for (Piece rest : frame.segments) {
    while (rest.bytes != 0) {
      const std::size_t piece = std::min<std::size_t>(rest.bytes, kMostPieceBytes);
      pieces[count++] = {.data = rest.data, .bytes = piece};
      rest.data += piece;
      rest.bytes -= piece;
    }
  }
  const std::span<Piece> all = std::span(pieces).first(count);
  const Slot slot = {.cookie = frame.cookie, .ends = true};
  return cut ? queue(all, order_of(frame.checksum, frame.cut), slot, counters)
             : lend(all, frame.checksum, slot, counters);
}

// Whether the descriptor's fields can hold all values; a truncated one must not reach the device.
bool TransmitQueue::can_cut(TxCut cut, std::span<const Piece> pieces, std::size_t bytes) {
  return cut.header_bytes != 0 && cut.header_bytes <= kMostHeaderBytes && !pieces.empty() &&
         cut.header_bytes <= pieces[0].bytes && bytes > cut.header_bytes &&
         cut.payload_bytes <= transmit_field::kPayloadBytes.most();
}

bool TransmitQueue::lend(std::span<Piece> pieces, TxChecksum checksum, Slot slot,
                         DeviceCounters& counters) {
  std::size_t bytes = bytes_of(pieces);
  if (checksum.start != 0 && bytes <= kPaddedBytes) {
    pieces = without_padding(pieces);
    bytes = bytes_of(pieces);
  }
  constexpr std::size_t kMostUncut = kMostPieceBytes - 1;
  return bytes != 0 && bytes <= kMostUncut && queue(pieces, order_of(checksum, {}), slot, counters);
}

// A device that cuts finds the checksum's place by itself.
TransmitQueue::Order TransmitQueue::order_of(TxChecksum checksum, TxCut cut) {
  namespace field = transmit_field;
  if (cut.payload_bytes != 0) {
    return {.word2 = field::kPayloadBytes.put(cut.payload_bytes),
            .word3 = field::kOffload.put(field::kOffloadCut) |
                     field::kHeaderBytes.put(cut.header_bytes)};
  }
  if (checksum.start != 0) {
    return {.word2 = field::kChecksumAt.put(std::uint32_t{checksum.start} + checksum.offset),
            .word3 = field::kOffload.put(field::kOffloadChecksum) |
                     field::kChecksumFrom.put(checksum.start)};
  }
  return {};
}

bool TransmitQueue::queue(std::span<const Piece> pieces, Order order, Slot slot,
                          DeviceCounters& counters) {
  if (pieces.size() > kEntries - 1 - (lent_ - sent_)) {
    ++counters.tx_full;
    return false;
  }
  write(pieces, order);
  lent_ += static_cast<std::uint32_t>(pieces.size());
  memory_->slots[Place::index(lent_ - 1)] = slot;
  ++counters.tx_frames;
  counters.tx_bytes += bytes_of(pieces);
  return true;
}

// From the last descriptor to the first: the device may look at the ring at any time, and starts on
// a frame only when its first descriptor has the generation.
void TransmitQueue::write(std::span<const Piece> pieces, Order order) {
  namespace field = transmit_field;
  for (std::size_t i = pieces.size(); i-- != 0;) {
    const std::uint32_t place = lent_ + static_cast<std::uint32_t>(i);
    std::uint32_t word2 = field::kBytes.put(static_cast<std::uint32_t>(pieces[i].bytes)) |
                          field::kGeneration.put(Place::generation(place));
    std::uint32_t word3 = 0;
    if (i == pieces.size() - 1) {
      word3 |= field::kEnds.put(1) | field::kComplete.put(1);
    }
    if (i == 0) {
      word2 |= order.word2;
      word3 |= order.word3;
    }
    Descriptor& descriptor = memory_->ring[Place::index(place)];
    descriptor.address = physical(pieces[i].data).value;
    descriptor.word3 = word3;
    write_barrier();  // the generation hands the descriptor to the device
    store(&descriptor.word2, word2);
  }
}

}  // namespace mote::vmxnet3
