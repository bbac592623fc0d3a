// Split virtqueues: how one is attached and restarted, and how requests are lent.
#include "drivers/virtio/ring.hpp"

#include <limits>

namespace mote::virtio {

void SplitRing::attach(const RingLayout& layout, std::span<std::byte> memory,
                       std::span<Slot> slots) {
  std::byte* const base = memory.data();
  descriptors_ = reinterpret_cast<Descriptor*>(base);
  available_ = reinterpret_cast<RingHead*>(base + layout.available);
  available_ring_ = reinterpret_cast<std::uint16_t*>(available_ + 1);
  used_event_ = reinterpret_cast<std::uint16_t*>(base + layout.used_event);
  used_ = reinterpret_cast<const RingHead*>(base + layout.used);
  used_ring_ = reinterpret_cast<const UsedElement*>(used_ + 1);
  avail_event_ = reinterpret_cast<const std::uint16_t*>(base + layout.avail_event);
  slots_ = slots.data();
  bytes_ = layout.bytes;
  entries_ = layout.entries;
  mask_ = static_cast<std::uint16_t>(entries_ - 1);
}

void SplitRing::restart(bool event_index) {
  __builtin_memset(static_cast<void*>(descriptors_), 0, bytes_);
  for (std::uint16_t i = 0; i < entries_; ++i) {
    slots_[i] = {.cookie = nullptr,
                 .packet = PacketIndex::kNone,
                 .next = static_cast<std::uint16_t>(i + 1),
                 .writable = 0,
                 .pieces = 0};
  }
  free_ = entries_;
  free_head_ = 0;
  lent_ = 0;
  offered_ = 0;
  published_ = 0;
  taken_ = 0;
  looked_at_ = 0xFFFF;  // not yet
  has_rung_again_ = false;
  event_index_ = event_index;
  ask_for_none();
}

bool SplitRing::lend_request(std::span<const Piece> reads, std::span<const Piece> writes,
                             Owner owner) {
  const std::size_t pieces = reads.size() + writes.size();
  std::size_t writable = 0;
  for (const Piece& piece : writes) {
    writable += piece.bytes;
  }
  if (pieces == 0 || pieces > free_ || writable > std::numeric_limits<std::uint16_t>::max()) {
    return false;
  }
  const std::uint16_t head = free_head_;
  std::size_t left = pieces;
  const auto put = [&](const Piece& piece, std::uint16_t kind) {
    const std::uint16_t at = free_head_;
    free_head_ = slots_[at].next;
    const std::uint16_t linked = --left != 0 ? Descriptor::kNext : 0;
    descriptors_[at] = {physical(piece.data).value, static_cast<std::uint32_t>(piece.bytes),
                        static_cast<std::uint16_t>(kind | linked), free_head_};
  };
  for (const Piece& piece : reads) {
    put(piece, 0);
  }
  for (const Piece& piece : writes) {
    put(piece, Descriptor::kWrite);
  }
  offer(head, static_cast<std::uint16_t>(pieces), static_cast<std::uint16_t>(writable), owner);
  return true;
}

}  // namespace mote::virtio
