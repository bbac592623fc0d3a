// Which partitions belong to the disk that the loader came from, by their device paths (UEFI 2.10,
// 10.2 and 10.3).
#pragma once

#include <cstddef>
#include <cstdint>

#include "boot/uefi/protocols.hpp"

namespace mote::uefi {

// 10.3.1: the end of a path; 10.3.5.1 and 10.3.5.2: a partition of a disk, or of a CD.
inline constexpr std::uint8_t kEndType = 0x7F;
inline constexpr std::uint8_t kMediaType = 4;
inline constexpr std::uint8_t kHardDrive = 1;
inline constexpr std::uint8_t kCdRom = 2;

// A longer path is taken to be broken.
inline constexpr std::size_t kMostPathBytes = 4096;

struct PathLength {
  std::size_t bytes = 0;       // without the end's node; 0 if the path is broken
  std::size_t disk_bytes = 0;  // likewise without the node of a partition at its end
};

[[nodiscard]] inline PathLength length_of(const DevicePath* path) {
  PathLength length;
  const auto* at = reinterpret_cast<const std::byte*>(path);
  while (path != nullptr && length.bytes <= kMostPathBytes) {
    DevicePath node;
    __builtin_memcpy(&node, at + length.bytes, sizeof(node));
    if (node.type == kEndType) {
      return length;
    }
    const std::size_t bytes = node.length[0] | std::size_t{node.length[1]} << 8;
    if (bytes < sizeof(node)) {
      break;
    }
    const bool is_partition =
        node.type == kMediaType && (node.subtype == kHardDrive || node.subtype == kCdRom);
    length.disk_bytes = length.bytes + (is_partition ? 0 : bytes);
    length.bytes += bytes;
  }
  return {};
}

// Whether two paths lead to the same disk, or to partitions of it.
[[nodiscard]] inline bool same_disk(const DevicePath* one, const DevicePath* other) {
  const std::size_t bytes = length_of(one).disk_bytes;
  return bytes != 0 && bytes == length_of(other).disk_bytes &&
         __builtin_memcmp(one, other, bytes) == 0;
}

}  // namespace mote::uefi
