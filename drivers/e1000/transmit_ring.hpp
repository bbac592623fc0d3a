// The transmit ring: frames lent to the device, from packets or from other memory, and their
// return (3.3, 3.4). No registers.
//
// TCP/IP data descriptors describe a frame. If its checksum is wanted, the context descriptor
// before them says how to compute it. The device remembers the context, so that a new one is
// written only when it differs from the last.
//
// A frame to cut (3.5, TCP segmentation) has a context of its own, because that gives its length.
// By the manual (3.5.5) the device keeps the two kinds of context apart; QEMU's 82574 does not, so
// the other one is written again afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/e1000/descriptors.hpp"
#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "kernel/cpu/barriers.hpp"
#include "kernel/memory/packet.hpp"

namespace mote::e1000 {

class TransmitRing {
 public:
  static constexpr std::uint16_t kEntries = 512;
  static_assert(kEntries % 8 == 0 && (kEntries & (kEntries - 1)) == 0);  // 13.4.38

  // The most that a frame to cut needs: a context, the headers, kCutParts of payload and one more
  // for each piece that doesn't end with a part, and its last bytes. QEMU's 82574 drops a frame of
  // more than 64 data descriptors.
  static constexpr std::uint32_t kCutParts = 32;
  static constexpr std::size_t kMostOfCut = 2 + kCutParts + limits::kTxSegments + 1;
  static_assert(kMostOfCut < kEntries && kMostOfCut - 1 <= 64);

  // Kept for each frame at the entry of its first descriptor.
  struct Slot {
    void* cookie;  // null: a packet
    PacketIndex packet;
    std::uint16_t descriptors;
  };

  // Takes over zeroed memory for kEntries.
  void start(std::span<TransmitDescriptor> descriptors, std::span<Slot> slots) {
    *this = {};
    descriptors_ = descriptors.data();
    slots_ = slots.data();
  }

  // As in NetDevice.
  [[nodiscard]] bool transmit(Packet& packet, TxChecksum checksum, DeviceCounters& counters);
  [[nodiscard]] bool transmit(const TxFrame& frame, DeviceCounters& counters);
  template <typename Release>
  void reclaim(Release&& release);

  [[nodiscard]] bool has_sent() const { return taken_ == filled_; }

  // Takes everything back after the device's reset.
  template <typename Release>
  void take_all(Release&& release) {
    while (taken_ != filled_) {
      give_back_first(release);
    }
  }

  // Adds the word that changes when there is a frame to reclaim.
  void watch(Watch& watch) const;

  // True: there are new frames, ring the tail.
  [[nodiscard]] bool publish();
  [[nodiscard]] std::uint16_t tail() const { return published_ % kEntries; }

 private:
  // Common to all data descriptors of a frame.
  struct Kind {
    std::uint32_t command;
    std::uint8_t options;
  };

  [[nodiscard]] bool lend(std::span<const Piece> pieces, TxChecksum checksum, void* cookie,
                          PacketIndex packet, DeviceCounters& counters);
  [[nodiscard]] bool lend_cut(const TxFrame& frame, DeviceCounters& counters);
  void put_context(TxChecksum checksum, TxCut cut, std::uint32_t payload);
  void put_data(Piece piece, std::uint32_t longest, Kind kind);
  void set_end_apart();
  void finish(std::uint16_t first, void* cookie, PacketIndex packet);
  template <typename Release>
  void give_back_first(Release&& release) {
    const Slot slot = slots_[taken_ % kEntries];
    taken_ = static_cast<std::uint16_t>(taken_ + slot.descriptors);
    if (slot.cookie == nullptr) {
      static_cast<void>(Packet::adopt(slot.packet, 0));
    } else {
      release(slot.cookie);
    }
  }
  [[nodiscard]] std::size_t free() const {
    // Head equal to tail means that the device has nothing to do (3.4), so one entry stays empty.
    return kEntries - 1U - static_cast<std::uint16_t>(filled_ - taken_);
  }

  TransmitDescriptor* descriptors_ = nullptr;
  Slot* slots_ = nullptr;
  TxChecksum context_;      // the one that the device remembers
  bool after_cut_ = false;  // see set_end_apart
  // Free-running counts, modulo 65,536; the entry is the count modulo kEntries.
  std::uint16_t taken_ = 0;
  std::uint16_t published_ = 0;
  std::uint16_t filled_ = 0;
};

// Each frame's last descriptor asks for a report, and the device reports in order.
template <typename Release>
void TransmitRing::reclaim(Release&& release) {
  while (taken_ != published_) {
    const Slot& slot = slots_[taken_ % kEntries];
    const auto last = static_cast<std::uint16_t>(taken_ + slot.descriptors - 1);
    if ((load(descriptors_[last % kEntries].status) & TransmitDescriptor::kDone) == 0) {
      return;
    }
    give_back_first(release);
  }
}

inline void TransmitRing::watch(Watch& watch) const {
  if (taken_ != published_) {
    const auto last =
        static_cast<std::uint16_t>(taken_ + slots_[taken_ % kEntries].descriptors - 1);
    watch.add(watched_status(descriptors_[last % kEntries].status));
  }
}

inline bool TransmitRing::publish() {
  if (filled_ == published_) {
    return false;
  }
  write_barrier();  // descriptors and data must be in memory before the tail that shows them
  published_ = filled_;
  return true;
}

}  // namespace mote::e1000
