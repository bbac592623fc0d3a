// The interrupt vectors in use. All beyond the exceptions lead to one stub (boot/traps.asm).
#pragma once

#include <cstdint>

namespace mote::vector {

inline constexpr std::uint8_t kLegacy = 0x20;    // to 2Fh: the 8259As' lines
inline constexpr std::uint8_t kTimer = 0x40;     // the local APIC's
inline constexpr std::uint8_t kDevice = 0x41;    // any NIC's
inline constexpr std::uint8_t kSpurious = 0xFF;  // Intel SDM 3A, 11.9

}  // namespace mote::vector
