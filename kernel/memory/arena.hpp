// Memory for pools: the machine's free RAM, carved once, at boot, with guard pages between them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/memory_map.hpp"

namespace mote {

// A few ranges of RAM, each with a pointer that moves up. What is taken is never given back; but
// an arena can be copied, and so what doesn't fit be tried otherwise.
//
// Once `guard_pieces` was called, each piece that is taken has a page in front of it that is
// nobody's, and ends at a page's end, as far as its alignment allows: whoever unmaps those pages
// has what runs over a pool's end fault at its first byte.
class Arena {
 public:
  constexpr Arena() = default;

  // All RAM that is mapped (boot/long_mode.asm: below 4 GiB, page 0 left out) in whole pages, but
  // for the `taken` ranges, and but for what the map calls reserved, too: some firmware's ranges
  // overlap.
  constexpr Arena(MemoryMap map, std::span<const AddressRange> taken) {
    for (const MemoryRange& range : map.ranges()) {
      if (MemoryMap::is_usable(range)) {
        add(clipped(range), map, taken);
      }
    }
  }

  // One range, whoever's it was.
  constexpr explicit Arena(AddressRange range) { keep(range.begin, range.end); }

  // `count` objects in a row, aligned to `alignment` (a power of two), from the smallest range that
  // has room for them, so that the large ones stay whole. They may hold anything. Empty: no range
  // has. Not a byte of them is touched here.
  template <typename T>
  [[nodiscard]] std::span<T> take(std::size_t count, std::size_t alignment = alignof(T)) {
    const std::uint64_t at = take_bytes(std::uint64_t{count} * sizeof(T), alignment);
    return {reinterpret_cast<T*>(at), at == 0 ? 0 : count};
  }

  // The same by its address; 0: none.
  [[nodiscard]] constexpr std::uint64_t take_bytes(std::uint64_t bytes, std::uint64_t alignment) {
    AddressRange* best = nullptr;
    for (AddressRange& range : std::span(ranges_).first(count_)) {
      const std::uint64_t start = first_in(range, alignment);
      const bool fits = start <= range.end && bytes <= range.end - start;
      if (fits && (best == nullptr || size_of(range) < size_of(*best))) {
        best = &range;
      }
    }
    if (best == nullptr || guard_count_ == guards_.size()) {
      return 0;
    }
    const std::uint64_t start = first_in(*best, alignment);
    if (!guarded_) {
      best->begin = start + bytes;
      return start;
    }
    guards_[guard_count_++] = best->begin;
    best->begin = aligned(start + bytes, kPageBytes);
    return (best->begin - bytes) & ~(alignment - 1);
  }

  // From here on; what was taken before must have been whole pages.
  constexpr void guard_pieces() { guarded_ = true; }

  // The pages, by their addresses.
  [[nodiscard]] constexpr std::span<const std::uint64_t> guards() const {
    return std::span(guards_).first(guard_count_);
  }

  // In how many parts of `part` bytes, from `first` on, guards may come to lie: at most.
  [[nodiscard]] constexpr std::size_t guarded_parts(std::uint64_t first, std::uint64_t part) const {
    std::uint64_t parts = 0;
    for (const AddressRange& range : std::span(ranges_).first(count_)) {
      if (range.end > first) {
        parts += (range.end + part - 1) / part - std::max(range.begin, first) / part;
      }
    }
    return std::min<std::uint64_t>(parts, kMostGuards);
  }

  [[nodiscard]] constexpr std::uint64_t bytes_left() const {
    std::uint64_t bytes = 0;
    for (const AddressRange& range : std::span(ranges_).first(count_)) {
      bytes += size_of(range);
    }
    return bytes;
  }

 private:
  static constexpr std::uint64_t kPageBytes = 4096;
  static constexpr std::uint64_t kMapped = std::uint64_t{4} << 30;
  static constexpr std::size_t kRanges = 16;  // pieces of RAM beyond these are left alone
  static constexpr std::size_t kMostGuards = 32;

  static constexpr std::uint64_t aligned(std::uint64_t address, std::uint64_t alignment) {
    return (address + alignment - 1) & ~(alignment - 1);
  }
  // The lowest place for something in a range.
  [[nodiscard]] constexpr std::uint64_t first_in(const AddressRange& range,
                                                 std::uint64_t alignment) const {
    return aligned(range.begin + (guarded_ ? kPageBytes : 0), alignment);
  }
  static constexpr std::uint64_t size_of(const AddressRange& range) {
    return range.end - range.begin;
  }
  static constexpr AddressRange clipped(const MemoryRange& range) {
    const std::uint64_t end = range.base + range.bytes;
    return {range.base < kPageBytes ? kPageBytes : range.base, end < kMapped ? end : kMapped};
  }

  // Where the first obstacle in `free` begins and ends; behind `free`, if there is none.
  [[nodiscard]] constexpr AddressRange first_obstacle(AddressRange free, MemoryMap map,
                                                      std::span<const AddressRange> taken) const {
    AddressRange first{free.end, free.end};
    const auto consider = [&](AddressRange obstacle) {
      if (obstacle.touches(free.begin, size_of(free)) && obstacle.begin < first.begin) {
        first = obstacle;
      }
    };
    for (const MemoryRange& range : map.ranges()) {
      const std::uint64_t room = ~std::uint64_t{0} - range.base;
      if (!MemoryMap::is_usable(range)) {
        consider({range.base, range.base + (range.bytes < room ? range.bytes : room)});
      }
    }
    for (const AddressRange& range : taken) {
      consider(range);
    }
    for (const AddressRange& range : std::span(ranges_).first(count_)) {
      consider(range);
    }
    return first;
  }

  constexpr void add(AddressRange free, MemoryMap map, std::span<const AddressRange> taken) {
    while (free.begin < free.end) {
      const AddressRange obstacle = first_obstacle(free, map, taken);
      if (obstacle.begin > free.begin) {
        keep(free.begin, obstacle.begin);
      }
      free.begin = obstacle.end;
    }
  }

  constexpr void keep(std::uint64_t begin, std::uint64_t end) {
    begin = aligned(begin, kPageBytes);
    end &= ~(kPageBytes - 1);
    if (begin < end && count_ < kRanges) {
      ranges_[count_++] = {begin, end};
    }
  }

  std::array<AddressRange, kRanges> ranges_{};
  std::size_t count_ = 0;
  std::array<std::uint64_t, kMostGuards> guards_{};
  std::size_t guard_count_ = 0;
  bool guarded_ = false;
};

}  // namespace mote
