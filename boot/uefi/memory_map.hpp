// What of the machine's memory the kernel may have, by the firmware's map (UEFI 2.10, 7.2.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "boot/uefi/types.hpp"
#include "kernel/boot_info.hpp"
#include "kernel/cpu/addresses.hpp"

namespace mote::uefi {

// The firmware's map: descriptors `stride` bytes apart, in any order.
class FirmwareMap {
 public:
  FirmwareMap(std::span<const std::byte> bytes, std::size_t stride)
      : bytes_(bytes), stride_(stride) {}

  [[nodiscard]] std::size_t size() const {
    return stride_ < sizeof(MemoryDescriptor) ? 0 : bytes_.size() / stride_;
  }
  [[nodiscard]] MemoryDescriptor operator[](std::size_t index) const {
    MemoryDescriptor descriptor;
    __builtin_memcpy(&descriptor, bytes_.data() + index * stride_, sizeof(descriptor));
    return descriptor;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t stride_;
};

// Whether memory of a type is free once boot services are over.
[[nodiscard]] constexpr bool is_free_after_exit(std::uint32_t type) {
  return (type >= memory_type::kLoaderCode && type <= memory_type::kBootServicesData) ||
         type == memory_type::kConventional;
}

// A descriptor's addresses; none if its length is impossible.
[[nodiscard]] constexpr AddressRange range_of(const MemoryDescriptor& descriptor) {
  const std::uint64_t most = (~std::uint64_t{0} - descriptor.start) / kPageBytes;
  return descriptor.pages > most
             ? AddressRange{}
             : AddressRange{descriptor.start, descriptor.start + descriptor.pages * kPageBytes};
}

// The ranges that will be free, in order and joined where they adjoin. What finds no room in
// memory for that many is left out. Whatever isn't listed isn't the kernel's to use.
class FreeRanges {
 public:
  FreeRanges(const FirmwareMap& map, std::span<MemoryRange> room) : room_(room) {
    for (std::size_t i = 0; i < map.size(); ++i) {
      const MemoryDescriptor descriptor = map[i];
      const AddressRange range = range_of(descriptor);
      if (is_free_after_exit(descriptor.type) && range.begin < range.end) {
        insert(range);
      }
    }
  }

  [[nodiscard]] std::span<const MemoryRange> all() const { return room_.first(count_); }

 private:
  static std::uint64_t end_of(const MemoryRange& range) { return range.base + range.bytes; }

  void insert(AddressRange added) {
    std::size_t at = 0;
    while (at < count_ && end_of(room_[at]) < added.begin) {
      ++at;
    }
    std::size_t next = at;  // the first beyond those that it touches
    for (; next < count_ && room_[next].base <= added.end; ++next) {
      added.begin = added.begin < room_[next].base ? added.begin : room_[next].base;
      added.end = added.end > end_of(room_[next]) ? added.end : end_of(room_[next]);
    }
    if (next == at && count_ == room_.size()) {
      return;
    }
    move(next, at + 1);
    room_[at] = {added.begin, added.end - added.begin, MemoryRange::kUsableRam, 0};
  }

  // Moves the ranges from `from` on to `to`.
  void move(std::size_t from, std::size_t to) {
    if (to < from) {
      for (std::size_t i = from; i < count_; ++i) {
        room_[i - from + to] = room_[i];
      }
    } else {
      for (std::size_t i = count_; i > from; --i) {
        room_[i - 1 - from + to] = room_[i - 1];
      }
    }
    count_ = count_ - from + to;
  }

  std::span<MemoryRange> room_;
  std::size_t count_ = 0;
};

// What keeps the kernel from some memory: where, and of what type.
struct Obstacle {
  std::uint64_t address = 0;  // 0: nothing is in the way
  std::uint32_t type = 0;

  static constexpr std::uint32_t kNoMemory = ~std::uint32_t{0};
};

// The first of the addresses in `wanted` that won't be free.
[[nodiscard]] inline Obstacle first_obstacle(const FirmwareMap& map, AddressRange wanted) {
  std::uint64_t at = wanted.begin;
  // Each round passes at least one descriptor.
  for (std::size_t round = 0; round <= map.size() && at < wanted.end; ++round) {
    std::uint32_t type = Obstacle::kNoMemory;
    for (std::size_t i = 0; i < map.size(); ++i) {
      const MemoryDescriptor descriptor = map[i];
      const AddressRange range = range_of(descriptor);
      if (range.contains(at, 1)) {
        type = descriptor.type;
        at = is_free_after_exit(type) ? range.end : at;
        break;
      }
    }
    if (type == Obstacle::kNoMemory || !is_free_after_exit(type)) {
      return {at, type};
    }
  }
  return {};
}

}  // namespace mote::uefi
