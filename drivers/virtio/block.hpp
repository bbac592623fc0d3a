// The virtio block device (virtio 1.2, 5.2), to read from at boot.
//
// Legacy and modern devices alike: a request's three parts have each a piece of their own, as the
// legacy interface wants it (5.2.6.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/block_device.hpp"
#include "drivers/virtio/request_device.hpp"

namespace mote::virtio {

// 5.2: its device identifier.
inline constexpr std::uint16_t kBlockDevice = 2;

// 5.2.3: feature bits. VIRTIO_BLK_F_SEG_MAX isn't one of them, for one piece of data is allowed in
// any case.
namespace feature {
inline constexpr Features kBlockPieceMost = bit(1);  // VIRTIO_BLK_F_SIZE_MAX
inline constexpr Features kBlockReadOnly = bit(5);   // VIRTIO_BLK_F_RO
inline constexpr Features kBlockBytes = bit(6);      // VIRTIO_BLK_F_BLK_SIZE
}  // namespace feature

// 5.2.4: the device's configuration, as offsets.
namespace block_config {
inline constexpr std::uint16_t kCapacity = 0;     // 64 bits, in sectors
inline constexpr std::uint16_t kPieceMost = 8;    // size_max, 32 bits
inline constexpr std::uint16_t kBlockBytes = 20;  // blk_size, 32 bits
}  // namespace block_config

// 5.2.6: capacity and requests count in these, whatever a block's size.
inline constexpr std::uint32_t kSectorBytes = 512;

// The disk, however it is reached.
class BlockDisk {
 public:
  // The device's description of itself.
  struct Facts {
    std::uint64_t sectors;
    std::uint32_t block_bytes;
    std::uint32_t piece_most;  // bytes
  };

  static constexpr std::string_view kModel = "virtio-blk";

  // 5.2.6: the memory of a request, but for its data.
  struct Request {
    std::uint32_t type;
    std::uint32_t reserved;
    std::uint64_t sector;
    std::uint8_t status;  // a piece of its own

    static constexpr std::size_t kHeaderBytes = 16;
    static constexpr std::uint32_t kRead = 0;    // VIRTIO_BLK_T_IN
    static constexpr std::uint8_t kGood = 0;     // VIRTIO_BLK_S_OK
    static constexpr std::uint8_t kNone = 0xFF;  // ours: not written yet
  };
  static_assert(offsetof(Request, sector) == 8 &&
                offsetof(Request, status) == Request::kHeaderBytes);

  // False: the facts can't be, and the queue's `error` says so.
  [[nodiscard]] bool start(RequestQueue& queue, const Facts& facts);

  // The contract of drivers/block_device.hpp.
  [[nodiscard]] std::string_view model() const { return kModel; }
  [[nodiscard]] std::uint32_t block_bytes() const { return block_bytes_; }
  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
  [[nodiscard]] bool read(std::uint64_t first, std::span<std::byte> to);
  [[nodiscard]] std::string_view error() const { return queue_->error(); }

 private:
  [[nodiscard]] bool read_piece(std::uint64_t first, std::span<std::byte> to);

  RequestQueue* queue_ = nullptr;
  std::uint32_t block_bytes_ = kSectorBytes;
  std::uint64_t blocks_ = 0;
  std::size_t piece_most_ = kMostReadBytes;  // a multiple of block_bytes_
};
static_assert(BlockDevice<BlockDisk>);

// A controller with one disk.
template <Transport T>
class Block {
 public:
  using Location = typename T::Location;

  [[nodiscard]] static bool drives(const Location& location) {
    return T::is_device(location, kBlockDevice);
  }
  [[nodiscard]] bool bring_up(const Location& location) {
    return device_.bring_up(location, {.model = BlockDisk::kModel,
                                       .features = feature::kBlockPieceMost |
                                                   feature::kBlockReadOnly | feature::kBlockBytes,
                                       .memory_bytes = sizeof(BlockDisk::Request)}) &&
           disk_.start(device_.queue(), facts());
  }
  [[nodiscard]] std::string_view error() const { return device_.queue().error(); }
  template <typename Visit>
  void each_disk(Visit&& visit) {
    if (disk_.blocks() != 0) {
      static_cast<void>(visit(disk_));
    }
  }
  [[nodiscard]] bool shut_down() { return device_.shut_down(); }

 private:
  [[nodiscard]] BlockDisk::Facts facts() const {
    return {.sectors = device_.config64(block_config::kCapacity),
            .block_bytes = device_.has(feature::kBlockBytes)
                               ? device_.config32(block_config::kBlockBytes)
                               : kSectorBytes,
            .piece_most = device_.has(feature::kBlockPieceMost)
                              ? device_.config32(block_config::kPieceMost)
                              : std::uint32_t{kMostReadBytes}};
  }

  RequestDevice<T> device_;
  BlockDisk disk_;
};

using AnyBlock = Block<AnyTransport>;
static_assert(BlockController<AnyBlock>);

}  // namespace mote::virtio
