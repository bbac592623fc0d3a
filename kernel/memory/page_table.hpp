// Page table entries of 4-level paging (Intel SDM 3A, 4.5), and walks over the tables.
//
// All here works on tables in any memory, so that tests can build their own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"

namespace mote::paging {

using Entry = std::uint64_t;

inline constexpr Entry kPresent = 1 << 0;
inline constexpr Entry kWritable = 1 << 1;
inline constexpr Entry kWriteThrough = 1 << 3;
inline constexpr Entry kCacheDisable = 1 << 4;
inline constexpr Entry kLarge = 1 << 7;  // in a page directory: a page of 2 MiB
inline constexpr Entry kNoExecute = Entry{1} << 63;
inline constexpr Entry kAddressMask = 0x000F'FFFF'FFFF'F000;

// With the page attribute table as after reset, both bits together mean strongly uncacheable,
// whatever the memory type range registers say (Intel SDM 3A, 12.12.4).
inline constexpr Entry kDevice = kPresent | kWritable | kWriteThrough | kCacheDisable | kNoExecute;
inline constexpr Entry kReadOnly = kPresent | kNoExecute;
inline constexpr Entry kAbsent = 0;

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kLargePageBytes = 2 << 20;
inline constexpr std::uint64_t kLowerHalfEnd = std::uint64_t{1} << 47;

struct alignas(kPageBytes) Table {
  std::array<Entry, 512> entries;
};
static_assert(sizeof(Table) == kPageBytes);

// Whether [start, start + bytes) may hold a device's registers, for all that a BAR or a table says:
// not in page 0, nor in the kernel's `image` or the rest of its last large page, which would lose
// its cache with the registers.
[[nodiscard]] constexpr bool may_be_device(AddressRange image, std::uint64_t start,
                                           std::uint64_t bytes) {
  image.end = (image.end + kLargePageBytes - 1) & ~(kLargePageBytes - 1);
  return start >= kPageBytes && !image.touches(start, bytes);
}

class PageTables {
 public:
  // `root` is the table that CR3 names; `spare` are tables for whatever must be added, and may hold
  // anything.
  PageTables(Table& root, std::span<Table> spare) : root_(root), spare_(spare) {}

  // Gives [start, start + bytes) the rights in `flags`, page by page; all of it must be mapped, and
  // with kAbsent is so no more. Large pages that only in part lie in the range are split.
  bool set_rights(std::uint64_t start, std::uint64_t bytes, Entry flags);

  // Maps [start, start + bytes) one to one, in large pages where there is no table of small ones.
  bool map(std::uint64_t start, std::uint64_t bytes, Entry flags);

  // Spare tables taken into use.
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  [[nodiscard]] Table* take_spare();

  // The table that `entry` points to; one is added if there is none.
  [[nodiscard]] Table* descend(Entry& entry);

  // The page directory's entry for `address`, or null if a table was wanted and none was left.
  [[nodiscard]] Entry* directory_entry(std::uint64_t address);

  // The small page's entry for `address`, under `directory_entry`, which is split if it is large.
  [[nodiscard]] Entry* small_entry(Entry& directory_entry, std::uint64_t address);

  Table& root_;
  std::span<Table> spare_;
  std::size_t used_ = 0;
};

}  // namespace mote::paging
