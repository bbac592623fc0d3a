// The transmit queue: frames lent to the device, from packets or from other memory, and their
// return. No registers.
//
// Padding to Ethernet's 60 bytes is left to the host, as VMware's own drivers do. The stack pads,
// too; for a frame whose checksum the device must finish that padding is removed, because hosts
// (QEMU's net_tx_pkt.c) take all bytes after the IP header as summed and measured.
//
// The host cuts segments into frames. QEMU passes them to a tap with virtio's header; for other
// backends it cuts by itself, and QEMU 7.2 then makes IPv4 fragments, with a single TCP header.
// They are a valid datagram, and no driver can tell beforehand.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "drivers/vmxnet3/completion_ring.hpp"
#include "drivers/vmxnet3/descriptors.hpp"
#include "drivers/vmxnet3/shared_area.hpp"
#include "kernel/memory/packet.hpp"

namespace mote::vmxnet3 {

class TransmitQueue {
 public:
  // One entry is never lent: the doorbell tells only the next free descriptor, which in a ring lent
  // whole would be the first one not sent.
  static constexpr std::uint32_t kEntries = 512;

  // The owner of a frame, kept with its last descriptor: a packet's buffer, or else somebody's
  // cookie.
  struct Slot {
    void* cookie = nullptr;
    PacketIndex packet = PacketIndex::kNone;
    bool ends = false;  // a lent frame ends here; false in all other slots
  };

  struct Memory {
    alignas(kRingAlignment) std::array<Descriptor, kEntries> ring;
    alignas(kRingAlignment) std::array<Words, kEntries> completions;
    std::array<Slot, kEntries> slots;
  };

  // Takes over zeroed memory forever.
  void attach(Memory& memory) { memory_ = &memory; }

  // Starts with nothing lent, for a device about to start.
  void restart();

  // Tells the device where the rings lie.
  void describe(TransmitQueueDescriptor& descriptor) const;

  // As in NetDevice.
  [[nodiscard]] bool transmit(Packet& packet, TxChecksum checksum, DeviceCounters& counters);
  [[nodiscard]] bool transmit(const TxFrame& frame, DeviceCounters& counters);
  template <typename Release>
  void reclaim(Release&& release, DeviceCounters& counters);

  [[nodiscard]] bool has_sent() const { return sent_ == lent_; }

  // The word that changes when there is something to reclaim.
  [[nodiscard]] WatchedWord watched() const { return completions_.watched(); }

  // Whether frames were lent since the last doorbell, and the value to ring it with.
  [[nodiscard]] bool doorbell_due() const { return told_ != lent_; }
  [[nodiscard]] std::uint32_t producer() {
    told_ = lent_;
    return Place::index(lent_);
  }

  // Takes everything back after the device's reset.
  template <typename Release>
  void take_all(Release&& release) {
    give_back_until(lent_, release);
  }

 private:
  using Place = RingPlace<kEntries>;

  // Instructions to the device for a frame: fields of its first descriptor.
  struct Order {
    std::uint32_t word2 = 0;
    std::uint32_t word3 = 0;
  };

  // The longest frame is one to cut; a long piece takes several descriptors.
  static constexpr std::size_t kMostHeaderBytes = transmit_field::kHeaderBytes.most();
  static constexpr std::size_t kMostBytes = kMostHeaderBytes + limits::kTxPayloadBytes;
  static_assert(limits::kTxSegments + kMostBytes / kMostPieceBytes <= kMostPieces);

  [[nodiscard]] static bool can_cut(TxCut cut, std::span<const Piece> pieces, std::size_t bytes);
  [[nodiscard]] static Order order_of(TxChecksum checksum, TxCut cut);

  // May shorten the pieces. None is empty or longer than a descriptor can hold.
  [[nodiscard]] bool lend(std::span<Piece> pieces, TxChecksum checksum, Slot slot,
                          DeviceCounters& counters);
  [[nodiscard]] bool queue(std::span<const Piece> pieces, Order order, Slot slot,
                           DeviceCounters& counters);
  void write(std::span<const Piece> pieces, Order order);
  template <typename Release>
  void give_back_until(std::uint32_t end, Release&& release);

  Memory* memory_ = nullptr;
  CompletionRing completions_;
  // Places: descriptors from sent_ on are the device's, those from lent_ on are ours. The last
  // doorbell announced those before told_.
  std::uint32_t sent_ = 0;
  std::uint32_t lent_ = 0;
  std::uint32_t told_ = 0;
};

inline bool TransmitQueue::transmit(Packet& packet, TxChecksum checksum, DeviceCounters& counters) {
  std::array<Piece, 1> whole = {{{packet.data(), packet.bytes()}}};
  if (!lend(whole, checksum, {.packet = packet.index(), .ends = true}, counters)) {
    return false;
  }
  static_cast<void>(packet.release());
  return true;
}

// The device sends frames in order, so a completion covers the ones before it, too.
template <typename Release>
void TransmitQueue::reclaim(Release&& release, DeviceCounters& counters) {
  for (std::uint32_t budget = kEntries; budget != 0; --budget) {
    const std::optional<Words> completion = completions_.take();
    if (!completion) {
      break;
    }
    const std::uint32_t index = sent_field::kIndex.of(*completion);
    if (index >= kEntries || !memory_->slots[index].ends) [[unlikely]] {
      ++counters.tx_malformed;
      continue;
    }
    give_back_until(sent_ + Place::index(index - sent_) + 1, release);
  }
}

// Returns the frames whose last descriptors lie before `end`: packets go to the pool, cookies to
// `release`.
template <typename Release>
void TransmitQueue::give_back_until(std::uint32_t end, Release&& release) {
  while (sent_ != end) {
    // Freed before `release` is called, which may transmit.
    Slot& entry = memory_->slots[Place::index(sent_++)];
    const Slot slot = std::exchange(entry, Slot{});
    if (!slot.ends) {
      continue;
    }
    if (slot.packet != PacketIndex::kNone) {
      static_cast<void>(Packet::adopt(slot.packet, 0));
    } else {
      release(slot.cookie);
    }
  }
}

}  // namespace mote::vmxnet3
