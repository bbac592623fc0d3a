// Strong types for addresses, shared by every floor.
#pragma once

#include <compare>
#include <cstdint>

namespace mote {

// A physical address, as devices and firmware tables know it. The kernel maps memory one to one, so
// a pointer's value is also its physical address.
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

// The addresses in [begin, end).
struct AddressRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  // Whether all of [address, address + bytes) lies in the range, and whether any of it does. The
  // sum may overflow 64 bits.
  [[nodiscard]] constexpr bool contains(std::uint64_t address, std::uint64_t bytes) const {
    return address >= begin && address < end && bytes <= end - address;
  }
  [[nodiscard]] constexpr bool touches(std::uint64_t address, std::uint64_t bytes) const {
    return begin < end && bytes != 0 && address < end &&
           (address >= begin || bytes > begin - address);
  }
};

// An I/O port of the x86 in/out instructions.
struct IoPort {
  std::uint16_t value = 0;
  friend constexpr auto operator<=>(IoPort, IoPort) = default;
  friend constexpr IoPort operator+(IoPort port, std::uint16_t offset) {
    return {static_cast<std::uint16_t>(port.value + offset)};
  }
};

}  // namespace mote
