// The receive queue: pool buffers lent to the device, frames taken from it (virtio 1.2, 5.1.6.3
// and 5.1.6.4). No registers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "drivers/net_device.hpp"
#include "drivers/virtio/framing.hpp"
#include "drivers/virtio/net_wire.hpp"
#include "drivers/virtio/ring.hpp"
#include "kernel/packet.hpp"

namespace mote::virtio {

class ReceiveQueue {
 public:
  struct Options {
    Framing framing;
    bool mergeable = false;       // VIRTIO_NET_F_MRG_RXBUF: a frame may fill several buffers
    bool trust_checksum = false;  // VIRTIO_NET_F_GUEST_CSUM
    std::size_t buffers = 0;      // to keep lent, if the ring has room for them
  };

  // Takes over a ring that was just initialized.
  void start(const Options& options) {
    options_ = options;
    const std::size_t room = ring_.entries() / options.framing.descriptors();
    buffers_ = std::min(options.buffers, room);
  }

  // Hands what the device has received to `sink(Packet, RxChecksum)`, looking at no more than
  // `budget` frames; returns how many were good.
  template <typename Sink>
  std::size_t poll(std::size_t budget, Sink&& sink, DeviceCounters& counters);

  // Lends the device what it lacks, as far as the pool has it. True: ring the doorbell.
  [[nodiscard]] bool refill(DeviceCounters& counters);

  [[nodiscard]] SplitRing& ring() { return ring_; }

 private:
  [[nodiscard]] bool usable(const Completion& completion, const NetHeader& header) const;
  [[nodiscard]] std::size_t drop_rest(const Completion& completion, const NetHeader& header,
                                      std::size_t pending);

  static constexpr std::size_t kEthernetHeaderBytes = 14;

  // 5.1.6.3.1: what a buffer must hold, at least, when frames can't be spread over several.
  static constexpr std::size_t kLeastBufferBytes = 1526;
  static_assert(Packet::kMaxFrameBytes + NetHeader::kBytes >= kLeastBufferBytes);

  SplitRing ring_;
  Options options_;
  std::size_t buffers_ = 0;
};

template <typename Sink>
std::size_t ReceiveQueue::poll(std::size_t budget, Sink&& sink, DeviceCounters& counters) {
  constexpr std::uint8_t kTrusted = NetHeader::kNeedsChecksum | NetHeader::kDataValid;
  std::size_t pending = ring_.completed();
  std::size_t good = 0;
  for (; pending != 0 && budget != 0; --budget) {
    const Completion completion = ring_.take();
    --pending;
    if (completion.verdict == Verdict::kUnknown) [[unlikely]] {
      ++counters.rx_malformed;
      continue;
    }
    Packet packet = Packet::adopt(completion.owner.packet, 0);
    NetHeader header;
    __builtin_memcpy(&header, packet.data() - options_.framing.header_bytes, sizeof(header));
    if (!usable(completion, header)) [[unlikely]] {
      ++counters.rx_malformed;
      pending -= drop_rest(completion, header, pending);
      continue;
    }
    packet.set_bytes(completion.bytes - options_.framing.header_bytes);
    ++good;
    ++counters.rx_frames;
    counters.rx_bytes += packet.bytes();
    // 5.1.6.4: what "needs a checksum" was left unfinished by its sender on the same host, and was
    // never on a wire that could have damaged it.
    const bool trusted = options_.trust_checksum && (header.flags & kTrusted) != 0;
    const bool absent = (header.flags & NetHeader::kNeedsChecksum) != 0;
    sink(std::move(packet), !trusted ? RxChecksum::kUnknown
                            : absent ? RxChecksum::kAbsent
                                     : RxChecksum::kVerified);
  }
  return good;
}

// Whether a buffer that came back holds one whole frame. `header.buffers` means nothing without
// mergeable buffers (5.1.6.4).
inline bool ReceiveQueue::usable(const Completion& completion, const NetHeader& header) const {
  const std::size_t least = options_.framing.header_bytes + kEthernetHeaderBytes;
  return completion.verdict == Verdict::kGood && completion.bytes >= least &&
         header.segmentation == NetHeader::kNoSegmentation &&
         (!options_.mergeable || header.buffers == 1);
}

}  // namespace mote::virtio
