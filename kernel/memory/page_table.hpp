// Page table entries of 4-level paging (Intel SDM 3A, 4.5), and walks over the tables.
//
// Works on tables anywhere in memory, so that tests can build their own.
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

// With the page attribute table as after reset, both cache bits together mean strongly uncacheable,
// whatever the memory type range registers say (Intel SDM 3A, 12.12.4).
inline constexpr Entry kDevice = kPresent | kWritable | kWriteThrough | kCacheDisable | kNoExecute;
inline constexpr Entry kReadWrite = kPresent | kWritable | kNoExecute;
inline constexpr Entry kReadOnly = kPresent | kNoExecute;
inline constexpr Entry kAbsent = 0;

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kLargePageBytes = 2 << 20;
inline constexpr std::uint64_t kLowerHalfEnd = std::uint64_t{1} << 47;

struct alignas(kPageBytes) Table {
  std::array<Entry, 512> entries;
};
static_assert(sizeof(Table) == kPageBytes);

// Whether [start, start + bytes) may hold a device's registers, whatever a BAR or a table says: not
// in page 0, nor in the kernel's `image` or the rest of its last large page, which would become
// uncached along with the registers.
[[nodiscard]] constexpr bool may_be_device(AddressRange image, std::uint64_t start,
                                           std::uint64_t bytes) {
  image.end = (image.end + kLargePageBytes - 1) & ~(kLargePageBytes - 1);
  return start >= kPageBytes && !image.touches(start, bytes);
}

class PageTables {
 public:
  // `root` is the table that CR3 points to; `spare` are tables to be added as needed, with any
  // contents.
  PageTables(Table& root, std::span<Table> spare) : root_(root), spare_(spare) {}

  // Gives [start, start + bytes) the rights in `flags`, page by page; kAbsent unmaps it. All of it
  // must be mapped. Splits large pages that lie only partly in the range. False: part of the range
  // was not mapped, or no spare table was left; pages before that one have changed.
  bool set_rights(std::uint64_t start, std::uint64_t bytes, Entry flags);

  // Maps [start, start + bytes) one to one, with large pages where there is no table of small ones.
  // False: no spare table was left; the pages before have changed.
  bool map(std::uint64_t start, std::uint64_t bytes, Entry flags);

  // Number of spare tables used.
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  [[nodiscard]] Table* take_spare();

  // The table that `entry` points to, added if there is none; null if no spare table was left.
  [[nodiscard]] Table* descend(Entry& entry);

  // The page directory's entry for `address`; null if a table was needed and none was left.
  [[nodiscard]] Entry* directory_entry(std::uint64_t address);

  // The small page's entry for `address`, under `directory_entry`, which is split if it is a large
  // page; null if that needed a table and none was left.
  [[nodiscard]] Entry* small_entry(Entry& directory_entry, std::uint64_t address);

  Table& root_;
  std::span<Table> spare_;
  std::size_t used_ = 0;
};

}  // namespace mote::paging
