// Packets: the pool of frame buffers, made at boot, and the one handle that owns a buffer.
//
// A buffer has one owner at a time: the pool, a device's receive ring, the stack, or a device's
// transmit ring. In code the owner holds a `Packet`, which can be moved and not copied; a ring or
// lwIP, which can't hold C++ objects, keeps the `PacketIndex` that `release()` gave it and
// brings the Packet back with `adopt()`. Whoever lets a Packet die returns it to the pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "kernel/limits.hpp"
#include "kernel/memory/arena.hpp"

namespace mote {

// The number of a buffer in the pool.
enum class PacketIndex : std::uint16_t { kNone = 0xFFFF };

class Packet {
 public:
  // Where the frame begins in its buffer. Two modulo four, so that the IP header behind the
  // 14 bytes of Ethernet is aligned; far enough in for any device's header before it.
  static constexpr std::size_t kFrameOffset = 66;
  static constexpr std::size_t kMaxFrameBytes = limits::kPacketBytes - kFrameOffset;
  static_assert(kFrameOffset >= limits::kHeadroom && kFrameOffset % 4 == 2);

  Packet() = default;
  Packet(Packet&& other) noexcept
      : index_(std::exchange(other.index_, PacketIndex::kNone)), bytes_(other.bytes_) {}
  Packet& operator=(Packet&& other) noexcept {
    std::swap(index_, other.index_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;
  ~Packet() {
    if (*this) {
      give_back(index_);
    }
  }

  // A buffer from the pool, or an empty handle when the pool has none left. Its frame is empty.
  [[nodiscard]] static Packet allocate();

  // Takes back a buffer given up by `release()`; `bytes` is the length of its frame.
  [[nodiscard]] static Packet adopt(PacketIndex index, std::size_t bytes) {
    return Packet(index, static_cast<std::uint16_t>(bytes));
  }

  // Gives up the buffer to a holder that can keep only a number.
  [[nodiscard]] PacketIndex release() { return std::exchange(index_, PacketIndex::kNone); }

  explicit operator bool() const { return index_ != PacketIndex::kNone; }
  [[nodiscard]] PacketIndex index() const { return index_; }

  // The frame, from its Ethernet header on, without the frame check sequence.
  [[nodiscard]] std::span<std::byte> frame() const { return {data(), bytes_}; }
  [[nodiscard]] std::byte* data() const { return frame_of(index_); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  void set_bytes(std::size_t bytes) { bytes_ = static_cast<std::uint16_t>(bytes); }

  // Start of the frame in a given-up buffer.
  [[nodiscard]] static std::byte* frame_of(PacketIndex index);

  // Gives the pool its buffers, at most limits::kPackets; once, before all else. False: the arena
  // has no room for them.
  [[nodiscard]] static bool set_up(Arena& arena, std::size_t packets);
  [[nodiscard]] static std::size_t pool_size();

  // Whether fewer buffers are free than must be, and how many those are: limits::kPacketReserve, or
  // less in a smaller pool.
  [[nodiscard]] static bool scarce();
  [[nodiscard]] static std::size_t reserve();

  // Buffers in the pool now, and the fewest there have ever been.
  [[nodiscard]] static std::size_t free_count();
  [[nodiscard]] static std::size_t low_water();

  // How often there was none to be had.
  [[nodiscard]] static std::uint64_t failures();

 private:
  Packet(PacketIndex index, std::uint16_t bytes) : index_(index), bytes_(bytes) {}

  static void give_back(PacketIndex index);

  PacketIndex index_ = PacketIndex::kNone;
  std::uint16_t bytes_ = 0;
};

}  // namespace mote
