// A range of the address space behind which a device's registers are said to lie.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/cpu/addresses.hpp"

namespace mote {

// Not mapped yet, and nothing has been read there: what names a window may be wrong.
struct MmioWindow {
  PhysicalAddress base;
  std::uint64_t bytes = 0;
  std::optional<std::uint32_t> interrupt = {};  // the number that ACPI or Linux would give it
  friend constexpr bool operator==(const MmioWindow&, const MmioWindow&) = default;
};

}  // namespace mote
