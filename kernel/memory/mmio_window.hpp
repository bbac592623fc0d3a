// A range of the address space said to hold a device's registers.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/cpu/addresses.hpp"

namespace mote {

// Neither mapped nor read yet: whatever named the window may be wrong.
struct MmioWindow {
  PhysicalAddress base;
  std::uint64_t bytes = 0;
  std::optional<std::uint32_t> interrupt = {};  // its number in ACPI and Linux
  friend constexpr bool operator==(const MmioWindow&, const MmioWindow&) = default;
};

}  // namespace mote
