// The transmit queue: frames lent to the device, from packets or from other memory, and their
// return (virtio 1.2, 5.1.6.2). No registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "drivers/virtio/framing.hpp"
#include "drivers/virtio/nic_wire.hpp"
#include "drivers/virtio/ring.hpp"
#include "kernel/memory/packet.hpp"

namespace mote::virtio {

class TransmitQueue {
 public:
  // The longest chain: a frame's pieces, and the header in a descriptor of its own.
  static constexpr std::size_t kMaxPieces = limits::kTxSegments + 1;

  // Takes over a freshly restarted ring.
  void start(Framing framing, bool cuts) {
    framing_ = framing;
    cuts_ = cuts;
  }

  // As in NetDevice.
  [[nodiscard]] bool transmit(Packet& packet, TxChecksum checksum, DeviceCounters& counters);
  [[nodiscard]] bool transmit(const TxFrame& frame, DeviceCounters& counters);
  template <typename Release>
  void reclaim(Release&& release, DeviceCounters& counters);

  // Returns a chain's memory: a packet to the pool, a cookie to `release`.
  template <typename Release>
  static void give_back(const Owner& owner, Release&& release) {
    if (owner.packet != PacketIndex::kNone) {
      static_cast<void>(Packet::adopt(owner.packet, 0));
    } else {
      release(owner.cookie);
    }
  }

  [[nodiscard]] SplitRing& ring() { return ring_; }
  [[nodiscard]] const SplitRing& ring() const { return ring_; }

 private:
  [[nodiscard]] bool counted(bool lent, std::size_t bytes, DeviceCounters& counters);
  void write_header(std::byte* frame, TxChecksum checksum, TxCut cut = {}) const;

  SplitRing ring_;
  Framing framing_;
  bool cuts_ = false;  // VIRTIO_NET_F_HOST_TSO4
};

[[gnu::always_inline]] inline bool TransmitQueue::transmit(Packet& packet, TxChecksum checksum,
                                                           DeviceCounters& counters) {
  write_header(packet.data(), checksum);
  const Piece frame{packet.data(), packet.bytes()};
  const bool lent =
      lend_frame(ring_, framing_, {&frame, 1}, Access::kDeviceReads, {.packet = packet.index()});
  if (!counted(lent, packet.bytes(), counters)) {
    return false;
  }
  static_cast<void>(packet.release());
  return true;
}

// 5.1.6.2: all zero unless the device has a checksum to finish or frames to cut.
inline void TransmitQueue::write_header(std::byte* frame, TxChecksum checksum, TxCut cut) const {
  if (checksum.start == 0) {
    // For either length: the bytes before a short header are headroom, too.
    __builtin_memset(frame - NetHeader::kBytes, 0, NetHeader::kBytes);
    return;
  }
  NetHeader header;
  header.flags = NetHeader::kNeedsChecksum;
  header.checksum_start = checksum.start;
  header.checksum_offset = checksum.offset;
  if (cut.payload_bytes != 0) [[unlikely]] {
    header.segmentation = NetHeader::kTcpIpv4;
    header.header_bytes = cut.header_bytes;
    header.segment_bytes = cut.payload_bytes;
  }
  // Two copies of fixed size, because each is two moves.
  if (framing_.header_bytes == NetHeader::kBytes) {
    __builtin_memcpy(frame - NetHeader::kBytes, &header, NetHeader::kBytes);
  } else {
    __builtin_memcpy(frame - NetHeader::kShortBytes, &header, NetHeader::kShortBytes);
  }
}

inline bool TransmitQueue::counted(bool lent, std::size_t bytes, DeviceCounters& counters) {
  if (!lent) {
    ++counters.tx_full;
    return false;
  }
  ++counters.tx_frames;
  counters.tx_bytes += bytes;
  return true;
}

template <typename Release>
void TransmitQueue::reclaim(Release&& release, DeviceCounters& counters) {
  for (std::size_t pending = ring_.completed(); pending != 0; --pending) {
    const Completion completion = ring_.take();
    if (completion.verdict == Verdict::kUnknown) [[unlikely]] {
      ++counters.tx_malformed;
      continue;
    }
    // The length is ignored: the device had nothing to write, but many give one (2.7.8.1).
    give_back(completion.owner, release);
  }
}

}  // namespace mote::virtio
