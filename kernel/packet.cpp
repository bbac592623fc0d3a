// The packet pool: a stack of free buffers, so that the one used last, still in cache, goes first.
#include "kernel/packet.hpp"

#include <array>

namespace mote {
namespace {

class Pool {
 public:
  PacketIndex take() {
    if (free_ != 0) [[likely]] {
      return stack_[--free_];
    }
    if (fresh_ == limits::kPackets) {
      ++failures_;
      return PacketIndex::kNone;
    }
    // Buffers never used yet are handed out in order, so that the stack needs no filling at boot.
    return static_cast<PacketIndex>(fresh_++);
  }

  void give(PacketIndex index) { stack_[free_++] = index; }

  std::byte* buffer(PacketIndex index) { return buffers_[static_cast<std::size_t>(index)].data(); }
  [[nodiscard]] std::size_t count() const { return free_ + limits::kPackets - fresh_; }
  [[nodiscard]] std::size_t low_water() const { return limits::kPackets - fresh_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  using Buffer = std::array<std::byte, limits::kPacketBytes>;

  // All members start as zero, so that the pool costs no bytes of image.
  // A buffer never crosses a page, so that it is one piece for any device.
  alignas(4096) std::array<Buffer, limits::kPackets> buffers_{};
  std::array<PacketIndex, limits::kPackets> stack_{};
  std::size_t free_ = 0;
  std::size_t fresh_ = 0;  // how many were ever used: one only while all of those before were taken
  std::uint64_t failures_ = 0;
};

constinit Pool pool{};

}  // namespace

void Packet::give_back(PacketIndex index) { pool.give(index); }
Packet Packet::allocate() { return Packet(pool.take(), 0); }
std::byte* Packet::frame_of(PacketIndex index) { return pool.buffer(index) + kFrameOffset; }
std::size_t Packet::free_count() { return pool.count(); }
std::size_t Packet::low_water() { return pool.low_water(); }
std::uint64_t Packet::failures() { return pool.failures(); }

}  // namespace mote
