// Device registers in memory: volatile access of an exact width.
//
// The address must be mapped (`paging::map_device`) and aligned to the width. Accesses stay in
// order among themselves; kernel/cpu/barriers.hpp orders them against ordinary memory.
#pragma once

#include <concepts>
#include <cstdint>

#include "kernel/cpu/addresses.hpp"

namespace mote::mmio {

template <typename T>
concept Register = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> ||
                   std::same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t>;

template <Register T>
[[nodiscard]] inline T read(PhysicalAddress address) {
  return *reinterpret_cast<const volatile T*>(address.value);
}

template <Register T>
inline void write(PhysicalAddress address, T value) {
  *reinterpret_cast<volatile T*>(address.value) = value;
}

[[nodiscard]] inline std::uint8_t read8(PhysicalAddress a) { return read<std::uint8_t>(a); }
[[nodiscard]] inline std::uint16_t read16(PhysicalAddress a) { return read<std::uint16_t>(a); }
[[nodiscard]] inline std::uint32_t read32(PhysicalAddress a) { return read<std::uint32_t>(a); }
inline void write8(PhysicalAddress a, std::uint8_t value) { write(a, value); }
inline void write16(PhysicalAddress a, std::uint16_t value) { write(a, value); }
inline void write32(PhysicalAddress a, std::uint32_t value) { write(a, value); }

}  // namespace mote::mmio
