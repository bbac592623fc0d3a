// Strong types for addresses, shared by every floor.
#pragma once

#include <compare>
#include <cstdint>

namespace mote {

// A physical address, as devices and firmware tables know it. The kernel maps memory one to one,
// so that a pointer's value is also its physical address.
struct PhysicalAddress {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(PhysicalAddress, PhysicalAddress) = default;
  friend constexpr PhysicalAddress operator+(PhysicalAddress address, std::uint64_t bytes) {
    return {address.value + bytes};
  }
};

[[nodiscard]] inline PhysicalAddress physical(const volatile void* pointer) {
  return {reinterpret_cast<std::uintptr_t>(pointer)};
}

// An I/O port of the x86 in/out instructions.
struct IoPort {
  std::uint16_t value = 0;
  friend constexpr auto operator<=>(IoPort, IoPort) = default;
  friend constexpr IoPort operator+(IoPort port, std::uint16_t offset) {
    return {static_cast<std::uint16_t>(port.value + offset)};
  }
};

}  // namespace mote
