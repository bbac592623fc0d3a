// The receive queue: pool buffers lent to the device, frames taken from it. No registers.
//
// A frame begins in a buffer of type "head", and goes on in those of type "body" (vmxnet3_defs.h,
// "Vmxnet3_RxDesc"). VMware's driver for Linux fills the first ring with heads, for frames no
// longer than a buffer, and the second one, where no frame may begin, with bodies. So do we: the
// devices know it best. QEMU's (hw/net/vmxnet3.c) looks for a body in the first ring, and takes
// those of the second when the next one there is a head.
//
// Only what the device put together from several segments ("LRO") fills more than one buffer. A
// frame that finds too few bodies is lost with all its segments; so the device is asked for large
// frames only when the bodies hold the largest.
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

  // The longest frame that the device may put together. IP would allow for 14 bytes more, but so
  // its length, and that of all its pieces, is one of 16 bits.
  static constexpr std::size_t kLargestFrameBytes = 0xFFFF;
  static_assert(limits::kRxPieces * Packet::kMaxFrameBytes >= kLargestFrameBytes);
  static_assert(kBodies > limits::kRxPieces && kBodies % kRingMultiple == 0);

  // A piece of a frame whose end the device has not yet told.
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

  // Takes over memory, for ever.
  void attach(Memory& memory);

  // Begins anew with nothing lent, for a device that is about to start. Of the pool's buffers at
  // most so many shall be lent.
  void restart(std::size_t buffers);

  // Whether the device may put frames together.
  [[nodiscard]] bool large() const { return large_; }

  // Tells the device where the rings lie.
  void describe(ReceiveQueueDescriptor& descriptor) const;

  // Hands what the device has received to `sink` (see ReceiveSink), until `budget` frames, good or
  // bad, are through; returns how many were good.
  template <typename Sink>
  std::size_t poll(std::size_t budget, Sink&& sink, DeviceCounters& counters);

  // Lends the device what it lacks, as far as the pool has it, when that is worth it. Every turn
  // tries again, whatever happened before: a ring is never left without buffers because the pool
  // was empty once, or because frames were dropped.
  void refill(DeviceCounters& counters) {
    if (!heads_.refill() || !bodies_.refill()) {
      ++counters.rx_no_buffer;
    }
  }

  // What changes when there is something to poll.
  [[nodiscard]] WatchedWord watched() const { return completions_.watched(); }

  [[nodiscard]] bool is_short() const { return heads_.is_short() || bodies_.is_short(); }
  [[nodiscard]] bool has_news() const { return heads_.has_news() || bodies_.has_news(); }

  [[nodiscard]] BufferRing& heads() { return heads_; }
  [[nodiscard]] BufferRing& bodies() { return bodies_; }

  // Takes everything back from a device that was reset.
  void take_all();

 private:
  // What a completion makes of the frame that it is part of.
  enum class Step : std::uint8_t {
    kWhole,   // all of a frame, in one buffer
    kMore,    // a piece, and not the last
    kLast,    // of a frame in pieces
    kBad,     // the frame can't be used
    kIgnore,  // part of one that was counted already
  };

  [[nodiscard]] Packet take(const Words& completion);
  [[nodiscard]] Step judge(const Words& completion, bool lent);
  [[nodiscard]] bool continues(const Words& completion) const;
  [[nodiscard]] static RxChecksum checksum_of(const Words& completion);

  void gather(Packet packet);
  void drop_pieces();
  template <typename Sink>
  void hand_pieces(Sink&& sink, RxChecksum checksum);

  // What holds the headers of a TCP segment over IPv4, if they have no options. The stack looks
  // whether these are there as well.
  static constexpr std::size_t kLeastHeadBytes = kEthernetHeaderBytes + 20 + 20;

  Memory* memory_ = nullptr;
  BufferRing heads_;
  BufferRing bodies_;
  CompletionRing completions_;
  std::uint32_t gathered_ = 0;  // pieces of a frame without its end, and their bytes
  std::uint32_t gathered_bytes_ = 0;
  bool large_ = false;
  bool dropping_ = false;  // in the middle of a frame that can't be used
};

// The budget ends the loop: the pieces that don't count are fewer than the buffers lent.
template <typename Sink>
std::size_t ReceiveQueue::poll(std::size_t budget, Sink&& sink, DeviceCounters& counters) {
  std::size_t good = 0;
  while (budget != 0) {
    const std::optional<Words> completion = completions_.take();
    if (!completion) {
      break;
    }
    if (gathered_ != 0 && received_field::kBegins.of(*completion) != 0) [[unlikely]] {
      ++counters.rx_malformed;  // the frame before has no end
      drop_pieces();
    }
    Packet packet = take(*completion);
    const Step step = judge(*completion, static_cast<bool>(packet));
    if (step == Step::kBad || step == Step::kIgnore) [[unlikely]] {
      counters.rx_malformed += step == Step::kBad ? 1 : 0;
      drop_pieces();
      --budget;
      continue;  // the buffer goes back to the pool
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

// What the sink leaves dies here, and goes to the pool.
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

// The buffer that a completion is about; none if it was not lent.
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

// The device says that a frame has an error when it ends.
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
