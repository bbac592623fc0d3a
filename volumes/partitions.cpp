// Partition tables. A GPT's checksums are not verified: what a wrong entry leads to is no volume,
// or a volume that is checked by itself.
#include "volumes/partitions.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "volumes/records.hpp"

namespace mote::volumes {
namespace {

// Master boot record (5.2.1).
constexpr std::uint64_t kMbrEntries = 446;
constexpr std::uint32_t kMbrEntryCount = 4;
constexpr std::uint64_t kMbrSignature = 510;
constexpr std::uint16_t kMbrSignatureValue = 0xAA55;

struct [[gnu::packed]] MbrEntry {
  std::uint8_t status;
  std::array<std::uint8_t, 3> first_chs;
  std::uint8_t type;
  std::array<std::uint8_t, 3> last_chs;
  std::uint32_t first_block;
  std::uint32_t blocks;
};
static_assert(sizeof(MbrEntry) == 16);

// Types: FAT12, FAT16 of three sizes, FAT32 twice, the EFI system partition.
constexpr std::string_view kFatTypes = "\x01\x04\x06\x0E\x0B\x0C\xEF";
constexpr std::uint8_t kProtective = 0xEE;  // a GPT follows

// GUID partition table header (5.3.2), in block 1.
struct [[gnu::packed]] GptHeader {
  std::array<char, 8> signature;
  std::array<std::byte, 64> unread;
  std::uint64_t entries_block;
  std::uint32_t entry_count;
  std::uint32_t entry_bytes;
};
static_assert(sizeof(GptHeader) == 88);

// An entry (5.3.3), which is longer. A type of zeros: unused.
struct [[gnu::packed]] GptEntry {
  std::uint64_t type_low;
  std::uint64_t type_high;
  std::array<std::byte, 16> identity;
  std::uint64_t first_block;
};
static_assert(sizeof(GptEntry) == 40);
constexpr std::uint32_t kLeastGptEntryBytes = 128;

}  // namespace

std::optional<std::uint64_t> Partitions::next() {
  if (!has_begun_) {
    begin();
    return 0;
  }
  while (entries_left_ > 0) {
    --entries_left_;
    std::uint64_t first_block = 0;
    if (!read_entry(first_block)) {
      return std::nullopt;
    }
    entry_ += entry_bytes_;
    if (first_block != 0 && first_block < disk_->bytes() / disk_->block_bytes()) {
      return first_block * disk_->block_bytes();
    }
  }
  return std::nullopt;
}

void Partitions::begin() {
  has_begun_ = true;
  std::uint16_t signature = 0;
  MbrEntry first;
  if (!read_record(*disk_, kMbrSignature, signature) || signature != kMbrSignatureValue ||
      !read_record(*disk_, kMbrEntries, first)) {
    return;
  }
  if (first.type == kProtective && begin_gpt()) {
    return;
  }
  entry_ = kMbrEntries;
  entry_bytes_ = sizeof(MbrEntry);
  entries_left_ = kMbrEntryCount;
}

bool Partitions::begin_gpt() {
  GptHeader header;
  const std::uint64_t blocks = disk_->bytes() / disk_->block_bytes();
  if (!read_record(*disk_, disk_->block_bytes(), header) ||
      std::string_view(header.signature.data(), header.signature.size()) != "EFI PART" ||
      header.entries_block >= blocks || header.entry_bytes < kLeastGptEntryBytes) {
    return false;
  }
  is_gpt_ = true;
  entry_ = header.entries_block * disk_->block_bytes();
  entry_bytes_ = header.entry_bytes;
  entries_left_ = std::min<std::uint32_t>(header.entry_count, kMostEntries);
  return true;
}

// Reads the entry at hand. First block 0: it is unused, or can't hold FAT.
bool Partitions::read_entry(std::uint64_t& first_block) {
  if (is_gpt_) {
    GptEntry entry;
    if (!read_record(*disk_, entry_, entry)) {
      return false;
    }
    first_block = (entry.type_low | entry.type_high) != 0 ? entry.first_block : 0;
    return true;
  }
  MbrEntry entry;
  if (!read_record(*disk_, entry_, entry)) {
    return false;
  }
  first_block =
      kFatTypes.contains(static_cast<char>(entry.type)) ? std::uint64_t{entry.first_block} : 0;
  return true;
}

}  // namespace mote::volumes
