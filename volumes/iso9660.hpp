// ISO 9660, what optical discs hold and most settings disks: ECMA-119 (4th edition), with the names
// of Rock Ridge (RRIP 1.12) or of Joliet (Joliet Specification, Microsoft 1995).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "volumes/disk.hpp"
#include "volumes/file_read.hpp"
#include "volumes/iso9660_name.hpp"
#include "volumes/names.hpp"
#include "volumes/system_use.hpp"

namespace mote::volumes {

class Iso9660 {
 public:
  // How many volume descriptors are looked at. Discs have two to four.
  static constexpr unsigned kMostDescriptors = 16;

  // Nothing: the disk holds something else. The disk must outlive the volume.
  [[nodiscard]] static std::optional<Iso9660> open(Disk& disk);

  // Joliet's if there is one, which may have letters that the other can't.
  [[nodiscard]] std::string_view label() const { return label_.text(); }

  // Reads the file of this path into `to`, as much of it as there is room for.
  //
  // Names are those of Rock Ridge, else those of Joliet. A disc with neither has plain ones: they
  // match in any case, or if they are what the mastering program made of the name sought, and the
  // directory has no other that it could have made of it (iso9660_name.hpp).
  [[nodiscard]] FileRead read(std::string_view path, std::span<std::byte> to) const;

 private:
  // A file or directory: where it lies.
  struct Entry {
    std::uint64_t offset;
    std::uint32_t bytes;
    bool is_directory;
    bool is_whole;  // one run of blocks
  };

  Iso9660(Disk& disk, std::uint32_t block_bytes) : disk_(&disk), block_bytes_(block_bytes) {}

  struct Record;
  struct Descriptor;
  [[nodiscard]] bool take_root(const Descriptor& descriptor);
  [[nodiscard]] FileRead::State find(std::string_view name, Entry& entry) const;
  [[nodiscard]] NameMatch match(std::uint64_t offset, const Record& record,
                                std::string_view name) const;
  [[nodiscard]] Entry entry_of(const Record& record) const;
  [[nodiscard]] SystemUse system_use(std::uint64_t offset, const Record& record,
                                     unsigned skipped) const;

  Disk* disk_;
  std::uint32_t block_bytes_;
  Entry root_{};
  RockRidge rock_ridge_;
  bool is_joliet_ = false;
  Label label_;
};

}  // namespace mote::volumes
