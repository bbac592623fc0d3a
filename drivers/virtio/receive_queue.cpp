// The receive queue: refilling it, and frames in several buffers.
#include "drivers/virtio/receive_queue.hpp"

#include <algorithm>

namespace mote::virtio {

// Every turn tries again, so that a ring is never left without buffers or doorbell because the pool
// was empty once or all frames were dropped.
bool ReceiveQueue::fill_up(DeviceCounters& counters) {
  while (ring_.lent() < batch_.buffers()) {
    Packet packet = Packet::allocate();
    if (!packet) {
      ++counters.rx_no_buffer;
      break;
    }
    const Piece frame{packet.data(), kFrameBytes};
    if (!lend_frame(ring_, options_.framing, {&frame, 1}, Access::kDeviceWrites,
                    {.packet = packet.index()})) {
      break;  // no descriptors: the device never gave some back
    }
    static_cast<void>(packet.release());
  }
  return ring_.publish();
}

// How many of the next completions belong to this frame: the device completes all n buffers of a
// frame at once (5.1.6.4). An impossible count costs only this frame.
std::size_t ReceiveQueue::count_rest(const Completion& completion, const NetHeader& header,
                                     std::size_t pending) const {
  const bool counted = options_.mergeable && completion.verdict == Verdict::kGood &&
                       completion.bytes >= options_.framing.header_bytes && header.buffers > 1;
  return counted && header.buffers - std::size_t{1} <= pending ? header.buffers - std::size_t{1}
                                                               : 0;
}

void ReceiveQueue::drop_rest(std::size_t rest) {
  for (std::size_t i = 0; i < rest; ++i) {
    const Completion further = ring_.take();
    if (further.verdict != Verdict::kUnknown) {
      static_cast<void>(Packet::adopt(further.owner.packet, 0));  // returns to the pool
    }
  }
}

// Gathers the pieces after the first. A further piece begins where the first one has its header:
// that many bytes move to the end of the piece before, and the rest becomes a packet like any
// other. Takes all `rest` completions, even bad ones.
ReceiveQueue::Gathered ReceiveQueue::take_rest(std::size_t rest, Pieces& pieces) {
  const std::size_t header_bytes = options_.framing.header_bytes;
  Gathered gathered{.packets = 1, .bytes = pieces[0].bytes()};
  if (rest >= pieces.size() || gathered.bytes < kMostHeaderBytes) {
    drop_rest(rest);
    return {};
  }
  bool good = true;
  for (; rest != 0; --rest) {
    const Completion completion = ring_.take();
    if (completion.verdict == Verdict::kUnknown) {
      good = false;
      continue;
    }
    Packet packet = Packet::adopt(completion.owner.packet, 0);
    // Only the last piece may be so short that all of it moves.
    const std::size_t least = rest == 1 ? 1 : header_bytes + 1;
    good = good && completion.verdict == Verdict::kGood && completion.bytes >= least;
    if (!good) {
      continue;
    }
    gathered.bytes += completion.bytes;
    Packet& before = pieces[gathered.packets - 1];
    const std::size_t moved = std::min<std::size_t>(completion.bytes, header_bytes);
    __builtin_memcpy(before.data() + before.bytes(), packet.data() - header_bytes, moved);
    before.set_bytes(before.bytes() + moved);
    if (completion.bytes > moved) {
      packet.set_bytes(completion.bytes - moved);
      pieces[gathered.packets++] = std::move(packet);
    }
  }
  return good && gathered.bytes <= kEthernetHeaderBytes + kMostIpBytes ? gathered : Gathered{};
}

}  // namespace mote::virtio
