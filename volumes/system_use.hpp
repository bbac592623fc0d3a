// Reads the System Use field of a directory record of ISO 9660: SUSP 1.12 (IEEE P1281), in which
// Rock Ridge (RRIP 1.12, IEEE P1282) stores the names that files had.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "volumes/disk.hpp"

namespace mote::volumes {

// One entry (SUSP 4). Its data is as long as `length` says, less the four bytes before it.
struct [[gnu::packed]] SystemUseEntry {
  std::array<char, 2> signature;
  std::uint8_t length;
  std::uint8_t version;
  std::array<char, 251> bytes;

  [[nodiscard]] bool is(std::string_view wanted) const {
    return std::string_view(signature.data(), signature.size()) == wanted;
  }
  [[nodiscard]] std::string_view data() const { return {bytes.data(), length - std::size_t{4}}; }
};
static_assert(sizeof(SystemUseEntry) == 255);

// The entries of one record, one after another, with those of its continuation areas.
class SystemUse {
 public:
  // How many continuation areas (SUSP 5.1, "CE") are followed. A name takes one.
  static constexpr unsigned kMostContinuations = 8;
  // An area lies within one block (SUSP 5.1); this is the longest.
  static constexpr std::uint32_t kMostContinuationBytes = 2048;

  // The field lies in `bytes` bytes of the disk from number `offset` on.
  SystemUse(Disk& disk, std::uint32_t block_bytes, std::uint64_t offset, std::uint32_t bytes)
      : disk_(&disk), block_bytes_(block_bytes), at_(offset), left_(bytes) {}

  // False: there are no more, or they can't be read. The length of an entry is at least 4.
  [[nodiscard]] bool next(SystemUseEntry& entry);

 private:
  void note_continuation(const SystemUseEntry& entry);

  Disk* disk_;
  std::uint32_t block_bytes_;
  std::uint64_t at_;
  std::uint32_t left_;
  std::uint64_t continuation_at_ = 0;
  std::uint32_t continuation_bytes_ = 0;
  unsigned continuations_ = 0;
};

// Whether the records below a root directory have names of Rock Ridge, and where. `record_of_self`
// is the System Use field of the root's first record, which describes itself.
struct RockRidge {
  bool is_there = false;
  std::uint8_t skipped_bytes = 0;  // at the beginning of each System Use field but that one
};
[[nodiscard]] RockRidge find_rock_ridge(SystemUse record_of_self);

enum class RockRidgeName : std::uint8_t { kNone, kOther, kSame };

// Compares the name of a record ("NM", RRIP 4.1.4) with this one.
[[nodiscard]] RockRidgeName compare_rock_ridge_name(SystemUse fields, std::string_view name);

}  // namespace mote::volumes
