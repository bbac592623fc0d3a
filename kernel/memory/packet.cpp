// The packet pool: a stack of free buffers, so that the one used last, still in cache, is reused
// first.
#include "kernel/memory/packet.hpp"

#include <array>

#include "kernel/cpu/injection.hpp"
#include "kernel/limits.hpp"

namespace mote {
namespace {

class Pool {
 public:
  bool set_up(Arena& arena, std::size_t packets) {
    // No buffer crosses a page, so that each is contiguous for any device.
    const std::span<Buffer> buffers = arena.take<Buffer>(packets, 4096);
    buffers_ = buffers.data();
    size_ = buffers.size();
    reserve_ = size_ * limits::kPacketReserve / limits::kPackets;
    return size_ == packets;
  }

  PacketIndex take() {
    if (free_ != 0) [[likely]] {
      return stack_[--free_];
    }
    if (fresh_ == size_) {
      ++failures_;
      return PacketIndex::kNone;
    }
    // Hands out buffers never used before in order, so that boot needn't fill the stack.
    return static_cast<PacketIndex>(fresh_++);
  }

  void give(PacketIndex index) { stack_[free_++] = index; }

  std::byte* buffer(PacketIndex index) { return buffers_[static_cast<std::size_t>(index)].data(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t reserve() const { return reserve_; }
  [[nodiscard]] std::size_t count() const { return free_ + size_ - fresh_; }
  [[nodiscard]] std::size_t low_water() const { return size_ - fresh_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  using Buffer = std::array<std::byte, limits::kPacketBytes>;

  Buffer* buffers_ = nullptr;
  std::size_t size_ = 0;
  std::size_t reserve_ = 0;
  std::array<PacketIndex, limits::kPackets> stack_{};
  std::size_t free_ = 0;
  std::size_t fresh_ = 0;  // buffers ever used; grows only while all of them are taken
  std::uint64_t failures_ = 0;
};

constinit Pool pool{};

}  // namespace

void Packet::give_back(PacketIndex index) { pool.give(index); }
Packet Packet::allocate() { return injection::strikes() ? Packet() : Packet(pool.take(), 0); }
std::byte* Packet::frame_of(PacketIndex index) { return pool.buffer(index) + kFrameOffset; }
bool Packet::set_up(Arena& arena, std::size_t packets) {
  return packets <= limits::kPackets && pool.set_up(arena, packets);
}
bool Packet::scarce() { return pool.count() < pool.reserve(); }
std::size_t Packet::reserve() { return pool.reserve(); }
std::size_t Packet::pool_size() { return pool.size(); }
std::size_t Packet::free_count() { return pool.count(); }
std::size_t Packet::low_water() { return pool.low_water(); }
std::uint64_t Packet::failures() { return pool.failures(); }

}  // namespace mote
