// The content of a file or directory on FAT, cluster after cluster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "volumes/disk.hpp"

namespace mote::volumes {

// Where things lie on a FAT volume, in bytes of the disk.
struct FatLayout {
  std::uint64_t table;          // the file allocation table
  std::uint64_t root;           // the root directory of FAT12 and FAT16
  std::uint64_t data;           // cluster 2, the first
  std::uint32_t root_bytes;     // of FAT12 and FAT16
  std::uint32_t root_cluster;   // of FAT32; else 0
  std::uint32_t cluster_bytes;  // a power of two
  std::uint32_t last_cluster;   // that exists, and that the table has an entry of
  std::uint8_t entry_bits;      // of the table: 12, 16 or 32
};

// Reads from a chain's beginning to its end. The chain may be a circle, so the caller sets a limit
// in bytes.
class FatChain {
 public:
  enum class State : std::uint8_t { kRead, kEnd, kDamaged };

  static constexpr std::uint32_t kFirstCluster = 2;
  static constexpr std::uint32_t kNoCluster = ~std::uint32_t{0};  // behind a chain's last

  FatChain(Disk& disk, const FatLayout& layout, std::uint32_t first)
      : disk_(&disk), layout_(&layout), next_(first) {}

  // A directory's. The root directory has no cluster of its own, or is said to: 0.
  [[nodiscard]] static FatChain of_directory(Disk& disk, const FatLayout& layout,
                                             std::uint32_t first);

  // Reads the next bytes. kEnd: there are none, or not as many.
  [[nodiscard]] State read(std::span<std::byte> to);

  // Whether the chain ends with the cluster that was read last.
  [[nodiscard]] bool is_at_end() const { return next_ == kNoCluster; }

 private:
  [[nodiscard]] State advance(std::uint64_t wanted);
  [[nodiscard]] bool follow(std::uint32_t cluster);
  [[nodiscard]] bool exists(std::uint32_t cluster) const {
    return cluster >= kFirstCluster && cluster <= layout_->last_cluster;
  }

  Disk* disk_;
  const FatLayout* layout_;
  std::uint64_t at_ = 0;    // where the run at hand goes on
  std::uint64_t left_ = 0;  // bytes of it
  std::uint32_t next_;      // the cluster behind it
};

}  // namespace mote::volumes
