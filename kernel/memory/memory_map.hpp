// The machine's memory, as firmware or hypervisor described it.
#pragma once

#include <cstdint>
#include <span>

#include "kernel/boot_info.hpp"

namespace mote {

// A view of the ranges in BootInfo. They may come in any order and adjoin. Overlapping usable
// ranges aren't merged, since no firmware has been seen to make them.
class MemoryMap {
 public:
  explicit constexpr MemoryMap(std::span<const MemoryRange> ranges) : ranges_(ranges) {}
  explicit MemoryMap(const BootInfo& info)
      : ranges_(reinterpret_cast<const MemoryRange*>(info.memory_map), info.memory_ranges) {}

  // Whether boot/ provided a map. If not, the functions below mean nothing.
  [[nodiscard]] constexpr bool known() const { return !ranges_.empty(); }

  [[nodiscard]] constexpr std::span<const MemoryRange> ranges() const { return ranges_; }

  static constexpr bool is_usable(const MemoryRange& range) {
    return range.type == MemoryRange::kUsableRam && range.bytes <= ~std::uint64_t{0} - range.base;
  }

  // RAM in MiB, rounded up because firmware keeps part of the last MiB for itself.
  [[nodiscard]] constexpr std::uint64_t usable_mib() const {
    std::uint64_t bytes = 0;
    for (const MemoryRange& range : ranges_) {
      bytes += is_usable(range) ? range.bytes : 0;
    }
    return (bytes + kMib - 1) / kMib;
  }

  // How many of the `bytes` from `base` on are RAM without a gap.
  [[nodiscard]] constexpr std::uint64_t usable_from(std::uint64_t base, std::uint64_t bytes) const {
    std::uint64_t at = base;
    const std::uint64_t end = bytes > ~std::uint64_t{0} - base ? ~std::uint64_t{0} : base + bytes;
    // Each round passes at least one range, so there are never more rounds than ranges.
    for (std::size_t round = 0; round < ranges_.size() && at < end; ++round) {
      const std::uint64_t reached = end_of_range_at(at);
      if (reached == at) {
        break;
      }
      at = reached < end ? reached : end;
    }
    return at - base;
  }

  // Whether any of [base, base + bytes) is RAM.
  [[nodiscard]] constexpr bool touches(std::uint64_t base, std::uint64_t bytes) const {
    for (const MemoryRange& range : ranges_) {
      const bool apart =
          base >= range.base ? base - range.base >= range.bytes : range.base - base >= bytes;
      if (is_usable(range) && !apart) {
        return true;
      }
    }
    return false;
  }

  // The end of the last RAM below 4 GiB. Windows for devices lie above it.
  [[nodiscard]] constexpr std::uint64_t end_below_4_gib() const {
    constexpr std::uint64_t kLimit = std::uint64_t{4} << 30;
    std::uint64_t end = 0;
    for (const MemoryRange& range : ranges_) {
      if (is_usable(range) && range.base < kLimit && range.base + range.bytes > end) {
        end = range.base + range.bytes;
      }
    }
    return end < kLimit ? end : kLimit;
  }

 private:
  static constexpr std::uint64_t kMib = 1 << 20;

  // The end of the usable range that contains `address`; `address` itself if there is none.
  [[nodiscard]] constexpr std::uint64_t end_of_range_at(std::uint64_t address) const {
    for (const MemoryRange& range : ranges_) {
      if (is_usable(range) && range.base <= address && address - range.base < range.bytes) {
        return range.base + range.bytes;
      }
    }
    return address;
  }

  std::span<const MemoryRange> ranges_;
};

}  // namespace mote
