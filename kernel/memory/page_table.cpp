// Walking and changing page tables.
#include "kernel/memory/page_table.hpp"

namespace mote::paging {
namespace {

constexpr unsigned kRootShift = 39;
constexpr unsigned kPointerShift = 30;
constexpr unsigned kDirectoryShift = 21;
constexpr unsigned kTableShift = 12;

Entry& entry_for(Table& table, std::uint64_t address, unsigned shift) {
  return table.entries[address >> shift & (table.entries.size() - 1)];
}

// Entries to tables allow everything; entries of pages decide.
Entry entry_to(const Table& table) {
  return reinterpret_cast<std::uintptr_t>(&table) | kPresent | kWritable;
}

Table& table_of(Entry entry) { return *reinterpret_cast<Table*>(entry & kAddressMask); }

bool is_range(std::uint64_t start, std::uint64_t bytes) {
  return bytes > 0 && start < kLowerHalfEnd && bytes <= kLowerHalfEnd - start;
}

}  // namespace

bool PageTables::set_rights(std::uint64_t start, std::uint64_t bytes, Entry flags) {
  if (!is_range(start, bytes)) {
    return false;
  }
  const std::uint64_t end = start + bytes;
  for (std::uint64_t at = start; at < end;) {
    Entry* const directory = directory_entry(at);
    if (directory == nullptr || (*directory & kPresent) == 0) {
      return false;
    }
    const bool whole = at % kLargePageBytes == 0 && end - at >= kLargePageBytes;
    if (whole && (*directory & kLarge) != 0) {
      *directory = flags == kAbsent ? kAbsent : at | flags | kLarge;
      at += kLargePageBytes;
      continue;
    }
    Entry* const page = small_entry(*directory, at);
    if (page == nullptr || (*page & kPresent) == 0) {
      return false;
    }
    *page = flags == kAbsent ? kAbsent : at | flags;
    at += kPageBytes;
  }
  return true;
}

bool PageTables::map(std::uint64_t start, std::uint64_t bytes, Entry flags) {
  if (!is_range(start, bytes)) {
    return false;
  }
  const std::uint64_t end = start + bytes;
  for (std::uint64_t at = start & ~(kPageBytes - 1); at < end;) {
    Entry* const directory = directory_entry(at);
    if (directory == nullptr) {
      return false;
    }
    if ((*directory & kPresent) != 0 && (*directory & kLarge) == 0) {
      entry_for(table_of(*directory), at, kTableShift) = at | flags;
      at += kPageBytes;
    } else {
      const std::uint64_t large = at & ~(kLargePageBytes - 1);
      *directory = large | flags | kLarge;
      at = large + kLargePageBytes;
    }
  }
  return true;
}

Table* PageTables::take_spare() { return used_ < spare_.size() ? &spare_[used_++] : nullptr; }

Table* PageTables::descend(Entry& entry) {
  if ((entry & kPresent) == 0) {
    Table* const added = take_spare();
    if (added == nullptr) {
      return nullptr;
    }
    added->entries.fill(kAbsent);
    entry = entry_to(*added);
  }
  return &table_of(entry);
}

Entry* PageTables::directory_entry(std::uint64_t address) {
  Table* const pointers = descend(entry_for(root_, address, kRootShift));
  if (pointers == nullptr) {
    return nullptr;
  }
  Table* const directory = descend(entry_for(*pointers, address, kPointerShift));
  return directory == nullptr ? nullptr : &entry_for(*directory, address, kDirectoryShift);
}

Entry* PageTables::small_entry(Entry& directory_entry, std::uint64_t address) {
  if ((directory_entry & kLarge) != 0) {
    Table* const table = take_spare();
    if (table == nullptr) {
      return nullptr;
    }
    Entry page = directory_entry & ~kLarge;
    for (Entry& entry : table->entries) {
      entry = page;
      page += kPageBytes;
    }
    directory_entry = entry_to(*table);
  }
  return &entry_for(table_of(directory_entry), address, kTableShift);
}

}  // namespace mote::paging
