// A block device as the readers of volumes see it: bytes by number, through a window of its blocks.
//
// Type-erased, because a few reads at boot may be indirect, and the readers are built once instead
// of once for each driver.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/block_device.hpp"

namespace mote::volumes {

class Disk {
 public:
  // Bytes of the window that a disk needs: aligned to its size, and fit for BlockDevice::read.
  static constexpr std::size_t kWindowBytes = 4096;
  static_assert(kWindowBytes >= kMostBlockBytes && kWindowBytes <= kMostReadBytes);

  // How many bytes may be read in all, from a device into its window and from there. No settings
  // need as much; it ends the reading of a volume whose records lead in circles, even within the
  // window, and bounds the time that a slow device takes.
  static constexpr std::uint64_t kMostBytes = 16 << 20;

  // Device and window must outlive the disk.
  template <BlockDevice Device>
  Disk(Device& device, std::span<std::byte, kWindowBytes> window)
      : device_(&device),
        read_blocks_([](void* object, std::uint64_t first, std::span<std::byte> to) {
          return static_cast<Device*>(object)->read(first, to);
        }),
        block_bytes_(device.block_bytes()),
        blocks_(device.blocks()),
        window_(window) {}

  // 0: there is no medium, or it is unusable.
  [[nodiscard]] std::uint64_t bytes() const { return blocks_ * block_bytes_; }

  // The unit that partition tables count in.
  [[nodiscard]] std::uint32_t block_bytes() const { return block_bytes_; }

  // Fills `to` with the bytes from number `offset` on, whatever their alignment. False: they don't
  // all exist, the device failed, or the disk's kMostBytes are used up; `to` then holds anything.
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> to);

  // Whether the device ever failed.
  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  using ReadBlocks = bool (*)(void* device, std::uint64_t first, std::span<std::byte> to);

  [[nodiscard]] bool load(std::uint64_t offset);
  [[nodiscard]] bool spend(std::size_t bytes);

  void* device_;
  ReadBlocks read_blocks_;
  std::uint32_t block_bytes_;
  std::uint64_t blocks_;
  std::span<std::byte, kWindowBytes> window_;
  std::uint64_t window_offset_ = 0;
  std::size_t window_filled_ = 0;  // bytes, from window_offset_ on; 0: nothing is loaded
  std::uint64_t bytes_left_ = kMostBytes;
  bool has_failed_ = false;
};

}  // namespace mote::volumes
