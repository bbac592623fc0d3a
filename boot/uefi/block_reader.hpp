// Reads from a disk or partition in large requests (UEFI 2.10, 13.9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "boot/uefi/protocols.hpp"

namespace mote::uefi {

class BlockReader {
 public:
  explicit BlockReader(BlockIo& device) : device_(device) {}

  // Whether there is a medium whose blocks can be read here.
  [[nodiscard]] bool is_there() const {
    const BlockIo::Media& media = *device_.media;
    return media.is_present && media.block_bytes >= kLeastBlock &&
           media.block_bytes <= kMostBlock && (media.block_bytes & (media.block_bytes - 1)) == 0 &&
           media.last_block < kMostBytes / media.block_bytes;
  }

  [[nodiscard]] std::uint64_t block_bytes() const { return device_.media->block_bytes; }
  [[nodiscard]] std::uint64_t bytes() const {
    return (device_.media->last_block + 1) * block_bytes();
  }

  // What a buffer's address must be a multiple of; a page's suits nearly all.
  [[nodiscard]] std::uint64_t alignment() const { return device_.media->alignment; }

  // Fills a buffer, which must be whole blocks, from the beginning of the device. Where a large
  // request fails, tries smaller ones. False: not even a block can be read somewhere.
  [[nodiscard]] bool read(std::span<std::byte> buffer) {
    std::uint64_t request = kRequestBytes;
    for (std::uint64_t done = 0; done < buffer.size();) {
      const std::uint64_t left = buffer.size() - done;
      const std::uint64_t bytes = left < request ? left : request;
      if (!failed(device_.read_blocks(&device_, device_.media->id, done / block_bytes(), bytes,
                                      buffer.data() + done))) {
        done += bytes;
      } else if (bytes > block_bytes()) {
        request = (bytes / 2 + block_bytes() - 1) & ~(block_bytes() - 1);
      } else {
        return false;
      }
    }
    return true;
  }

  static constexpr std::uint64_t kMostBlock = 64 * 1024;

 private:
  static constexpr std::uint64_t kLeastBlock = 512;
  static constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 62;
  static constexpr std::uint64_t kRequestBytes = 16 << 20;  // a multiple of every block's size

  BlockIo& device_;
};

}  // namespace mote::uefi
