// Memory for pools: the machine's free RAM, allocated once, at boot, with guard pages between
// pools.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/memory_map.hpp"

namespace mote {

// A few ranges of RAM, each with a pointer that moves up. Nothing is ever given back, but an arena
// can be copied, so that a caller can try an allocation and start again if it doesn't fit.
//
// After `guard_pieces`, each piece has an unused guard page in front of it, and ends at a page's
// end as far as its alignment allows. Once the caller has unmapped the guards, running over a
// pool's end faults at the first byte.
class Arena {
 public:
  constexpr Arena() = default;

  // All RAM that is mapped (boot/long_mode.asm: below 4 GiB, without page 0) in whole pages, except
  // for the `taken` ranges and any range that the map reserves: some firmware's ranges overlap.
  constexpr Arena(MemoryMap map, std::span<const AddressRange> taken) {
    for (const MemoryRange& range : map.ranges()) {
      if (MemoryMap::is_usable(range)) {
        add(clipped(range), map, taken);
      }
    }
  }

  // The whole pages of one range, without a check that it is free.
  constexpr explicit Arena(AddressRange range) { keep(range.begin, range.end); }

  // `count` contiguous objects aligned to `alignment` (a power of two), from the smallest range
  // with room for them, so that the large ranges stay whole. They are uninitialized: nothing here
  // touches them. Empty if no range has room.
  template <typename T>
  [[nodiscard]] std::span<T> take(std::size_t count, std::size_t alignment = alignof(T)) {
    const std::uint64_t at = take_bytes(std::uint64_t{count} * sizeof(T), alignment);
    return {reinterpret_cast<T*>(at), at == 0 ? 0 : count};
  }

  // The same, by address; 0 if there is no room.
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

  // Guards every piece from here on. Pieces taken before must have been whole pages.
  constexpr void guard_pieces() { guarded_ = true; }

  // Addresses of the guard pages.
  [[nodiscard]] constexpr std::span<const std::uint64_t> guards() const {
    return std::span(guards_).first(guard_count_);
  }

  // An upper bound on how many parts of `part` bytes, from address `first` on, may contain guards.
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
  static constexpr std::size_t kRanges = 16;  // more ranges of RAM than this are not used
  static constexpr std::size_t kMostGuards = 32;

  static constexpr std::uint64_t aligned(std::uint64_t address, std::uint64_t alignment) {
    return (address + alignment - 1) & ~(alignment - 1);
  }
  // The lowest aligned address for a piece in a range.
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

  // The first obstacle in `free`; an empty range at its end if there is none.
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
