// The receive queue: the refill, and frames that can't be used.
#include "drivers/virtio/receive_queue.hpp"

namespace mote::virtio {

// Every turn tries again, whatever happened before: a ring that was not refilled once, for the pool
// was empty, or whose frames were all dropped, is never left without buffers or without doorbell.
bool ReceiveQueue::refill(DeviceCounters& counters) {
  while (ring_.lent() < buffers_) {
    Packet packet = Packet::allocate();
    if (!packet) {
      ++counters.rx_no_buffer;
      break;
    }
    if (!lend_frame(ring_, options_.framing, packet.data(), Packet::kMaxFrameBytes,
                    Access::kDeviceWrites, {.packet = packet.index()})) {
      break;  // no descriptors: the device never gave some back
    }
    static_cast<void>(packet.release());
  }
  return ring_.publish();
}

// A frame that fills n buffers was completed with the n - 1 behind it at one stroke (5.1.6.4.1).
// It is larger than our MTU allows: they all go back to the pool. A count that can't be true costs
// nothing but its own frame. Returns how many completions were taken.
std::size_t ReceiveQueue::drop_rest(const Completion& completion, const NetHeader& header,
                                    std::size_t pending) {
  const bool counted = options_.mergeable && completion.verdict == Verdict::kGood &&
                       completion.bytes >= options_.framing.header_bytes;
  if (!counted || header.buffers < 2 || header.buffers - std::size_t{1} > pending) {
    return 0;
  }
  const std::size_t rest = header.buffers - std::size_t{1};
  for (std::size_t i = 0; i < rest; ++i) {
    const Completion further = ring_.take();
    if (further.verdict != Verdict::kUnknown) {
      static_cast<void>(Packet::adopt(further.owner.packet, 0));  // dies, and is the pool's again
    }
  }
  return rest;
}

}  // namespace mote::virtio
