// The transmit queue: frames in pieces.
#include "drivers/virtio/transmit_queue.hpp"

#include "drivers/limits.hpp"

namespace mote::virtio {

bool TransmitQueue::transmit(const TxFrame& frame, DeviceCounters& counters) {
  if (frame.segments.empty() || frame.segments.size() > limits::kTxSegments) {
    return false;
  }
  // 5.1.6.2: cutting must be negotiated, and needs a checksum to finish.
  if (frame.cut.payload_bytes != 0 && (!cuts_ || frame.checksum.start == 0)) [[unlikely]] {
    ++counters.tx_full;
    return false;
  }
  // The header goes into the headroom before the first piece, which the sender provides.
  write_header(const_cast<std::byte*>(frame.segments[0].data), frame.checksum, frame.cut);
  const bool lent =
      lend_frame(ring_, framing_, frame.segments, Access::kDeviceReads, {.cookie = frame.cookie});
  std::size_t bytes = 0;
#pragma clang loop vectorize(disable)  // a few at most
  for (const Piece& segment : frame.segments) {
    bytes += segment.bytes;
  }
  return counted(lent, bytes, counters);
}

}  // namespace mote::virtio
