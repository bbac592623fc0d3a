// The receive queue: pool buffers lent to the device, frames taken back (virtio 1.2, 5.1.6.3 and
// 5.1.6.4). No registers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "drivers/refill_batch.hpp"
#include "drivers/virtio/framing.hpp"
#include "drivers/virtio/nic_wire.hpp"
#include "drivers/virtio/ring.hpp"
#include "kernel/memory/packet.hpp"

namespace mote::virtio {

class ReceiveQueue {
 public:
  struct Options {
    Framing framing;
    bool mergeable = false;       // VIRTIO_NET_F_MRG_RXBUF: a frame may fill several buffers
    bool large = false;           // VIRTIO_NET_F_GUEST_TSO4: a frame may be a long TCP segment
    bool trust_checksum = false;  // VIRTIO_NET_F_GUEST_CSUM
    std::size_t buffers = 0;      // to keep lent, as far as the ring has room
  };

  // Takes over a freshly restarted ring.
  void start(const Options& options) {
    options_ = options;
    const std::size_t room = ring_.entries() / options.framing.descriptors();
    batch_ = RefillBatch(std::min(options.buffers, room), kBatches, limits::kRxPieces);
  }

  // Hands received frames to `sink` (see ReceiveSink), at most `budget` including bad ones; returns
  // how many were good.
  template <typename Sink>
  std::size_t poll(std::size_t budget, Sink&& sink, DeviceCounters& counters);

  // Refills the ring from the pool if it lacks enough buffers to be worth a doorbell. True: ring
  // it.
  [[nodiscard]] bool refill(DeviceCounters& counters) { return is_short() && fill_up(counters); }

  // Whether the ring lacks that many. After `refill` it means that the pool was empty.
  [[nodiscard]] bool is_short() const { return batch_.is_due(ring_.lent()); }

  [[nodiscard]] SplitRing& ring() { return ring_; }
  [[nodiscard]] const SplitRing& ring() const { return ring_; }

 private:
  using Pieces = std::array<Packet, limits::kRxPieces>;

  // A frame in several packets.
  struct Gathered {
    std::size_t packets = 0;  // 0: the frame is unusable
    std::size_t bytes = 0;
  };

  [[nodiscard]] bool fill_up(DeviceCounters& counters);
  [[nodiscard]] bool is_beginning(const Completion& completion) const;
  [[nodiscard]] RxChecksum checksum_of(const NetHeader& header) const;
  [[nodiscard]] std::size_t count_rest(const Completion& completion, const NetHeader& header,
                                       std::size_t pending) const;
  [[nodiscard]] Gathered take_rest(std::size_t rest, Pieces& pieces);
  void drop_rest(std::size_t rest);
  template <typename Sink>
  [[nodiscard]] std::size_t take_odd(Packet first, const Completion& completion,
                                     const NetHeader& header, std::size_t pending, Sink& sink,
                                     DeviceCounters& counters);
  template <typename Sink>
  void take_large(Packet first, std::size_t rest, RxChecksum checksum, Sink& sink,
                  DeviceCounters& counters);

  // A device must never wait for the last of the buffers that the longest segment fills.
  static constexpr std::size_t kBatches = 16;

  static constexpr std::size_t kMostHeaderBytes = kEthernetHeaderBytes + 60 + 60;  // IP's, TCP's
  static constexpr std::size_t kMostIpBytes = 65'535;

  // Bytes of a frame that fit into a buffer. The rest of the buffer is for the further pieces,
  // which also fill the space where the first has its header; so the frame data of all pieces
  // begins at the same place.
  static constexpr std::size_t kFrameBytes = Packet::kMaxFrameBytes - NetHeader::kBytes;

  // 5.1.6.3.1: the least that a buffer must hold if frames can't span several.
  static constexpr std::size_t kLeastBufferBytes = 1526;
  static_assert(kFrameBytes + NetHeader::kBytes >= kLeastBufferBytes);
  static_assert(limits::kRxPieces * (kFrameBytes + NetHeader::kBytes) >=
                    NetHeader::kBytes + kEthernetHeaderBytes + kMostIpBytes,
                "the longest segment fits");

  SplitRing ring_;
  Options options_;
  RefillBatch batch_;
};

template <typename Sink>
std::size_t ReceiveQueue::poll(std::size_t budget, Sink&& sink, DeviceCounters& counters) {
  const std::uint64_t before = counters.rx_frames;
  std::size_t pending = ring_.completed();
  for (; pending != 0 && budget != 0; --budget) {
    const Completion completion = ring_.take();
    --pending;
    if (completion.verdict == Verdict::kUnknown) [[unlikely]] {
      ++counters.rx_malformed;
      continue;
    }
    Packet packet = Packet::adopt(completion.owner.packet, 0);
    const std::size_t header_bytes = options_.framing.header_bytes;
    NetHeader header;
    __builtin_memcpy(&header, packet.data() - header_bytes, sizeof(header));
    const bool alone = header.segmentation == NetHeader::kNoSegmentation &&
                       (!options_.mergeable || header.buffers == 1);
    if (!alone || !is_beginning(completion)) [[unlikely]] {
      pending -= take_odd(std::move(packet), completion, header, pending, sink, counters);
      continue;
    }
    packet.set_bytes(completion.bytes - header_bytes);
    ++counters.rx_frames;
    counters.rx_bytes += packet.bytes();
    sink(std::move(packet), checksum_of(header));
  }
  return static_cast<std::size_t>(counters.rx_frames - before);
}

// Slow path: a long segment or an unusable frame. Returns how many of the completions after the
// first belonged to it. Not inline, to keep `poll` small.
template <typename Sink>
[[gnu::noinline]] std::size_t ReceiveQueue::take_odd(Packet first, const Completion& completion,
                                                     const NetHeader& header, std::size_t pending,
                                                     Sink& sink, DeviceCounters& counters) {
  const std::size_t rest = count_rest(completion, header, pending);
  const bool whole = !options_.mergeable || header.buffers == rest + 1;
  const bool agreed = options_.large && header.segmentation == NetHeader::kTcpIpv4;
  if (!whole || !agreed || !is_beginning(completion)) {
    drop_rest(rest);
    ++counters.rx_malformed;
    return rest;
  }
  first.set_bytes(completion.bytes - options_.framing.header_bytes);
  const RxChecksum checksum = checksum_of(header);
  if (rest != 0) {
    take_large(std::move(first), rest, checksum, sink, counters);
    return rest;
  }
  ++counters.rx_frames;
  counters.rx_bytes += first.bytes();
  sink(std::move(first), checksum);
  return 0;
}

// A segment that fills several buffers.
template <typename Sink>
void ReceiveQueue::take_large(Packet first, std::size_t rest, RxChecksum checksum, Sink& sink,
                              DeviceCounters& counters) {
  Pieces pieces;
  pieces[0] = std::move(first);
  const Gathered gathered = take_rest(rest, pieces);
  if (gathered.packets == 0) {
    ++counters.rx_malformed;
    return;
  }
  ++counters.rx_frames;
  counters.rx_bytes += gathered.bytes;
  sink(std::span(pieces).first(gathered.packets), checksum);
}

// Whether a returned buffer holds a frame or the beginning of one.
inline bool ReceiveQueue::is_beginning(const Completion& completion) const {
  return completion.verdict == Verdict::kGood &&
         completion.bytes >= options_.framing.header_bytes + kEthernetHeaderBytes;
}

// 5.1.6.4: a frame that "needs a checksum" was left unfinished by its sender on the same host, and
// was never on a wire that could have damaged it.
inline RxChecksum ReceiveQueue::checksum_of(const NetHeader& header) const {
  if (!options_.trust_checksum) {
    return RxChecksum::kUnknown;
  }
  if ((header.flags & NetHeader::kNeedsChecksum) != 0) {
    return RxChecksum::kAbsent;
  }
  return (header.flags & NetHeader::kDataValid) != 0 ? RxChecksum::kVerified : RxChecksum::kUnknown;
}

}  // namespace mote::virtio
