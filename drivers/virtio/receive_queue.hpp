// The receive queue: pool buffers lent to the device, frames taken from it (virtio 1.2, 5.1.6.3
// and 5.1.6.4). No registers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
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
    bool large = false;           // VIRTIO_NET_F_GUEST_TSO4: it may be a long TCP segment
    bool trust_checksum = false;  // VIRTIO_NET_F_GUEST_CSUM
    std::size_t buffers = 0;      // to keep lent, if the ring has room for them
  };

  // Takes over a ring that was just initialized.
  void start(const Options& options) {
    options_ = options;
    const std::size_t room = ring_.entries() / options.framing.descriptors();
    buffers_ = std::min(options.buffers, room);
  }

  // Hands what the device has received to `sink` (see ReceiveSink), looking at no more than
  // `budget` frames; returns how many were good.
  template <typename Sink>
  std::size_t poll(std::size_t budget, Sink&& sink, DeviceCounters& counters);

  // Lends the device what it lacks, as far as the pool has it. True: ring the doorbell.
  [[nodiscard]] bool refill(DeviceCounters& counters);

  // Whether the device has less than it should because the pool had no more.
  [[nodiscard]] bool is_short() const { return ring_.lent() < buffers_; }

  [[nodiscard]] SplitRing& ring() { return ring_; }
  [[nodiscard]] const SplitRing& ring() const { return ring_; }

 private:
  using Pieces = std::array<Packet, limits::kRxPieces>;

  // A frame in several packets.
  struct Gathered {
    std::size_t packets = 0;  // 0: it can't be used
    std::size_t bytes = 0;
  };

  [[nodiscard]] bool usable(const Completion& completion, const NetHeader& header) const;
  [[nodiscard]] std::size_t count_rest(const Completion& completion, const NetHeader& header,
                                       std::size_t pending) const;
  [[nodiscard]] Gathered take_rest(std::size_t rest, Pieces& pieces);
  void drop_rest(std::size_t rest);
  template <typename Sink>
  [[nodiscard]] bool take_large(Packet first, std::size_t rest, RxChecksum checksum, Sink& sink,
                                DeviceCounters& counters);

  static constexpr std::size_t kEthernetHeaderBytes = 14;
  static constexpr std::size_t kMostHeaderBytes = kEthernetHeaderBytes + 60 + 60;  // IP's, TCP's
  static constexpr std::size_t kMostIpBytes = 65'535;

  // Bytes of frame that a buffer has room for. Behind it stays room for what a piece that isn't the
  // first has where the first one has its header: so the pieces' frames all begin in one place.
  static constexpr std::size_t kFrameBytes = Packet::kMaxFrameBytes - NetHeader::kBytes;

  // 5.1.6.3.1: what a buffer must hold, at least, when frames can't be spread over several.
  static constexpr std::size_t kLeastBufferBytes = 1526;
  static_assert(kFrameBytes + NetHeader::kBytes >= kLeastBufferBytes);
  static_assert(limits::kRxPieces * (kFrameBytes + NetHeader::kBytes) >=
                    NetHeader::kBytes + kEthernetHeaderBytes + kMostIpBytes,
                "the longest segment fits");

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
    // 5.1.6.4: what "needs a checksum" was left unfinished by its sender on the same host, and was
    // never on a wire that could have damaged it.
    const bool trusted = options_.trust_checksum && (header.flags & kTrusted) != 0;
    const bool absent = (header.flags & NetHeader::kNeedsChecksum) != 0;
    const RxChecksum checksum = !trusted ? RxChecksum::kUnknown
                                : absent ? RxChecksum::kAbsent
                                         : RxChecksum::kVerified;
    const std::size_t rest = count_rest(completion, header, pending);
    pending -= rest;
    if (!usable(completion, header) || (options_.mergeable && header.buffers != rest + 1))
        [[unlikely]] {
      drop_rest(rest);
      ++counters.rx_malformed;
      continue;
    }
    packet.set_bytes(completion.bytes - options_.framing.header_bytes);
    if (rest != 0) {
      good += take_large(std::move(packet), rest, checksum, sink, counters) ? 1 : 0;
      continue;
    }
    ++good;
    ++counters.rx_frames;
    counters.rx_bytes += packet.bytes();
    sink(std::move(packet), checksum);
  }
  return good;
}

// A frame that filled more buffers than its first. Not inline: `poll` is the path of small ones.
template <typename Sink>
[[gnu::noinline]] bool ReceiveQueue::take_large(Packet first, std::size_t rest, RxChecksum checksum,
                                                Sink& sink, DeviceCounters& counters) {
  Pieces pieces;
  pieces[0] = std::move(first);
  const Gathered gathered = take_rest(rest, pieces);
  if (gathered.packets == 0) {
    ++counters.rx_malformed;
    return false;
  }
  ++counters.rx_frames;
  counters.rx_bytes += gathered.bytes;
  sink(std::span(pieces).first(gathered.packets), checksum);
  return true;
}

// Whether a buffer that came back holds a frame, or the beginning of one: of our own MTU, or a TCP
// segment if that was agreed on. `header.buffers` means nothing without mergeable buffers
// (5.1.6.4).
inline bool ReceiveQueue::usable(const Completion& completion, const NetHeader& header) const {
  const std::size_t least = options_.framing.header_bytes + kEthernetHeaderBytes;
  const bool alone = !options_.mergeable || header.buffers == 1;
  return completion.verdict == Verdict::kGood && completion.bytes >= least &&
         (header.segmentation == NetHeader::kNoSegmentation
              ? alone
              : options_.large && header.segmentation == NetHeader::kTcpIpv4);
}

}  // namespace mote::virtio
