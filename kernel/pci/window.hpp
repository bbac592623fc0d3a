// The part of the address space from which BARs that have no place get one.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/pci/config.hpp"

namespace mote::pci {

// The memory that a bridge passes on, in whole MiB (PCI-to-PCI Bridge 1.2, 3.2.5.8). Empty if none.
template <ConfigSpace Space>
[[nodiscard]] Bar bridge_memory(Space& space, Address bridge) {
  constexpr std::uint64_t kGranule = 1 << 20;
  const auto mib = [&](std::uint16_t offset) -> std::uint64_t {
    return (space.read16(bridge, offset) & 0xFFF0U) * (kGranule >> 4);
  };
  const std::uint64_t base = mib(kMemoryBase);
  const std::uint64_t limit = mib(kMemoryLimit);
  if (base == 0 || limit < base) {
    return {};
  }
  return {.address = base, .bytes = limit - base + kGranule};
}

class Window {
 public:
  constexpr Window() = default;
  constexpr Window(std::uint64_t begin, std::uint64_t end) : begin_(begin), end_(end) {}

  // Gives up a place in use, and everything above it.
  constexpr void avoid(const Bar& bar) {
    if (!bar.is_io && bar && bar.address < end_ && bar.address + bar.bytes > begin_) {
      end_ = bar.address > begin_ ? bar.address : begin_;
    }
  }

  // Takes `bytes`, a power of two, aligned to their size, from the top down.
  constexpr std::optional<std::uint64_t> take(std::uint64_t bytes) {
    if (bytes == 0 || bytes > end_ - begin_) {
      return std::nullopt;
    }
    const std::uint64_t address = (end_ - bytes) & ~(bytes - 1);
    if (address < begin_) {
      return std::nullopt;
    }
    end_ = address;
    return address;
  }

 private:
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace mote::pci
