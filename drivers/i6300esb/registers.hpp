// Registers of the watchdog timer in Intel's 6300ESB ICH (data sheet 300641-004US, chapter 16), by
// its names.
//
// A counter of 35 bits runs down twice: the first time it may interrupt, the second time it pulls
// WDT_TOUT#, which resets the machine. Reloading starts it again from the first preload value.
#pragma once

#include <cstdint>

namespace mote::i6300esb {

inline constexpr std::uint16_t kVendor = 0x8086;
inline constexpr std::uint16_t kDevice = 0x25AB;

// In configuration space.
inline constexpr std::uint16_t kConfiguration = 0x60;  // 16 bits
inline constexpr std::uint16_t kLock = 0x68;           // 8 bits; written in no other width

// WDT configuration: how it counts, and what it does.
inline constexpr std::uint16_t kOutputOff = 1 << 5;       // WDT_OUTPUT: 0 lets it reset the machine
inline constexpr std::uint16_t kByMicroseconds = 1 << 2;  // WDT_PRE_SEL: 0 counts in 2^15 clocks
inline constexpr std::uint16_t kNoInterrupt = 3 << 0;     // WDT_INT_TYPE, at the first stage's end

// WDT lock.
inline constexpr std::uint8_t kFreeRunning = 1 << 2;  // WDT_TOUT_CNF: 0 is a watchdog
inline constexpr std::uint8_t kEnable = 1 << 1;       // WDT_ENABLE
inline constexpr std::uint8_t kLocked = 1 << 0;       // WDT_LOCK: no change until a reset

// In memory, at the first base address. Each write but the two of the key itself needs the key.
inline constexpr std::uint32_t kPreload1 = 0x00;  // 20 bits, accessed as 32
inline constexpr std::uint32_t kPreload2 = 0x04;
inline constexpr std::uint32_t kReload = 0x0C;  // 16 bits
inline constexpr std::uint32_t kWindowBytes = 0x10;
inline constexpr std::uint32_t kMostPreload = (1 << 20) - 1;

// Reload.
inline constexpr std::uint16_t kKey1 = 0x80;
inline constexpr std::uint16_t kKey2 = 0x86;
inline constexpr std::uint16_t kReloadNow = 1 << 8;  // WDT_RELOAD
inline constexpr std::uint16_t kTimeout = 1 << 9;    // WDT_TIMEOUT: it fired; a one clears that

// The PCI clock counted, and the clocks in a unit of the preload values without WDT_PRE_SEL.
inline constexpr std::uint64_t kClockKhz = 33'000;
inline constexpr std::uint64_t kClocksInUnit = 1 << 15;

}  // namespace mote::i6300esb
