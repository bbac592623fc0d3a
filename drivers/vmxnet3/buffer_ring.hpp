// A ring of the pool's buffers, lent to the device for received frames. No registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "drivers/net_device.hpp"
#include "drivers/refill_batch.hpp"
#include "drivers/vmxnet3/descriptors.hpp"
#include "kernel/memory/packet.hpp"

namespace mote::vmxnet3 {

class BufferRing {
 public:
  // Takes over memory forever. The ring's size is a power of two; `slots` records whose buffer each
  // entry has. All buffers are of one type (receive_field::kType).
  void attach(std::span<Descriptor> ring, std::span<PacketIndex> slots, std::uint32_t type);

  // Starts with nothing lent, for a device about to start. Lends at most `buffers` of the pool's,
  // and always fewer than there are entries, as for transmission.
  void restart(std::size_t buffers);

  [[nodiscard]] std::uint64_t address() const;
  [[nodiscard]] std::uint32_t entries() const { return static_cast<std::uint32_t>(ring_.size()); }

  // Takes the buffer at `index`, which the device has filled; none if it was not lent. The device
  // fills buffers in order. One that it skipped stays in place and is lent again in its turn.
  [[nodiscard]] Packet take(std::uint32_t index);

  // Refills the ring if it lacks enough buffers to be worth it; false if the pool ran dry.
  [[nodiscard]] bool refill() { return !is_short() || fill_up(); }

  // Whether the ring lacks that many. After `refill` it means that the pool was empty.
  [[nodiscard]] bool is_short() const { return batch_.is_due(lent_ - filled_); }

  // Whether buffers were lent since the last doorbell, and the value to ring it with.
  [[nodiscard]] bool has_news() const { return told_ != lent_; }
  [[nodiscard]] std::uint32_t producer() {
    told_ = lent_;
    return index_of(lent_);
  }

  // Takes everything back after the device's reset.
  void take_all();

 private:
  static constexpr std::size_t kBatches = 16;

  [[nodiscard]] bool fill_up();

  // Places are counted without wrapping, as in RingPlace: index and generation follow from them.
  [[nodiscard]] std::uint32_t index_of(std::uint32_t place) const {
    return place & (entries() - 1);
  }
  [[nodiscard]] std::uint32_t generation_of(std::uint32_t place) const {
    return (place & entries()) == 0 ? 1 : 0;
  }

  std::span<Descriptor> ring_;
  std::span<PacketIndex> slots_;
  std::uint32_t type_ = 0;
  RefillBatch batch_;
  // Descriptors from filled_ on are the device's, those from lent_ on are ours. The last doorbell
  // announced those before told_.
  std::uint32_t filled_ = 0;
  std::uint32_t lent_ = 0;
  std::uint32_t told_ = 0;
};

inline Packet BufferRing::take(std::uint32_t index) {
  const std::uint32_t ahead = index_of(index - filled_);
  if (index >= entries() || ahead >= lent_ - filled_) [[unlikely]] {
    return {};
  }
  filled_ += ahead + 1;
  return Packet::adopt(std::exchange(slots_[index], PacketIndex::kNone), 0);
}

}  // namespace mote::vmxnet3
