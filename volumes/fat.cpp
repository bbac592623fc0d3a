// A FAT volume's boot sector, its label, and its files by path.
#include "volumes/fat.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "volumes/fat_directory.hpp"
#include "volumes/partitions.hpp"
#include "volumes/records.hpp"

namespace mote::volumes {
namespace {

// Boot sector and BIOS parameter block (3.1).
struct [[gnu::packed]] BootSector {
  std::array<std::uint8_t, 3> jump;
  std::array<char, 8> oem_name;
  std::uint16_t sector_bytes;
  std::uint8_t cluster_sectors;
  std::uint16_t reserved_sectors;
  std::uint8_t tables;
  std::uint16_t root_entries;
  std::uint16_t sectors_16;
  std::uint8_t media;
  std::uint16_t table_sectors_16;
  std::uint16_t track_sectors;
  std::uint16_t heads;
  std::uint32_t hidden_sectors;
  std::uint32_t sectors_32;

  [[nodiscard]] bool is_plausible() const {
    return (jump[0] == 0xEB || jump[0] == 0xE9) && std::has_single_bit(+sector_bytes + 0U) &&
           sector_bytes >= 512 && sector_bytes <= 4096 &&
           std::has_single_bit(+cluster_sectors + 0U) && reserved_sectors != 0 && tables != 0 &&
           (media == 0xF0 || media >= 0xF8);
  }
};
static_assert(sizeof(BootSector) == 36);

constexpr std::uint64_t kSignature = 510;
constexpr std::uint16_t kSignatureValue = 0xAA55;

// Follows at once on FAT12 and FAT16 (3.2), and after more fields on FAT32 (3.3).
struct [[gnu::packed]] Extension {
  std::uint8_t drive;
  std::uint8_t reserved;
  std::uint8_t signature;
  std::uint32_t serial;
  std::array<char, 11> label;
};
static_assert(sizeof(Extension) == 18);
constexpr std::uint8_t kHasLabel = 0x29;

struct [[gnu::packed]] Extension32 {
  std::uint32_t table_sectors;
  std::uint16_t flags;
  std::uint16_t version;
  std::uint32_t root_cluster;
  std::uint16_t information_sector;
  std::uint16_t backup_sector;
  std::array<std::uint8_t, 12> reserved;
};
static_assert(sizeof(Extension32) == 28);
constexpr unsigned kOneTable = 1 << 7;  // only one is kept up to date,
constexpr unsigned kTableNumber = 0xF;  // this one

// Fewer clusters are FAT12, fewer than the second FAT16 (3.5).
constexpr std::uint64_t kLeastClusters16 = 4085;
constexpr std::uint64_t kLeastClusters32 = 65'525;
constexpr std::uint32_t kMostClusters32 = 0x0FFF'FFF5;

constexpr std::string_view kNoName = "NO NAME";

std::string_view text(const std::array<char, 11>& field) { return {field.data(), field.size()}; }

}  // namespace

std::optional<Fat> Fat::open(Disk& disk) {
  Partitions partitions(disk);
  while (const std::optional<std::uint64_t> start = partitions.next()) {
    if (std::optional<Fat> volume = open_at(disk, *start)) {
      return volume;
    }
  }
  return std::nullopt;
}

std::optional<Fat> Fat::open_at(Disk& disk, std::uint64_t start) {
  Fat volume(disk);
  if (!volume.take_layout(start)) {
    return std::nullopt;
  }
  Extension extension;
  const bool is_fat32 = volume.layout_.entry_bits == 32;
  const std::uint64_t at = start + sizeof(BootSector) + (is_fat32 ? sizeof(Extension32) : 0);
  if (read_record(disk, at, extension) && extension.signature == kHasLabel &&
      !text(extension.label).starts_with(kNoName)) {
    volume.label_ = Label(text(extension.label));
  }
  volume.find_label();
  return volume;
}

// Reads the boot sector. False: it isn't one, or describes what can't be.
bool Fat::take_layout(std::uint64_t start) {
  BootSector boot;
  Extension32 extension{};
  std::uint16_t signature = 0;
  if (!read_record(*disk_, start, boot) || !read_record(*disk_, start + kSignature, signature) ||
      signature != kSignatureValue || !boot.is_plausible() ||
      !read_record(*disk_, start + sizeof boot, extension)) {
    return false;
  }
  // The specification has the number of clusters tell FAT32 from FAT16. But mkfs.vfat makes small
  // FAT32 volumes on demand; Linux goes by this field, which is zero on all FAT32 volumes.
  const bool is_fat32 = boot.table_sectors_16 == 0;
  if (!is_fat32) {
    extension = {};
  }
  const std::uint64_t sector = boot.sector_bytes;
  const std::uint64_t table_bytes =
      (is_fat32 ? std::uint64_t{extension.table_sectors} : boot.table_sectors_16) * sector;
  const std::uint64_t table =
      (extension.flags & kOneTable) != 0 ? extension.flags & kTableNumber : 0;
  const std::uint64_t root_bytes =
      (boot.root_entries * sizeof(FatEntry) + sector - 1) / sector * sector;
  const std::uint64_t bytes = (boot.sectors_16 != 0 ? boot.sectors_16 : +boot.sectors_32) * sector;
  const std::uint64_t reserved = boot.reserved_sectors * sector;
  const std::uint64_t data = reserved + boot.tables * table_bytes + root_bytes;
  const std::uint64_t cluster_bytes = boot.cluster_sectors * sector;
  if (data >= bytes || table >= boot.tables || extension.version != 0) {
    return false;
  }
  const std::uint64_t clusters = (bytes - data) / cluster_bytes;
  const unsigned bits = is_fat32 ? 32 : clusters < kLeastClusters16 ? 12 : 16;
  const std::uint64_t listed = table_bytes * 8 / bits;
  if (clusters == 0 || listed <= FatChain::kFirstCluster ||
      (is_fat32 ? extension.root_cluster == 0 || clusters > kMostClusters32
                : root_bytes == 0 || clusters >= kLeastClusters32)) {
    return false;
  }
  layout_ = {
      .table = start + reserved + table * table_bytes,
      .root = start + data - root_bytes,
      .data = start + data,
      .root_bytes = static_cast<std::uint32_t>(root_bytes),
      .root_cluster = extension.root_cluster,
      .cluster_bytes = static_cast<std::uint32_t>(cluster_bytes),
      .last_cluster = static_cast<std::uint32_t>(std::min(clusters + 1, listed - 1)),
      .entry_bits = static_cast<std::uint8_t>(bits),
  };
  return true;
}

void Fat::find_label() {
  FatDirectory root(FatChain::of_directory(*disk_, layout_, 0), {});
  FatEntry entry;
  while (root.next(entry) == FatChain::State::kRead) {
    if (entry.has(FatEntry::kVolume)) {
      label_ = Label(text(entry.name));
      return;
    }
  }
}

FileRead Fat::read(std::string_view path, std::span<std::byte> to) const {
  FatEntry entry{};
  entry.attributes = FatEntry::kDirectory;  // the root
  for (std::string_view name = take_name(path); !name.empty(); name = take_name(path)) {
    if (!entry.has(FatEntry::kDirectory) || name.size() > kMostNameBytes) {
      return {FileRead::State::kMissing};
    }
    const std::uint32_t cluster = cluster_of(entry.cluster_high, entry.cluster_low);
    FatDirectory directory(FatChain::of_directory(*disk_, layout_, cluster), name);
    do {
      if (const FatChain::State state = directory.next(entry); state != FatChain::State::kRead) {
        return {state == FatChain::State::kEnd ? FileRead::State::kMissing
                                               : FileRead::State::kDamaged};
      }
    } while (!directory.is_sought() || entry.has(FatEntry::kVolume));
  }
  if (entry.has(FatEntry::kDirectory)) {
    return {FileRead::State::kMissing};
  }
  const std::uint32_t bytes = entry.bytes;
  const std::size_t count = std::min<std::size_t>(bytes, to.size());
  FatChain content(*disk_, layout_, cluster_of(entry.cluster_high, entry.cluster_low));
  if (content.read(to.first(count)) != FatChain::State::kRead) {
    return {FileRead::State::kDamaged};
  }
  if (count < bytes) {
    return {FileRead::State::kTooLong, count};
  }
  // A chain that goes on has more clusters than the file, or leads in a circle.
  const bool is_whole = bytes == 0 || content.is_at_end();
  return {is_whole ? FileRead::State::kRead : FileRead::State::kDamaged, is_whole ? count : 0};
}

}  // namespace mote::volumes
