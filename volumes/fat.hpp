// FAT12, FAT16 and FAT32: Microsoft's FAT specification (FAT32 File System Specification, version
// 1.03, 2000).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "volumes/disk.hpp"
#include "volumes/fat_chain.hpp"
#include "volumes/file_read.hpp"
#include "volumes/names.hpp"

namespace mote::volumes {

class Fat {
 public:
  // The volume that the whole disk is, or the first that a partition of it is. Nothing: there is
  // none. The disk must outlive the volume.
  [[nodiscard]] static std::optional<Fat> open(Disk& disk);

  // The root directory's entry for it, else the boot sector's.
  [[nodiscard]] std::string_view label() const { return label_.text(); }

  // Reads the file of this path into `to`, as much of it as there is room for. Names match in any
  // case, long or short.
  [[nodiscard]] FileRead read(std::string_view path, std::span<std::byte> to) const;

 private:
  explicit Fat(Disk& disk) : disk_(&disk) {}

  [[nodiscard]] static std::optional<Fat> open_at(Disk& disk, std::uint64_t start);
  [[nodiscard]] bool take_layout(std::uint64_t start);
  void find_label();
  [[nodiscard]] std::uint32_t cluster_of(std::uint16_t high, std::uint16_t low) const {
    return layout_.entry_bits == 32 ? std::uint32_t{high} << 16 | low : low;
  }

  Disk* disk_;
  FatLayout layout_{};
  Label label_;
};

}  // namespace mote::volumes
