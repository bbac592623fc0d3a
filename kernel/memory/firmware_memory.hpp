// Reading the tables that firmware left in memory, wherever it says they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/image.hpp"

namespace mote {

// A view of `bytes` bytes at `address`; empty if they can't be read or lie in the kernel, where no
// firmware keeps tables. Boot's page tables map the first 4 GiB except page 0 and the stack's guard
// page; the latter lies inside the kernel.
[[nodiscard]] inline std::span<const std::byte> firmware_memory(PhysicalAddress address,
                                                                std::size_t bytes) {
  constexpr AddressRange kMapped{4096, std::uint64_t{4} << 30};
  if (!kMapped.contains(address.value, bytes) || image_range().touches(address.value, bytes)) {
    return {};
  }
  return {reinterpret_cast<const std::byte*>(address.value), bytes};
}

}  // namespace mote
