// Refills the receive ring.
#include "drivers/e1000/receive_ring.hpp"

namespace mote::e1000 {

// Every turn tries again, so that a ring is never left short because the pool once was.
//
// The device takes buffers to be 2,048 bytes long; of that, a packet has the part from kFrameOffset
// on. That is enough, because the device discards frames of over 1,522 bytes (RCTL.LPE, 13.4.22).
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
