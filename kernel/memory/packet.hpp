// Packets: a pool of frame buffers, set up at boot, and the handle that owns a buffer.
//
// A buffer has one owner at a time: the pool, a device's receive ring, the stack, or a device's
// transmit ring. In code the owner holds a `Packet`, which can be moved but not copied. A ring or
// lwIP, which can't hold C++ objects, keeps the `PacketIndex` from `release()` and recreates the
// Packet with `adopt()`. Destroying a Packet returns its buffer to the pool.
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
  // Offset of the frame in its buffer. Two modulo four, so that the IP header after the 14 bytes of
  // Ethernet is aligned, and large enough for any device's header in front.
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

  // A buffer from the pool, with an empty frame; an empty handle if the pool has none left.
  [[nodiscard]] static Packet allocate();

  // Takes back a buffer given up by `release()`. `bytes` is the length of its frame.
  [[nodiscard]] static Packet adopt(PacketIndex index, std::size_t bytes) {
    return Packet(index, static_cast<std::uint16_t>(bytes));
  }

  // Gives up the buffer to an owner that can hold only a number.
  [[nodiscard]] PacketIndex release() { return std::exchange(index_, PacketIndex::kNone); }

  explicit operator bool() const { return index_ != PacketIndex::kNone; }
  [[nodiscard]] PacketIndex index() const { return index_; }

  // The frame: from the Ethernet header, without the frame check sequence.
  [[nodiscard]] std::span<std::byte> frame() const { return {data(), bytes_}; }
  [[nodiscard]] std::byte* data() const { return frame_of(index_); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  void set_bytes(std::size_t bytes) { bytes_ = static_cast<std::uint16_t>(bytes); }

  // Start of the frame in a released buffer.
  [[nodiscard]] static std::byte* frame_of(PacketIndex index);

  // Gives the pool `packets` buffers, at most limits::kPackets. Call once, before the rest. False:
  // too many, or the arena has no room for them.
  [[nodiscard]] static bool set_up(Arena& arena, std::size_t packets);
  [[nodiscard]] static std::size_t pool_size();

  // Whether fewer buffers are free than the reserve, and the reserve: limits::kPacketReserve, or
  // less in a smaller pool.
  [[nodiscard]] static bool scarce();
  [[nodiscard]] static std::size_t reserve();

  // Free buffers now, and the fewest there have ever been.
  [[nodiscard]] static std::size_t free_count();
  [[nodiscard]] static std::size_t low_water();

  // How often `allocate` found the pool empty.
  [[nodiscard]] static std::uint64_t failures();

 private:
  Packet(PacketIndex index, std::uint16_t bytes) : index_(index), bytes_(bytes) {}

  static void give_back(PacketIndex index);

  PacketIndex index_ = PacketIndex::kNone;
  std::uint16_t bytes_ = 0;
};

}  // namespace mote
