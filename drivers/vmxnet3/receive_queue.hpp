// The receive queue: pool buffers lent to the device, frames taken from it. No registers.
//
// Buffers go into the first ring. The second one is for the pieces of frames that fill several
// buffers; no frame of ours does, so that it is there, as the device expects, and stays empty.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "drivers/net_device.hpp"
#include "drivers/vmxnet3/completion_ring.hpp"
#include "drivers/vmxnet3/descriptors.hpp"
#include "drivers/vmxnet3/shared_area.hpp"
#include "kernel/packet.hpp"

namespace mote::vmxnet3 {

class ReceiveQueue {
 public:
  static constexpr std::uint32_t kEntries = 256;
  static constexpr std::uint32_t kSecondEntries = kRingMultiple;
  static constexpr std::uint32_t kCompletions = kEntries + kSecondEntries;

  // As for transmission, one is never lent.
  static constexpr std::size_t kMostBuffers = kEntries - 1;

  struct Memory {
    alignas(kRingAlignment) std::array<Descriptor, kEntries> ring;
    alignas(kRingAlignment) std::array<Descriptor, kSecondEntries> second_ring;
    alignas(kRingAlignment) std::array<Words, kCompletions> completions;
    std::array<PacketIndex, kEntries> slots;  // whose buffer a descriptor has
  };

  // Takes over memory, for ever.
  void attach(Memory& memory) {
    memory_ = &memory;
    memory_->slots.fill(PacketIndex::kNone);
  }

  // Begins anew with nothing lent, for a device that is about to start. Of the pool's buffers at
  // most so many shall be lent.
  void restart(std::size_t buffers);

  // Tells the device where the rings lie.
  void describe(ReceiveQueueDescriptor& descriptor) const;

  // Hands what the device has received to `sink(Packet, RxChecksum)`, looking at no more than
  // `budget` completions; returns how many were good.
  template <typename Sink>
  std::size_t poll(std::size_t budget, Sink&& sink, DeviceCounters& counters);

  // Lends the device what it lacks, as far as the pool has it.
  void refill(DeviceCounters& counters);

  // Whether buffers were lent since the last doorbell, and what to ring it with.
  [[nodiscard]] bool has_news() const { return told_ != lent_; }
  [[nodiscard]] std::uint32_t producer() {
    told_ = lent_;
    return Place::index(lent_);
  }

  // Takes everything back from a device that was reset.
  void take_all();

 private:
  using Place = RingPlace<kEntries>;

  [[nodiscard]] Packet take(const Words& completion);
  [[nodiscard]] bool whole(const Words& completion);
  [[nodiscard]] static RxChecksum checksum_of(const Words& completion);

  static constexpr std::size_t kEthernetHeaderBytes = 14;

  Memory* memory_ = nullptr;
  CompletionRing completions_;
  // Places: descriptors from filled_ on are the device's, those from lent_ on are ours. The device
  // was last told of told_.
  std::uint32_t filled_ = 0;
  std::uint32_t lent_ = 0;
  std::uint32_t told_ = 0;
  std::size_t buffers_ = 0;
  bool dropping_ = false;  // in the middle of a frame of several pieces
};

template <typename Sink>
std::size_t ReceiveQueue::poll(std::size_t budget, Sink&& sink, DeviceCounters& counters) {
  std::size_t good = 0;
  for (; budget != 0; --budget) {
    const std::optional<Words> completion = completions_.take();
    if (!completion) {
      break;
    }
    Packet packet = take(*completion);
    const bool counted = dropping_ && received_field::kBegins.of(*completion) == 0;
    if (!whole(*completion) || !packet) [[unlikely]] {
      counters.rx_malformed += counted ? 0 : 1;
      continue;  // the buffer goes back to the pool
    }
    packet.set_bytes(received_field::kBytes.of(*completion));
    ++good;
    ++counters.rx_frames;
    counters.rx_bytes += packet.bytes();
    sink(std::move(packet), checksum_of(*completion));
  }
  return good;
}

// The buffer that a completion is about; none if it was not lent. The device fills buffers in
// their order. One that it skipped stays where it is, and is lent again when its turn comes.
inline Packet ReceiveQueue::take(const Words& completion) {
  const std::uint32_t index = received_field::kIndex.of(completion);
  const std::uint32_t ahead = Place::index(index - filled_);
  if (received_field::kRing.of(completion) != 0 || index >= kEntries || ahead >= lent_ - filled_)
      [[unlikely]] {
    return {};
  }
  filled_ += ahead + 1;
  return Packet::adopt(std::exchange(memory_->slots[index], PacketIndex::kNone), 0);
}

// Whether a completion says that a buffer holds one good frame.
inline bool ReceiveQueue::whole(const Words& completion) {
  namespace field = received_field;
  const std::uint32_t bytes = field::kBytes.of(completion);
  dropping_ = field::kEnds.of(completion) == 0;
  return !dropping_ && field::kBegins.of(completion) != 0 && field::kError.of(completion) == 0 &&
         bytes >= kEthernetHeaderBytes && bytes <= Packet::kMaxFrameBytes;
}

inline RxChecksum ReceiveQueue::checksum_of(const Words& completion) {
  namespace field = received_field;
  const bool ip = field::kIpv4.of(completion) != 0 ? field::kIpSumRight.of(completion) != 0
                                                   : field::kIpv6.of(completion) != 0;
  const bool segment = (field::kTcp.of(completion) | field::kUdp.of(completion)) != 0 &&
                       field::kFragment.of(completion) == 0;
  const bool right = field::kNotSummed.of(completion) == 0 && field::kSumRight.of(completion) != 0;
  return ip && segment && right ? RxChecksum::kVerified : RxChecksum::kUnknown;
}

}  // namespace mote::vmxnet3
