// The transmit queue: frames in pieces.
#include "drivers/virtio/transmit_queue.hpp"

#include <array>
#include <span>

namespace mote::virtio {

bool TransmitQueue::transmit(const TxFrame& frame, DeviceCounters& counters) {
  if (frame.segments.empty() || frame.segments.size() > limits::kTxSegments) {
    return false;
  }
  // 5.1.6.2: to be cut as agreed only, and never without a checksum to finish.
  if (frame.cut.payload_bytes != 0 && (!cuts_ || frame.checksum.start == 0)) [[unlikely]] {
    ++counters.tx_full;
    return false;
  }
  // The header lies in the headroom in front of the first piece, which is the sender's to lend.
  auto* const start = const_cast<std::byte*>(frame.segments[0].data);
  write_header(start, frame.checksum, frame.cut);
  const std::uint32_t header_bytes = framing_.header_bytes;
  std::array<Piece, kMaxPieces> pieces;
  std::size_t count = 0;
  std::size_t bytes = 0;
  pieces[count++] = {start - header_bytes, header_bytes};
  for (std::size_t i = 0; i < frame.segments.size(); ++i) {
    const TxSegment& segment = frame.segments[i];
    bytes += segment.bytes;
    if (i == 0 && !framing_.header_alone) {
      pieces[0].bytes += segment.bytes;  // header and first piece are one
    } else if (segment.bytes != 0) {     // devices refuse descriptors of nothing
      pieces[count++] = {segment.data, segment.bytes};
    }
  }
  const bool lent =
      ring_.lend(std::span(pieces).first(count), Access::kDeviceReads, {.cookie = frame.cookie});
  return counted(lent, bytes, counters);
}

}  // namespace mote::virtio
