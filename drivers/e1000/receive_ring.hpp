// The receive ring: pool buffers lent to the device, frames taken from it (3.2). No registers.
//
// The device owns the descriptors from its head up to, but not including, the tail. If the two are
// equal it owns none, so one entry always stays empty (3.2.6). It returns them in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "drivers/e1000/descriptors.hpp"
#include "drivers/net_device.hpp"
#include "drivers/refill_batch.hpp"
#include "kernel/cpu/barriers.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/memory/packet.hpp"

namespace mote::e1000 {

class ReceiveRing {
 public:
  static constexpr std::uint16_t kEntries = 256;
  static_assert(kEntries % 8 == 0 && (kEntries & (kEntries - 1)) == 0);  // 13.4.27

  // Takes over zeroed memory for kEntries, of which at most `buffers` are lent.
  void start(std::span<ReceiveDescriptor> descriptors, std::span<PacketIndex> packets,
             std::size_t buffers) {
    *this = {};
    descriptors_ = descriptors.data();
    packets_ = packets.data();
    batch_ = RefillBatch(std::min<std::size_t>(buffers, kEntries - 1), kBatches);
  }

  // Hands received frames to `sink(Packet, RxChecksum)`, looking at no more than `budget`
  // descriptors; returns how many were good.
  template <typename Sink>
  std::size_t poll(std::size_t budget, Sink&& sink, DeviceCounters& counters);

  // Adds the word that changes when there is a descriptor to poll.
  void watch(Watch& watch) const;

  // Whether the ring lacks enough buffers to be worth a doorbell. After `refill` it means that the
  // pool was empty.
  [[nodiscard]] bool is_short() const { return batch_.is_due(lent()); }

  // Refills the ring from the pool if it lacks enough buffers to be worth a doorbell, which is an
  // exit. True: ring the tail.
  [[nodiscard]] bool refill(DeviceCounters& counters) { return is_short() && fill_up(counters); }
  [[nodiscard]] std::uint16_t tail() const { return filled_ % kEntries; }

  // Takes everything back after the device's reset.
  void take_all() {
    while (taken_ != filled_) {
      static_cast<void>(Packet::adopt(packets_[taken_++ % kEntries], 0));
    }
  }

 private:
  static constexpr std::size_t kBatches = 8;

  [[nodiscard]] std::uint16_t lent() const { return static_cast<std::uint16_t>(filled_ - taken_); }
  [[nodiscard]] bool fill_up(DeviceCounters& counters);

  ReceiveDescriptor* descriptors_ = nullptr;
  PacketIndex* packets_ = nullptr;  // of each lent entry
  RefillBatch batch_;
  // Free-running counts, modulo 65,536; the entry is the count modulo kEntries.
  std::uint16_t taken_ = 0;
  std::uint16_t filled_ = 0;
  bool skipping_ = false;  // in the middle of a frame that fills several buffers
};

template <typename Sink>
std::size_t ReceiveRing::poll(std::size_t budget, Sink&& sink, DeviceCounters& counters) {
  using Descriptor = ReceiveDescriptor;
  std::size_t good = 0;
  for (; budget != 0 && taken_ != filled_; --budget) {
    const std::uint16_t at = taken_ % kEntries;
    const Descriptor& descriptor = descriptors_[at];
    const std::uint8_t status = load(descriptor.status);
    if ((status & Descriptor::kDone) == 0) {
      break;
    }
    read_barrier();  // DD is written last: nothing else may be read before it
    ++taken_;
    const std::uint8_t errors = load(descriptor.errors);
    const std::size_t bytes = load(descriptor.bytes);
    Packet packet = Packet::adopt(packets_[at], 0);
    const bool begins = !std::exchange(skipping_, (status & Descriptor::kEndOfPacket) == 0);
    if (!begins) [[unlikely]] {
      continue;  // counted with its first buffer
    }
    if (skipping_ || bytes < kEthernetHeaderBytes || bytes > Packet::kMaxFrameBytes ||
        (errors & Descriptor::kDamaged) != 0) [[unlikely]] {
      ++counters.rx_malformed;
      continue;
    }
    packet.set_bytes(bytes);
    ++good;
    ++counters.rx_frames;
    counters.rx_bytes += bytes;
    // 3.2.9: the device verified the TCP or UDP checksum and found neither it nor IP's wrong.
    const bool verified = (status & (Descriptor::kIgnoreChecksum | Descriptor::kTcpChecked)) ==
                              Descriptor::kTcpChecked &&
                          (errors & (Descriptor::kBadTcp | Descriptor::kBadIp)) == 0;
    sink(std::move(packet), verified ? RxChecksum::kVerified : RxChecksum::kUnknown);
  }
  return good;
}

inline void ReceiveRing::watch(Watch& watch) const {
  if (taken_ != filled_) {
    watch.add(watched_status(descriptors_[taken_ % kEntries].status));
  }
}

}  // namespace mote::e1000
