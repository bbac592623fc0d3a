// The receive ring's refill.
#include "drivers/e1000/receive_ring.hpp"

namespace mote::e1000 {

// Every turn tries again, so that a ring is never left short because the pool once was.
//
// The device is told of buffers of 2,048 bytes, of which a packet has those behind kFrameOffset.
// It uses no more: frames of over 1,522 bytes it discards (RCTL.LPE, 13.4.22).
bool ReceiveRing::fill_up(DeviceCounters& counters) {
  constexpr std::size_t kLongestFrame = 1522;
  static_assert(Packet::kMaxFrameBytes >= kLongestFrame);
  const std::uint16_t before = filled_;
  while (lent() < batch_.buffers()) {
    Packet packet = Packet::allocate();
    if (!packet) {
      ++counters.rx_no_buffer;
      break;
    }
    const std::uint16_t at = filled_++ % kEntries;
    descriptors_[at] = {.address = reinterpret_cast<std::uintptr_t>(packet.data())};
    packets_[at] = packet.release();
  }
  write_barrier();  // descriptors must be in memory before the tail that shows them
  return filled_ != before;
}

}  // namespace mote::e1000
