// The interrupt vectors in use. Those beyond the exceptions lead to one stub (boot/traps.asm), the
// timer's to another.
#pragma once

#include <cstdint>

namespace mote::vector {

inline constexpr std::uint8_t kLegacy = 0x20;    // to 2Fh: the 8259As' lines
inline constexpr std::uint8_t kDevice = 0x41;    // any NIC's
inline constexpr std::uint8_t kTimer = 0x50;     // the local APIC's; has a stub of its own
inline constexpr std::uint8_t kSpurious = 0xFF;  // Intel SDM 3A, 11.9

// The priority (upper half of a vector) that holds back devices' interrupts, not the timer's.
inline constexpr std::uint8_t kOnlyTimer = kDevice >> 4;
static_assert(kTimer >> 4 > kOnlyTimer);

}  // namespace mote::vector
