// Page tables as boot/long_mode.asm leaves them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/memory/page_table.hpp"

namespace mote::paging {

inline constexpr Entry kData = kPresent | kWritable | kNoExecute;
inline constexpr std::uint64_t kGib = 1 << 30;

// Boot's tables: 4 GiB in large pages, the first two MiB in small ones without page 0.
class BootTables {
 public:
  explicit BootTables(std::size_t spare = 4) : tables_(7), spare_(spare) {
    for (Table& table : spare_) {
      table.entries.fill(~Entry{0});  // used before
    }
    root().entries[0] = to(tables_[1]);
    for (unsigned gib = 0; gib < 4; ++gib) {
      tables_[1].entries[gib] = to(tables_[2 + gib]);
      for (unsigned i = 0; i < 512; ++i) {
        tables_[2 + gib].entries[i] = (gib * kGib + i * kLargePageBytes) | kData | kLarge;
      }
    }
    tables_[2].entries[0] = to(tables_[6]);
    for (unsigned i = 1; i < 512; ++i) {
      tables_[6].entries[i] = i * kPageBytes | kData;
    }
  }

  [[nodiscard]] std::uint64_t root_address() const {
    return reinterpret_cast<std::uintptr_t>(tables_.data());
  }

  [[nodiscard]] PageTables tables() { return {root(), spare_}; }

  // The rights of the page at `address`, with kLarge if it is a large one; 0 if it is not mapped
  // one to one.
  [[nodiscard]] Entry rights(std::uint64_t address) {
    const Table* table = &root();
    for (unsigned shift = 39;; shift -= 9) {
      const Entry entry = table->entries[address >> shift & 511];
      if ((entry & kPresent) == 0) {
        return 0;
      }
      const bool large = shift == 21 && (entry & kLarge) != 0;
      if (shift == 12 || large) {
        const std::uint64_t bytes = large ? kLargePageBytes : kPageBytes;
        return (entry & kAddressMask) == (address & ~(bytes - 1)) ? entry & ~kAddressMask : 0;
      }
      table = reinterpret_cast<const Table*>(entry & kAddressMask);
    }
  }

 private:
  static Entry to(const Table& table) {
    return reinterpret_cast<std::uintptr_t>(&table) | kPresent | kWritable;
  }
  Table& root() { return tables_[0]; }

  std::vector<Table> tables_;
  std::vector<Table> spare_;
};

}  // namespace mote::paging
