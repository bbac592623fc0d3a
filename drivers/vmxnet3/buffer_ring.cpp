// A ring of receive buffers: refill, start and end.
#include "drivers/vmxnet3/buffer_ring.hpp"

#include <algorithm>

#include "drivers/limits.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/barriers.hpp"

namespace mote::vmxnet3 {

void BufferRing::attach(std::span<Descriptor> ring, std::span<PacketIndex> slots,
                        std::uint32_t type) {
  ring_ = ring;
  slots_ = slots;
  type_ = type;
  std::ranges::fill(slots_, PacketIndex::kNone);
}

void BufferRing::restart(std::size_t buffers) {
  std::ranges::fill(ring_, Descriptor{});
  filled_ = lent_ = told_ = 0;
  batch_ = RefillBatch(std::min<std::size_t>(buffers, entries() - 1), kBatches, limits::kRxPieces);
}

std::uint64_t BufferRing::address() const { return physical(ring_.data()).value; }

bool BufferRing::fill_up() {
  namespace field = receive_field;
  while (lent_ - filled_ < batch_.buffers()) {
    const std::uint32_t index = index_of(lent_);
    PacketIndex& slot = slots_[index];
    if (slot == PacketIndex::kNone) {
      Packet packet = Packet::allocate();
      if (!packet) {
        return false;
      }
      slot = packet.release();
    }
    Descriptor& descriptor = ring_[index];
    descriptor.address = physical(Packet::frame_of(slot)).value;
    write_barrier();  // the generation hands the descriptor to the device
    store(&descriptor.word2, field::kBytes.put(Packet::kMaxFrameBytes) | field::kType.put(type_) |
                                 field::kGeneration.put(generation_of(lent_)));
    ++lent_;
  }
  return true;
}

void BufferRing::take_all() {
  for (PacketIndex& slot : slots_) {
    if (slot != PacketIndex::kNone) {
      static_cast<void>(Packet::adopt(std::exchange(slot, PacketIndex::kNone), 0));
    }
  }
}

}  // namespace mote::vmxnet3
