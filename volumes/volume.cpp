// Finds out a volume's format.
#include "volumes/volume.hpp"

namespace mote::volumes {

// ISO 9660 first: its first blocks are free, and those of a disc that boots from USB sticks, too,
// have a partition table with a FAT partition.
std::optional<Volume> Volume::open(Disk& disk) {
  if (const std::optional<Iso9660> volume = Iso9660::open(disk)) {
    return Volume(*volume);
  }
  if (const std::optional<Fat> volume = Fat::open(disk)) {
    return Volume(*volume);
  }
  return std::nullopt;
}

std::string_view Volume::label() const {
  const Iso9660* const iso9660 = std::get_if<Iso9660>(&volume_);
  return iso9660 != nullptr ? iso9660->label() : std::get_if<Fat>(&volume_)->label();
}

FileRead Volume::read(std::string_view path, std::span<std::byte> to) const {
  const Iso9660* const iso9660 = std::get_if<Iso9660>(&volume_);
  return iso9660 != nullptr ? iso9660->read(path, to) : std::get_if<Fat>(&volume_)->read(path, to);
}

}  // namespace mote::volumes
