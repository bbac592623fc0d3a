// A ring of the pool's buffers that are lent to the device for what it receives. No registers.
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
  // Takes over memory, for ever. The ring's entries are a power of two; `slots` says whose buffer
  // each has. All its buffers are of one type (receive_field::kType).
  void attach(std::span<Descriptor> ring, std::span<PacketIndex> slots, std::uint32_t type);

  // Begins anew with nothing lent, for a device that is about to start. Of the pool's buffers at
  // most so many shall be lent: less than there are entries, as for transmission.
  void restart(std::size_t buffers);

  [[nodiscard]] std::uint64_t address() const;
  [[nodiscard]] std::uint32_t entries() const { return static_cast<std::uint32_t>(ring_.size()); }

  // The buffer at `index`, which the device has filled; none if it was not lent. The device fills
  // buffers in their order. One that it skipped stays where it is, and is lent again when its turn
  // comes.
  [[nodiscard]] Packet take(std::uint32_t index);

  // Lends the device what it lacks, when that is worth it; false if the pool has not so much.
  [[nodiscard]] bool refill() { return !is_short() || fill_up(); }

  // Whether the device lacks enough to be refilled: behind `refill`, because the pool had no more.
  [[nodiscard]] bool is_short() const { return batch_.is_due(lent_ - filled_); }

  // Whether buffers were lent since the last doorbell, and what to ring it with.
  [[nodiscard]] bool has_news() const { return told_ != lent_; }
  [[nodiscard]] std::uint32_t producer() {
    told_ = lent_;
    return index_of(lent_);
  }

  // Takes everything back from a device that was reset.
  void take_all();

 private:
  static constexpr std::size_t kBatches = 16;

  [[nodiscard]] bool fill_up();

  // Places are counted for ever, as by RingPlace: index and generation follow from them.
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
  // Descriptors from filled_ on are the device's, those from lent_ on are ours. The device was last
  // told of told_.
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
