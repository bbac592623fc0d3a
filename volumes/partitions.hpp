// Where a disk's FAT volume may begin: at its first block, or in a partition of an MBR or GPT (UEFI
// 2.10, 5.2 and 5.3).
#pragma once

#include <cstdint>
#include <optional>

#include "volumes/disk.hpp"

namespace mote::volumes {

class Partitions {
 public:
  // How many entries of a GPT are looked at: as many as one has unless somebody asked for more.
  static constexpr std::uint32_t kMostEntries = 128;

  explicit Partitions(Disk& disk) : disk_(&disk) {}

  // The next place, in bytes. Without a value there is none left.
  [[nodiscard]] std::optional<std::uint64_t> next();

 private:
  void begin();
  [[nodiscard]] bool begin_gpt();
  [[nodiscard]] bool read_entry(std::uint64_t& first_block);

  Disk* disk_;
  bool has_begun_ = false;
  bool is_gpt_ = false;
  std::uint64_t entry_ = 0;  // where it lies
  std::uint32_t entry_bytes_ = 0;
  std::uint32_t entries_left_ = 0;
};

}  // namespace mote::volumes
