// Volume descriptors, directories and files of ISO 9660. Numbers are stored in both byte orders;
// the little-endian ones are read.
#include "volumes/iso9660.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "volumes/records.hpp"

namespace mote::volumes {
namespace {

constexpr std::uint32_t kSectorBytes = 2048;  // logical sectors (6.1.2)
constexpr std::uint64_t kFirstDescriptor = std::uint64_t{16} * kSectorBytes;

// Types of volume descriptors (8.1.1).
constexpr std::uint8_t kPrimary = 1;
constexpr std::uint8_t kSupplementary = 2;
constexpr std::uint8_t kTerminator = 255;

// File flags (9.1.6).
constexpr unsigned kDirectory = 1 << 1;
constexpr unsigned kAssociated = 1 << 2;
constexpr unsigned kMultiExtent = 1 << 7;

}  // namespace

// A directory record (9.1). A record in a directory goes on with its name and System Use field, as
// far as its length says.
struct [[gnu::packed]] Iso9660::Record {
  static constexpr std::size_t kFixedBytes = 33;

  std::uint8_t length;
  std::uint8_t attribute_blocks;  // before the content
  std::uint32_t extent;
  std::uint32_t extent_big_endian;
  std::uint32_t bytes;
  std::uint32_t bytes_big_endian;
  std::array<std::uint8_t, 7> time;
  std::uint8_t flags;
  std::uint8_t unit_blocks;  // of interleaved files
  std::uint8_t gap_blocks;
  std::uint16_t volume;
  std::uint16_t volume_big_endian;
  std::uint8_t name_bytes;
  std::array<char, 222> rest;

  [[nodiscard]] std::string_view name() const { return {rest.data(), name_bytes}; }
  // Where the System Use field begins: at an even byte (9.1.12).
  [[nodiscard]] std::uint32_t system_use() const {
    return static_cast<std::uint32_t>((kFixedBytes + name_bytes + 1) & ~std::size_t{1});
  }
  [[nodiscard]] bool is_sound() const { return length >= kFixedBytes + name_bytes; }
};

// A primary (8.4) or supplementary (8.5) volume descriptor, up to its root directory's record.
struct [[gnu::packed]] Iso9660::Descriptor {
  std::uint8_t type;
  std::array<char, 5> identifier;
  std::uint8_t version;
  std::uint8_t flags;
  std::array<char, 32> system;
  std::array<char, 32> volume;
  std::array<char, 16> unused_or_space;
  std::array<char, 32> escape_sequences;
  std::array<std::uint16_t, 4> set_size_and_number;
  std::uint16_t block_bytes;
  std::uint16_t block_bytes_big_endian;
  std::array<std::uint32_t, 6> path_tables;
  Record root;

  [[nodiscard]] bool is_standard() const {
    return std::string_view(identifier.data(), identifier.size()) == "CD001";
  }
  // Joliet's three levels of UCS-2.
  [[nodiscard]] bool is_joliet() const {
    const std::string_view escape(escape_sequences.data(), 3);
    return type == kSupplementary && (escape == "%/@" || escape == "%/C" || escape == "%/E");
  }
  [[nodiscard]] std::string_view label() const { return {volume.data(), volume.size()}; }
};

std::optional<Iso9660> Iso9660::open(Disk& disk) {
  static_assert(sizeof(Record) == 255 && offsetof(Record, rest) == Record::kFixedBytes);
  static_assert(offsetof(Descriptor, root) == 156 && offsetof(Descriptor, escape_sequences) == 88);
  std::optional<Iso9660> volume;
  Descriptor joliet;
  joliet.type = 0;
  for (unsigned i = 0; i < kMostDescriptors; ++i) {
    Descriptor descriptor;
    if (!read_record(disk, kFirstDescriptor + std::uint64_t{i} * kSectorBytes, descriptor) ||
        !descriptor.is_standard() || descriptor.type == kTerminator) {
      break;
    }
    if (descriptor.type == kPrimary && !volume) {
      volume = Iso9660(disk, descriptor.block_bytes);
      volume->label_ = Label(descriptor.label());
      if (!volume->take_root(descriptor)) {
        return std::nullopt;
      }
    } else if (descriptor.is_joliet()) {
      joliet = descriptor;
    }
  }
  if (volume && joliet.type == kSupplementary) {
    if (const Label label = Label::from_ucs2(joliet.label()); !label.text().empty()) {
      volume->label_ = label;
    }
    volume->is_joliet_ = !volume->rock_ridge_.is_there && volume->take_root(joliet);
  }
  return volume;
}

// Begins at this descriptor's root directory, and finds out whether that has Rock Ridge's names.
bool Iso9660::take_root(const Descriptor& descriptor) {
  const std::uint32_t block_bytes = descriptor.block_bytes;
  if (!std::has_single_bit(block_bytes) || block_bytes < 512 || block_bytes > kSectorBytes) {
    return false;
  }
  block_bytes_ = block_bytes;
  root_ = entry_of(descriptor.root);
  Record self;
  if (descriptor.type == kPrimary && read_record(*disk_, root_.offset, self) && self.is_sound()) {
    rock_ridge_ = find_rock_ridge(system_use(root_.offset, self, 0));
  }
  return true;
}

Iso9660::Entry Iso9660::entry_of(const Record& record) const {
  return {
      .offset = (std::uint64_t{record.extent} + record.attribute_blocks) * block_bytes_,
      .bytes = record.bytes,
      .is_directory = (record.flags & kDirectory) != 0,
      .is_whole = (record.flags & kMultiExtent) == 0 && record.unit_blocks == 0,
  };
}

SystemUse Iso9660::system_use(std::uint64_t offset, const Record& record, unsigned skipped) const {
  const std::uint32_t begin = std::min<std::uint32_t>(record.system_use() + skipped, record.length);
  return {*disk_, block_bytes_, offset + begin, record.length - begin};
}

NameMatch Iso9660::match(std::uint64_t offset, const Record& record, std::string_view name) const {
  if (rock_ridge_.is_there) {
    switch (compare_rock_ridge_name(system_use(offset, record, rock_ridge_.skipped_bytes), name)) {
      case RockRidgeName::kSame:
        return NameMatch::kSame;
      case RockRidgeName::kOther:
        return NameMatch::kNone;
      case RockRidgeName::kNone:
        break;
    }
  }
  return is_joliet_ ? match_joliet(record.name(), name) : match_plain(record.name(), name);
}

// Goes from a directory to what has this name in it.
FileRead::State Iso9660::find(std::string_view name, Entry& entry) const {
  Entry mangled{};
  unsigned mangled_count = 0;
  const std::uint64_t end = entry.offset + std::min(entry.bytes, kMostDirectoryBytes);
  for (std::uint64_t at = entry.offset; at < end;) {
    // No record crosses the end of a sector; zeros fill the rest (6.8.1.1).
    const std::uint64_t left = kSectorBytes - at % kSectorBytes;
    Record record;
    const auto bytes = std::as_writable_bytes(std::span(&record, 1));
    if (!disk_->read(at, bytes.first(std::min<std::uint64_t>(left, bytes.size())))) {
      return FileRead::State::kDamaged;
    }
    if (record.length == 0 || left < Record::kFixedBytes) {
      at += left;
      continue;
    }
    if (record.length > left || !record.is_sound()) {
      return FileRead::State::kDamaged;
    }
    const NameMatch matched =
        (record.flags & kAssociated) != 0 ? NameMatch::kNone : match(at, record, name);
    if (matched == NameMatch::kSame) {
      entry = entry_of(record);
      return FileRead::State::kRead;
    }
    if (matched == NameMatch::kMangled) {
      mangled = entry_of(record);
      ++mangled_count;
    }
    at += record.length;
  }
  entry = mangled;
  return mangled_count == 1 ? FileRead::State::kRead : FileRead::State::kMissing;
}

FileRead Iso9660::read(std::string_view path, std::span<std::byte> to) const {
  Entry entry = root_;
  entry.is_directory = true;
  for (std::string_view name = take_name(path); !name.empty(); name = take_name(path)) {
    if (!entry.is_directory || name.size() > kMostNameBytes) {
      return {FileRead::State::kMissing};
    }
    if (const FileRead::State state = find(name, entry); state != FileRead::State::kRead) {
      return {state};
    }
  }
  if (entry.is_directory) {
    return {FileRead::State::kMissing};
  }
  const std::size_t count = std::min<std::size_t>(entry.bytes, to.size());
  if (!entry.is_whole || (entry.bytes > 0 && entry.offset + entry.bytes > disk_->bytes()) ||
      (count > 0 && !disk_->read(entry.offset, to.first(count)))) {
    return {FileRead::State::kDamaged};
  }
  return {count < entry.bytes ? FileRead::State::kTooLong : FileRead::State::kRead, count};
}

}  // namespace mote::volumes
