// The receive queue: pool buffers lent to the device, frames taken from it. No registers.
//
// A frame begins in a buffer of type "head" and continues in buffers of type "body"
// (vmxnet3_defs.h, "Vmxnet3_RxDesc"). VMware's driver for Linux fills the first ring with heads,
// for frames no longer than a buffer, and the second, where no frame may begin, with bodies. So do
// we, because devices know that arrangement best. QEMU's (hw/net/vmxnet3.c) looks for a body in the
// first ring, and takes it from the second if the next one there is a head.
//
// Only a frame that the device put together from several segments ("LRO") fills more than one
// buffer. If it finds too few bodies, all its segments are lost; so large frames are requested only
// if the bodies hold the largest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "drivers/vmxnet3/buffer_ring.hpp"
#include "drivers/vmxnet3/completion_ring.hpp"
#include "drivers/vmxnet3/descriptors.hpp"
#include "drivers/vmxnet3/shared_area.hpp"
#include "kernel/memory/packet.hpp"

namespace mote::vmxnet3 {

class ReceiveQueue {
 public:
  static constexpr std::uint32_t kHeads = 256;  // entries of either ring
  static constexpr std::uint32_t kBodies = 64;
  static constexpr std::uint32_t kCompletions = kHeads + kBodies;

  // One entry is never lent.
  static constexpr std::size_t kMostBuffers = kHeads - 1;

  // The longest frame that the device may put together. IP would allow 14 bytes more, but this way
  // the length of a frame and of its pieces fits into 16 bits.
  static constexpr std::size_t kLargestFrameBytes = 0xFFFF;
  static_assert(limits::kRxPieces * Packet::kMaxFrameBytes >= kLargestFrameBytes);
  static_assert(kBodies > limits::kRxPieces && kBodies % kRingMultiple == 0);

  // A piece of a frame whose end has not come yet.
  struct Piece {
    PacketIndex packet;
    std::uint16_t bytes;
  };

  struct Memory {
    alignas(kRingAlignment) std::array<Descriptor, kHeads> heads;
    alignas(kRingAlignment) std::array<Descriptor, kBodies> bodies;
    alignas(kRingAlignment) std::array<Words, kCompletions> completions;
    std::array<PacketIndex, kHeads> head_slots;
    std::array<PacketIndex, kBodies> body_slots;
    std::array<Piece, limits::kRxPieces> pieces;
  };

  // Takes over memory forever.
  void attach(Memory& memory);

  // Starts with nothing lent, for a device about to start. Lends at most `buffers` of the pool's.
  void restart(std::size_t buffers);

  // Whether the device may put frames together.
  [[nodiscard]] bool large() const { return large_; }

  // Tells the device where the rings lie.
  void describe(ReceiveQueueDescriptor& descriptor) const;

  // Hands received frames to `sink` (see ReceiveSink), at most `budget` including bad ones; returns
  // how many were good.
  template <typename Sink>
  std::size_t poll(std::size_t budget, Sink&& sink, DeviceCounters& counters);

  // Refills the rings from the pool, each if it lacks enough buffers to be worth it. Every turn
  // tries again, so that a ring is never left without buffers because the pool was empty once or
  // frames were dropped.
  void refill(DeviceCounters& counters) {
    if (!heads_.refill() || !bodies_.refill()) {
      ++counters.rx_no_buffer;
    }
  }

  // The word that changes when there is something to poll.
  [[nodiscard]] WatchedWord watched() const { return completions_.watched(); }

  [[nodiscard]] bool is_short() const { return heads_.is_short() || bodies_.is_short(); }
  [[nodiscard]] bool has_news() const { return heads_.has_news() || bodies_.has_news(); }

  [[nodiscard]] BufferRing& heads() { return heads_; }
  [[nodiscard]] BufferRing& bodies() { return bodies_; }

  // Takes everything back after the device's reset.
  void take_all();

 private:
  // A completion's part in its frame.
  enum class Step : std::uint8_t {
    kWhole,   // a whole frame, in one buffer
    kMore,    // a piece, not the last
    kLast,    // the last piece
    kBad,     // the frame is unusable
    kIgnore,  // part of a bad frame already counted
  };

  [[nodiscard]] Packet take(const Words& completion);
  [[nodiscard]] Step judge(const Words& completion, bool lent);
  [[nodiscard]] bool continues(const Words& completion) const;
  [[nodiscard]] static RxChecksum checksum_of(const Words& completion);

  void gather(Packet packet);
  void drop_pieces();
  template <typename Sink>
  void hand_pieces(Sink&& sink, RxChecksum checksum);

  // Room for the headers of a TCP segment over IPv4 without options. The stack checks whether
  // options are there as well.
  static constexpr std::size_t kLeastHeadBytes = kEthernetHeaderBytes + 20 + 20;

  Memory* memory_ = nullptr;
  BufferRing heads_;
  BufferRing bodies_;
  CompletionRing completions_;
  std::uint32_t gathered_ = 0;  // pieces so far of an unfinished frame, and their bytes
  std::uint32_t gathered_bytes_ = 0;
  bool large_ = false;
  bool dropping_ = false;  // in the middle of an unusable frame
};

// The budget bounds the loop: pieces that don't count against it are fewer than the buffers lent.
template <typename Sink>
std::size_t ReceiveQueue::poll(std::size_t budget, Sink&& sink, DeviceCounters& counters) {
  std::size_t good = 0;
  while (budget != 0) {
    const std::optional<Words> completion = completions_.take();
    if (!completion) {
      break;
    }
    if (gathered_ != 0 && received_field::kBegins.of(*completion) != 0) [[unlikely]] {
      ++counters.rx_malformed;  // the previous frame has no end
      drop_pieces();
    }
    Packet packet = take(*completion);
    const Step step = judge(*completion, static_cast<bool>(packet));
    if (step == Step::kBad || step == Step::kIgnore) [[unlikely]] {
      counters.rx_malformed += step == Step::kBad ? 1 : 0;
      drop_pieces();
      --budget;
      continue;  // the buffer returns to the pool
    }
    packet.set_bytes(received_field::kBytes.of(*completion));
    counters.rx_bytes += packet.bytes();
    if (step == Step::kWhole) [[likely]] {
      sink(std::move(packet), checksum_of(*completion));
    } else {
      gather(std::move(packet));
      if (step == Step::kMore) {
        continue;
      }
      hand_pieces(sink, checksum_of(*completion));
    }
    --budget;
    ++good;
    ++counters.rx_frames;
  }
  return good;
}

// Packets that the sink leaves return to the pool here.
template <typename Sink>
void ReceiveQueue::hand_pieces(Sink&& sink, RxChecksum checksum) {
  std::array<Packet, limits::kRxPieces> packets;
  const std::size_t count = std::exchange(gathered_, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const Piece& piece = memory_->pieces[i];
    packets[i] = Packet::adopt(piece.packet, piece.bytes);
  }
  sink(std::span<Packet>(packets).first(count), checksum);
}

// Takes a completion's buffer; none if it was not lent.
inline Packet ReceiveQueue::take(const Words& completion) {
  const std::uint32_t index = received_field::kIndex.of(completion);
  switch (received_field::kRing.of(completion)) {
    case received_field::kHeadRing:
      return heads_.take(index);
    case received_field::kBodyRing:
      return bodies_.take(index);
    default:
      return {};
  }
}

// The device reports a frame's error with its end.
inline ReceiveQueue::Step ReceiveQueue::judge(const Words& completion, bool lent) {
  namespace field = received_field;
  const std::size_t bytes = field::kBytes.of(completion);
  const bool begins = field::kBegins.of(completion) != 0;
  const bool ends = field::kEnds.of(completion) != 0;
  const bool ignore = dropping_ && !begins;
  const std::size_t least = ends ? kEthernetHeaderBytes : kLeastHeadBytes;
  const bool fits = begins ? field::kRing.of(completion) == field::kHeadRing && bytes >= least &&
                                 bytes <= Packet::kMaxFrameBytes
                           : continues(completion);
  if (ignore || !lent || !fits || (ends && field::kError.of(completion) != 0)) [[unlikely]] {
    dropping_ = !ends;
    return ignore ? Step::kIgnore : Step::kBad;
  }
  dropping_ = false;
  if (ends) {
    return begins ? Step::kWhole : Step::kLast;
  }
  return Step::kMore;
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
