// The volume on a disk, whatever its format: its label, and its files by path.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "volumes/disk.hpp"
#include "volumes/fat.hpp"
#include "volumes/file_read.hpp"
#include "volumes/iso9660.hpp"

namespace mote::volumes {

class Volume {
 public:
  // Nothing: the disk has neither ISO 9660 nor FAT. Two reads of a disk's window find that out
  // unless it has partitions. The disk must outlive the volume.
  [[nodiscard]] static std::optional<Volume> open(Disk& disk);

  // At most Label::kMostBytes of printable ASCII.
  [[nodiscard]] std::string_view label() const;

  // Reads a file into `to`, as much of it as there is room for. Slashes separate the path's names;
  // those at its beginning don't matter.
  [[nodiscard]] FileRead read(std::string_view path, std::span<std::byte> to) const;

 private:
  explicit Volume(const Iso9660& volume) : volume_(volume) {}
  explicit Volume(const Fat& volume) : volume_(volume) {}

  std::variant<Iso9660, Fat> volume_;
};

}  // namespace mote::volumes
